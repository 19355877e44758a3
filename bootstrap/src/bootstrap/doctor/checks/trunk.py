"""Trunks and rules on the server: without them, a call rings out in silence."""

from collections.abc import Sequence

from livekit.protocol.sip import SIPDispatchRuleInfo as Rule
from livekit.protocol.sip import SIPInboundTrunkInfo as Trunk
from livekit.protocol.sip import SIPOutboundTrunkInfo as Outbound

from bootstrap.doctor.finding import Finding, check, counted, fail, ok, skipped, warn
from bootstrap.doctor.outside import host_and_port
from bootstrap.doctor.world import World
from bootstrap.lines import numbers_left
from bootstrap.ownership import BlockedError, warn_of_open_rules
from bootstrap.plan import Change, all_changes
from bootstrap.settings import Settings

SHOW = "Run make up. docker compose run --rm bootstrap show names each difference."
NO_CALL_OUT = "OUTBOUND_ADDRESS in .env is empty, so no call goes out"
PORT, PORT_TLS = 5060, 5061


@check(
    id="trunk.in_the_way",
    needs=("server.key",),
    title="nobody else's trunk or rule answers a line's number",
    cure="make up names it, and says whether to delete it or to take it over.",
)
async def in_the_way(world: World) -> Finding:
    try:
        await differences(world)
    except BlockedError:
        return fail("Somebody else's trunk or rule on this server is in the way of a line's.")
    return ok("No trunk or rule of somebody else's is in the way.")


@check(
    id="trunk.trunks",
    needs=("trunk.in_the_way",),
    title="each line's trunk is on the server as the settings say",
    cure=SHOW,
)
async def trunks(world: World) -> Finding:
    return none_of(Trunk, await differences(world), "Each line's trunk is as the settings say.")


@check(
    id="trunk.rules",
    needs=("trunk.in_the_way",),
    title="each line's rule is on the server as the settings say",
    cure=SHOW,
)
async def rules(world: World) -> Finding:
    return none_of(Rule, await differences(world), "Each line's rule is as the settings say.")


@check(
    id="trunk.open_rules",
    needs=("server.key",),
    title="no rule answers calls from anywhere",
    cure="Delete the rule, with lk sip dispatch delete and its id. docker compose run --rm bootstrap show names it.",
)
async def open_rules(world: World) -> Finding:
    count = len(warn_of_open_rules((await world.on_server()).rules))
    if count:
        return fail(f"Calls from anywhere are answered by {counted(count, 'rule')} that no trunk limits.")
    return ok("Every rule names its trunks.")


@check(
    id="trunk.credentials",
    needs=("settings.values",),
    title="a password is asked only of a trunk provider that sends one",
    cure="Empty SIP_USERNAME and SIP_PASSWORD in .env, then run make up.",
)
async def credentials(world: World) -> Finding:
    provider = world.given.trunk_provider
    if world.given.sip_username and not provider.sends_credentials:
        return fail(f"SIP_USERNAME is set, but {provider.name} sends no credentials, so every call ends with 407.")
    return ok("No password is asked that the trunk provider does not send.")


@check(
    id="trunk.numbers",
    needs=("settings.values",),
    title="a line answers each of PHONE_NUMBERS",
    cure="Add each to the numbers of a line, or take it out of PHONE_NUMBERS in .env, then run make up.",
)
async def numbers(world: World) -> Finding:
    left = numbers_left(world.lines, world.given.phone_numbers)
    if left:
        return warn(f"No line answers {len(left)} of the {len(world.given.phone_numbers)} numbers in PHONE_NUMBERS.")
    return ok("A line answers each of PHONE_NUMBERS.")


@check(
    id="trunk.example_number",
    needs=("settings.values",),
    title="a line that is open to others has a number of its own",
    cure="Set PHONE_NUMBERS in .env to your number, then run make up.",
)
async def example_number(world: World) -> Finding:
    if not world.is_public:
        return skipped("the line is open to this machine alone")
    examples = Settings.model_fields["phone_numbers"].default
    if set(examples) & {number for numbers in world.lines.values() for number in numbers}:
        return warn("A line answers the example's number, which no carrier has.")
    return ok("The lines have numbers of their own.")


@check(
    id="trunk.outbound",
    needs=("trunk.in_the_way",),
    title="the outbound trunk is on the server as the settings say",
    cure=SHOW,
)
async def outbound(world: World) -> Finding:
    changes = await differences(world)
    if not world.given.outbound_address and not [one for one in changes if isinstance(one.message, Outbound)]:
        return skipped(NO_CALL_OUT)
    return none_of(Outbound, changes, "The outbound trunk is as the settings say.")


@check(
    id="trunk.outbound_address",
    needs=("settings.values",),
    title="the name in OUTBOUND_ADDRESS leads to an address",
    cure="Correct OUTBOUND_ADDRESS in .env, then run make up.",
)
async def outbound_address(world: World) -> Finding:
    if not world.given.outbound_address:
        return skipped(NO_CALL_OUT)
    host, _ = host_and_port(world.given.outbound_address, PORT)
    four, _ = await world.outside.addresses(host)
    return ok("OUTBOUND_ADDRESS leads to an address.") if four else fail("OUTBOUND_ADDRESS leads to no IPv4 address.")


@check(
    id="trunk.outbound_answers",
    needs=("trunk.outbound_address",),
    title="whoever takes the calls that go out answers OPTIONS",
    cure="Check OUTBOUND_ADDRESS and OUTBOUND_TRANSPORT in .env, and whether the carrier lets this host in. Some "
    "carriers never answer OPTIONS: then make dial is the proof.",
)
async def outbound_answers(world: World) -> Finding:
    transport = {"auto": "udp"}.get(world.given.outbound_transport, world.given.outbound_transport)
    host, port = host_and_port(world.given.outbound_address or "", PORT_TLS if transport == "tls" else PORT)
    if transport == "tls":
        reached = await world.outside.reaches(host, port, tls=True)
    else:
        reached = bool(await world.outside.options(host, port, transport=transport))
    if reached:
        return ok(f"Whoever takes the calls that go out answers on {port}/{transport}.")
    return warn(f"Whoever takes the calls that go out does not answer on {port}/{transport}.")


async def differences(world: World) -> Sequence[Change]:
    there = await world.on_server()
    return all_changes(world.want, there.trunks, there.rules, there.outbound)


def none_of(kind: type[Trunk] | type[Rule] | type[Outbound], changes: Sequence[Change], right: str) -> Finding:
    """Tell of the changes of a kind without what they change, which may be a number or a user name."""
    wanted = [str(change).partition(":")[0] for change in changes if isinstance(change.message, kind)]
    return fail(f"The server differs from the settings: {', '.join(wanted)}.") if wanted else ok(right)
