"""Ports, addresses and names, by which a carrier reaches this host."""

from ipaddress import IPv4Address, ip_network

from bootstrap.addresses import PRIVATE
from bootstrap.doctor.finding import Finding, check, fail, ok, skipped, warn
from bootstrap.doctor.world import World

CGNAT = ip_network("100.64.0.0/10")
NOT_PUBLIC = "the line is open to this machine alone. DOMAIN in .env opens it"
PORTS_OF_A_CALL = 2
OPEN_THE_PORTS = "Open it in the firewall, or the cloud's security group, to your carrier's addresses."


@check(
    id="network.ipv4",
    title="the host has a way out by IPv4",
    cure="Give the host an IPv4 address: the line is advertised by IPv4, which carriers use.",
)
async def ipv4(world: World) -> Finding:
    route = world.facts.get("IPV4_ROUTE")
    if not route:
        return skipped("this host does not say how it reaches others")
    if route == "no":
        only = ", only by IPv6" if world.facts.get("IPV6_ROUTE") == "yes" else ""
        return (fail if world.is_public else warn)(f"The host cannot reach others by IPv4{only}.")
    return ok("The host reaches others by IPv4.")


@check(
    id="network.subnet",
    needs=("host.engine",),
    title="no other network of Docker's overlaps with the line's own",
    cure="Set SUBNET in .env to another, such as 172.29.54, then run make up.",
)
async def subnet(world: World) -> Finding:
    if owner := world.facts.get("SUBNET_TAKEN"):
        return fail(f"Docker's network {owner} overlaps with the line's own (SUBNET).")
    return ok("No other network of Docker's overlaps with the line's own.")


@check(
    id="network.ports",
    needs=("host.engine", "settings.env"),
    title="no other program holds a port of the line's",
    cure="Stop that program, or set another port in .env, then run make up.",
)
async def ports(world: World) -> Finding:
    taken = [one for one in world.facts.taken if not one.by_container]
    if taken:
        told = ", ".join(f"{one.port} ({one.variable}) by {one.holder}" for one in taken)
        return fail(f"Ports of the line's are taken: {told}.")
    return ok("No other program holds a port of the line's.")


@check(
    id="network.leftovers",
    needs=("host.engine", "settings.env"),
    title="no container of another project is on a port of the line's",
    cure="Stop that container (docker stop with its name), or set another port in .env, then run make up.",
)
async def leftovers(world: World) -> Finding:
    taken = [one for one in world.facts.taken if one.by_container]
    if taken:
        told = ", ".join(f"{one.port} ({one.variable}) by {one.holder}" for one in taken)
        return fail(f"Containers of another project hold ports of the line's: {told}.")
    return ok("No container of another project is on a port of the line's.")


@check(
    id="network.published",
    needs=("gateway.running", "settings.env"),
    title="the gateway's ports for signalling and audio are published where they should be",
    cure="Run make up. If a port stays missing, docker compose up sip says why.",
)
async def published(world: World) -> Finding:
    if world.facts.get("NETWORK") == "host":
        return ok("The gateway is on the host's own network, so every port of its is open.")
    there = {(port, address) for service, port, address in world.facts.published if service == "sip"}
    sip = world.facts.get("SIP_PORT")
    wanted = [f"{sip}/udp", f"{sip}/tcp", *(f"{port}/udp" for port in world.facts.audio_ports)]
    missing = [port for port in wanted if port not in {port for port, _ in there}]
    if missing:
        return fail(f"The gateway's port {missing[0]} is not published ({len(missing)} of {len(wanted)} are missing).")
    bound = {address for _, address in there}
    if world.is_public and any(IPv4Address(one).is_loopback for one in bound if is_ipv4(one)):
        return fail("The gateway's ports are published to this machine alone, although DOMAIN opens the line.")
    return ok(f"{len(wanted)} ports for signalling and audio are published.")


@check(
    id="network.turn",
    needs=("server.running", "settings.env"),
    title="the port of TURN is published, for browsers that no other way lets in",
    cure="Run make up. If the port stays missing, docker compose up livekit says why.",
)
async def turn(world: World) -> Finding:
    port = world.facts.get("TURN_UDP_PORT")
    if not port:
        return skipped("TURN is off, as it is without a public address")
    if world.facts.get("NETWORK") == "host":
        return ok("The server is on the host's own network, so TURN's port is open.")
    if ("livekit", f"{port}/udp") not in {(service, there) for service, there, _ in world.facts.published}:
        return warn(f"TURN's port, {port}/udp, is not published.")
    return ok(f"TURN's port, {port}/udp, is published.")


@check(
    id="network.audio_ports",
    needs=("settings.env",),
    title="there are two ports for the audio of each call at once",
    cure="Set RTP_PORT_RANGE in .env to a wider range, or MAX_CONCURRENT_CALLS to fewer calls, then run make up.",
)
async def audio_ports(world: World) -> Finding:
    has = len(world.facts.audio_ports)
    if not has:
        return skipped("make up has not chosen the ports for audio yet")
    if world.facts.agent is None:
        return skipped("the agent could not be asked how many calls it takes at once")
    calls = world.facts.agent.calls
    if has < calls * PORTS_OF_A_CALL:
        return fail(f"There are {has} ports for audio, but {calls} calls at once need {calls * PORTS_OF_A_CALL}.")
    return ok(f"There are {has} ports for the audio of {calls} calls at once.")


@check(
    id="network.public_address",
    needs=("network.ipv4", "settings.env"),
    title="the line advertises the address at which the world sees this host",
    cure="If this host has moved, run make up. If PUBLIC_IP is set in .env, correct it. It may be empty only if "
    "a service on the Internet tells this host its address.",
)
async def public_address(world: World) -> Finding:
    if not world.is_public:
        return skipped(NOT_PUBLIC)
    advertised = world.facts.get("ADVERTISED_IP")
    if any(IPv4Address(advertised) in network for network in PRIVATE if network.version == 4):
        return warn(f"The line advertises {advertised}, a private address: nobody outside of this network reaches it.")
    seen = await world.outside.public_address()
    if not seen:
        return warn("No service told how the world sees this host, so the address cannot be compared.")
    if seen != advertised:
        level = warn if IPv4Address(advertised) in world.facts.addresses("HOST_ADDRESS") else fail
        return level(f"The line advertises {advertised}, but the world sees this host at {seen}.")
    return ok(f"The line advertises {advertised}, where the world sees this host.")


@check(
    id="network.carrier_nat",
    needs=("settings.env",),
    title="the host is not behind the NAT of its internet provider",
    cure="Ask the provider for a public IPv4 address, or run the line on a host that has one.",
)
async def carrier_nat(world: World) -> Finding:
    own = world.facts.addresses("HOST_ADDRESS")
    if not world.is_public or not own:
        return skipped(NOT_PUBLIC if not world.is_public else "this host does not say which addresses it has")
    if IPv4Address(world.facts.get("ADVERTISED_IP")) in own:
        return ok("The advertised address is this host's own.")
    if any(address in CGNAT for address in world.facts.addresses("OUTGOING_ADDRESS") or own):
        return warn("This host reaches others from 100.64.0.0/10: its provider's NAT lets no call in.")
    return ok("This host is behind a NAT, which has to pass the line's ports on to it.")


@check(
    id="network.dns",
    needs=("network.ipv4", "settings.env"),
    title="the name in DOMAIN leads to an address",
    cure="Make an A record for it where your domain's names are kept, or set DOMAIN=auto in .env. "
    "If you have done so, find out why this host cannot look names up.",
)
async def dns(world: World) -> Finding:
    site = world.facts.get("SITE")
    if not world.is_public or site in ("", "localhost"):
        return skipped("DOMAIN in .env names no host")
    four, _ = await world.outside.addresses(site)
    return ok("DOMAIN leads to an IPv4 address.") if four else fail("DOMAIN leads to no IPv4 address.")


@check(
    id="network.dns_address",
    needs=("network.dns",),
    title="that address is the one that the line advertises",
    cure="Correct the A record. What the name led to before may be remembered for hours.",
)
async def dns_address(world: World) -> Finding:
    four, _ = await world.outside.addresses(world.facts.get("SITE"))
    advertised = world.facts.get("ADVERTISED_IP")
    if advertised not in four:
        return fail(f"DOMAIN leads to {' and '.join(four)}, but the line advertises {advertised}.")
    if len(four) > 1:
        return warn("DOMAIN leads to other hosts as well, so some calls go there.")
    return ok("DOMAIN leads to the advertised address.")


@check(
    id="network.dns_ipv6",
    needs=("network.dns",),
    title="the name has no IPv6 address, at which the line does not listen",
    cure="Delete the AAAA record.",
)
async def dns_ipv6(world: World) -> Finding:
    _, six = await world.outside.addresses(world.facts.get("SITE"))
    if six:
        return warn(
            "DOMAIN also leads to an IPv6 address, where the line does not listen: some carriers try that first."
        )
    return ok("DOMAIN has no IPv6 address.")


@check(
    id="network.signalling",
    needs=("gateway.options",),
    title="OPTIONS over UDP is answered at the public address",
    cure=f"{OPEN_THE_PORTS} If they alone may reach it, or a NAT does not lead back, this cannot be seen from here.",
)
async def signalling(world: World) -> Finding:
    return await ask_at_the_public_address(world, "udp")


@check(
    id="network.signalling_tcp",
    needs=("gateway.options_tcp",),
    title="OPTIONS over TCP is answered at the public address",
    cure=f"{OPEN_THE_PORTS} If they alone may reach it, or a NAT does not lead back, this cannot be seen from here.",
)
async def signalling_tcp(world: World) -> Finding:
    return await ask_at_the_public_address(world, "tcp")


@check(
    id="network.audio",
    needs=("network.published",),
    title="a UDP packet to a port for audio at the public address reaches the gateway",
    cure=f"{OPEN_THE_PORTS} Open the whole range for audio. If they alone may reach it, or a NAT does not lead back, "
    "this cannot be seen from here.",
)
async def audio(world: World) -> Finding:
    if not world.is_public:
        return skipped(NOT_PUBLIC)
    port = world.facts.number("AUDIO_PROBE")
    if not port:
        return skipped("nothing could listen on a port for audio")
    if await world.outside.echo(world.facts.get("ADVERTISED_IP"), int(port)):
        return ok(f"A packet to {port:.0f}/udp at the public address reached the gateway.")
    return warn(f"A packet to {port:.0f}/udp at the public address did not reach the gateway.")


async def ask_at_the_public_address(world: World, transport: str) -> Finding:
    if not world.is_public:
        return skipped(NOT_PUBLIC)
    port = world.facts.sip_port
    if await world.outside.options(world.facts.get("ADVERTISED_IP"), port, transport=transport):
        return ok(f"The gateway answers at the public address, {port}/{transport}.")
    return warn(f"Nobody answers at the public address, {port}/{transport}.")


def is_ipv4(text: str) -> bool:
    return text.count(".") == 3
