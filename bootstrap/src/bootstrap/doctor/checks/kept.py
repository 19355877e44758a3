"""The data volume: recordings, limits, appointments, and events that are still to be delivered."""

from bootstrap.doctor.facts import AgentReport
from bootstrap.doctor.finding import Finding, check, fail, ok, skipped, warn
from bootstrap.doctor.world import World

LEAST_DISK, LITTLE_DISK = 200, 1000  # MB
LATE = 1.0  # hours
NOT_ASKED = "the agent could not be asked"


@check(
    id="kept.writable",
    title="the agent can write to the data volume",
    cure="Is the disk full, or read-only? docker compose logs agent says what failed. Then run make up.",
)
async def writable(world: World) -> Finding:
    agent = world.facts.agent
    if agent is None:
        return skipped(NOT_ASKED)
    if not agent.writable:
        return fail("The agent cannot write to the data volume, so nothing of a call is kept.")
    return ok("The agent can write to the data volume.")


@check(
    id="kept.disk",
    needs=("kept.writable",),
    title="there is room on the data volume",
    cure="Free some space, or keep recordings for fewer days (recording.keep_days in line.toml).",
)
async def disk(world: World) -> Finding:
    free = report(world).free_mb
    sentence = f"The data volume has {free} MB free."
    return fail(sentence) if free < LEAST_DISK else warn(sentence) if free < LITTLE_DISK else ok(sentence)


@check(
    id="kept.stores",
    needs=("kept.writable",),
    title="no newer release has written what is kept",
    cure="Run the newer release again, or restore a backup that was made before.",
)
async def stores(world: World) -> Finding:
    newer = report(world).newer_stores
    if newer:
        return fail(f"A newer release has written {newer} of the stores on the data volume.")
    return ok("This release can read everything that is kept.")


@check(
    id="kept.waiting",
    needs=("kept.writable",),
    title="events and notices are delivered",
    cure="docker compose logs agent says what their receiver answers. They are tried again for three days.",
)
async def waiting(world: World) -> Finding:
    agent = report(world)
    if agent.waiting and agent.oldest > LATE:
        return warn(f"Events and notices not delivered yet: {agent.waiting}, the oldest for {agent.oldest:.0f} h.")
    return ok(f"Events and notices not delivered yet: {agent.waiting or 'none'}.")


@check(
    id="kept.failed",
    needs=("kept.writable",),
    title="no event or notice had to be given up",
    cure="They are in /data/outbox/failed of the agent's container: move them back to deliver them, or delete them.",
)
async def failed(world: World) -> Finding:
    given_up = report(world).failed
    if given_up:
        return warn(f"Events and notices that nobody accepted for three days, and that are given up: {given_up}.")
    return ok("No event or notice had to be given up.")


def report(world: World) -> AgentReport:
    """Return what the agent says, for a check that needs kept.writable."""
    assert world.facts.agent, "a check that uses it needs kept.writable"  # noqa: S101
    return world.facts.agent
