"""The media server."""

from bootstrap.doctor.finding import Finding, check, fail, ok
from bootstrap.doctor.running import CURE, running
from bootstrap.doctor.world import World
from bootstrap.server import ServerError

NO_REDIS = 406


@check(id="server.running", needs=("host.engine",), title="the media server is up", cure=CURE)
async def up(world: World) -> Finding:
    return running(world, "livekit")


@check(
    id="server.answers",
    needs=("settings.values", "server.running"),
    title="the media server answers, and reaches Redis",
    cure="docker compose logs livekit says why. LIVEKIT_URL in .env is empty for this bundle's own server.",
)
async def answers(world: World) -> Finding:
    status = await world.outside.health(world.given.livekit_url)
    if status is None:
        return fail("The media server does not answer.")
    if status == NO_REDIS:
        return fail("The media server answers that it does not reach Redis.")
    return ok("The media server answers.") if status == 200 else fail(f"The media server answers {status}.")


@check(
    id="server.key",
    needs=("server.answers",),
    title="the media server accepts the key in .env and tells its trunks and rules",
    cure="Run make up, which gives all services the key in .env. The clocks have to be within a minute of each other.",
)
async def key(world: World) -> Finding:
    try:
        await world.on_server()
    except ServerError as error:
        return fail(str(error))
    return ok("The media server accepts the key.")


@check(
    id="server.same_redis",
    needs=("server.key", "redis.answers"),
    title="the server keeps its trunks in the Redis that the gateway asks",
    cure="Leave LIVEKIT_URL in .env empty, then run make up. A server elsewhere, LiveKit Cloud too, needs a gateway "
    "beside it.",
)
async def same_redis(world: World) -> Finding:
    on_server = {trunk.sip_trunk_id for trunk in (await world.on_server()).trunks}
    if on_server != set(world.facts.all("REDIS_TRUNK")):
        return fail("The server in LIVEKIT_URL keeps its trunks elsewhere, so the gateway does not find them.")
    return ok("The server keeps its trunks in the Redis that the gateway asks.")
