"""The SIP gateway, to which the carrier sends calls."""

from bootstrap.doctor.finding import Finding, check, fail, ok, skipped
from bootstrap.doctor.running import CURE, running
from bootstrap.doctor.world import World

RESTART = "docker compose restart sip starts it again; docker compose logs sip says why it does not answer."


@check(id="gateway.running", needs=("host.engine",), title="the SIP gateway is up", cure=CURE)
async def up(world: World) -> Finding:
    return running(world, "sip")


@check(
    id="gateway.options",
    needs=("gateway.running", "settings.env"),
    title="the gateway answers OPTIONS over UDP, as it would answer a carrier",
    cure=RESTART,
)
async def options(world: World) -> Finding:
    return await ask_here(world, "udp")


@check(
    id="gateway.options_tcp",
    needs=("gateway.running", "settings.env"),
    title="the gateway answers OPTIONS over TCP",
    cure=RESTART,
)
async def options_tcp(world: World) -> Finding:
    return await ask_here(world, "tcp")


@check(
    id="gateway.address",
    needs=("gateway.running", "server.running", "settings.env"),
    title="the gateway and the server advertise the address in .env",
    cure="Run make up: with an address of its own in each, callers hear nothing.",
)
async def address(world: World) -> Finding:
    wanted = world.facts.get("ADVERTISED_IP")
    others = [name for name in ("sip", "livekit") if world.facts.services[name].advertises != wanted]
    if others:
        return fail(f"{' and '.join(others)} advertise{'s' if len(others) == 1 else ''} another address than .env has.")
    return ok("The gateway and the server advertise the same address as .env has.")


async def ask_here(world: World, transport: str) -> Finding:
    port = world.facts.sip_port
    if not port:
        return skipped("SIP_PORT in .env is no port")
    status = await world.outside.options(world.places.gateway, port, transport=transport)
    if not status:
        return fail(f"The gateway does not answer OPTIONS on {port}/{transport}.")
    code = status.split(" ")[1]
    if code != "200":
        return fail(f"The gateway answers OPTIONS on {port}/{transport} with {code} instead of 200.")
    return ok(f"The gateway answers OPTIONS on {port}/{transport}.")
