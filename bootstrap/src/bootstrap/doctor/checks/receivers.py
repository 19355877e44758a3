"""Web addresses of the lines' owners, as the agent's container reaches them. Nothing is sent that they would keep."""

from collections.abc import Callable

from bootstrap.doctor.finding import Finding, check, fail, ok, skipped, warn
from bootstrap.doctor.world import World

CURE = "Check the address in lines/secrets.env, and whether the host's firewall lets the agent out. Then run make up."


@check(
    id="receivers.webhook",
    title="what receives the events can be reached",
    cure=CURE,
)
async def webhook(world: World) -> Finding:
    return reached(world, ("webhook",), "webhook", warn)


@check(
    id="receivers.lookup",
    title="what tells who is calling can be reached",
    cure=CURE,
)
async def lookup(world: World) -> Finding:
    return reached(world, ("lookup",), "lookup", warn)


@check(
    id="receivers.calendar",
    title="the calendars of appointments can be read",
    cure="Check calendar.url and its login in lines/secrets.env. Then run make up.",
)
async def calendar(world: World) -> Finding:
    return reached(world, ("calendar",), "calendar on a server", fail)


@check(
    id="receivers.tools",
    title="the web addresses and MCP servers of the lines' tools can be reached",
    cure="Check the url in tools.yaml or [mcp.<name>], and whether the host's firewall lets the agent out.",
)
async def tools(world: World) -> Finding:
    return reached(world, ("tool", "mcp"), "tool with a web address", fail)


def reached(world: World, kinds: tuple[str, ...], what: str, level: Callable[[str], Finding]) -> Finding:
    agent = world.facts.agent
    if agent is None:
        return skipped("the agent could not be asked")
    there = [one for one in agent.receivers if one.kind in kinds]
    if not there:
        return skipped(f"no line has a {what}")
    broken = [one for one in there if one.problem]
    if not broken:
        return ok(f"Each {what} that a line has can be reached.")
    told = f"The {broken[0].kind} of the line {broken[0].line} {broken[0].problem}."
    return level(told)
