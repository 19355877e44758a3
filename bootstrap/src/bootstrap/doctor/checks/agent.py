"""The agent, which answers."""

from bootstrap.doctor.finding import Finding, check, fail, ok, skipped
from bootstrap.doctor.running import CURE, running
from bootstrap.doctor.world import World
from bootstrap.mark import read_mark

LARGEST_SKEW = 30  # seconds; at a minute, LiveKit refuses every key


@check(id="agent.running", needs=("host.engine",), title="the agent is up", cure=CURE)
async def up(world: World) -> Finding:
    return running(world, "agent")


@check(
    id="agent.registered",
    needs=("agent.running",),
    title="the agent is registered with the media server",
    cure="docker compose logs agent says why. Until then, callers hear ringing and nobody answers.",
)
async def registered(world: World) -> Finding:
    agent = world.facts.agent
    if agent is None:
        return fail("The agent does not say whether it is registered.")
    if not agent.registered:
        return fail(f"The agent would answer no call: {agent.why_not.partition(':')[0]}.")
    return ok("The agent is registered with the media server.")


@check(
    id="agent.name",
    needs=("agent.registered", "trunk.rules"),
    title="it is registered under the name that is in the rules",
    cure="Set AGENT_NAME in .env to one name, then run make up.",
)
async def name(world: World) -> Finding:
    agent = world.facts.agent
    if agent is None or agent.name is None:
        return skipped("the agent does not say under which name it is registered")
    rules = (await world.on_server()).rules
    ours = [rule for rule in rules if (mark := read_mark(rule.metadata)) and mark.agent == world.given.agent_name]
    if any([one.agent_name for one in rule.room_config.agents] != [agent.name] for rule in ours):
        return fail("The agent is registered under another name than the one in the rules, so it gets no call.")
    return ok("The agent is registered under the name in the rules.")


@check(
    id="agent.watched",
    needs=("host.engine",),
    title="the watcher, which puts back what is lost, is up",
    cure=CURE,
)
async def watched(world: World) -> Finding:
    return running(world, "watch")


@check(
    id="agent.clock",
    needs=("host.engine",),
    title="the containers' clocks are the host's",
    cure="Restart the engine: a virtual machine's clock may stand still while its host sleeps.",
)
async def clock(world: World) -> Finding:
    clocks = world.facts.clocks
    if not clocks:
        return skipped("no container could be asked what time it is")
    late = sorted(name for name, ahead in clocks.items() if abs(ahead) > LARGEST_SKEW)
    if late:
        return fail(f"The clocks of {' and '.join(late)} differ from the host's by more than {LARGEST_SKEW} s.")
    return ok("The containers' clocks are the host's.")
