"""Redis, by which the server and the gateway find each other, and where trunks and rules are."""

from bootstrap.doctor.finding import Finding, check, fail, ok, skipped, warn
from bootstrap.doctor.running import CURE, running
from bootstrap.doctor.world import World

SHARING = ("livekit", "sip")


@check(id="redis.running", needs=("host.engine",), title="Redis is up", cure=CURE)
async def up(world: World) -> Finding:
    return running(world, "redis")


@check(
    id="redis.answers",
    needs=("redis.running",),
    title="Redis answers those who know its password",
    cure="Run make up. If REDIS_PASSWORD was edited in .env, that gives it to all who need it.",
)
async def answers(world: World) -> Finding:
    answer = world.facts.get("REDIS_PING")
    return ok("Redis answers.") if answer == "PONG" else fail("Redis does not answer with PONG.")


@check(
    id="redis.saves",
    needs=("redis.answers",),
    title="Redis writes trunks and rules to the disk",
    cure="docker compose logs redis says why. Usually the disk is full.",
)
async def saves(world: World) -> Finding:
    state = world.facts.get("REDIS_SAVES")
    if not state:
        return skipped("Redis does not say what it saves")
    if state != "on ok":
        return fail("Redis does not write to the disk, so it refuses changes, or loses the trunks when it restarts.")
    return ok("Redis writes trunks and rules to the disk.")


@check(
    id="redis.shared",
    needs=("redis.answers", "server.running", "gateway.running"),
    title="the server and the gateway use this same Redis",
    cure="Run make up. Neither livekit.yaml nor sip.yaml may name another Redis.",
)
async def shared(world: World) -> Finding:
    if world.facts.get("NETWORK") == "host":
        return skipped("with NETWORK=host, both have the same address")
    clients = {address for row in world.facts.all("REDIS_CLIENT") for address in row.split()}
    missing = [name for name in SHARING if not clients.intersection(world.facts.services[name].addresses)]
    if missing:
        return fail(f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not connected to this Redis.")
    return ok("The server and the gateway use the same Redis.")


@check(
    id="redis.keeps_all",
    needs=("redis.answers",),
    title="Redis forgets nothing when its memory is full",
    cure="Set maxmemory-policy to noeviction in livekit/start-redis.sh, then run make up.",
)
async def keeps_all(world: World) -> Finding:
    policy = world.facts.get("REDIS_POLICY")
    if not policy:
        return skipped("Redis does not say what it does when its memory is full")
    if policy != "noeviction":
        return warn(f"Redis may forget trunks and rules when its memory is full ({policy}).")
    return ok("Redis forgets nothing when its memory is full.")
