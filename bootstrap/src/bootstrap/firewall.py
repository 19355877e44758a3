"""Which packets from outside may reach the line, as rules for iptables and for a cloud's security group.

Calls' signalling and audio come in from the trunk provider's addresses only. Whatever else the line publishes is for
anybody. These are pure functions: bootstrap/host/firewall.sh runs what they print.
"""

import json
import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from ipaddress import ip_address, ip_network
from typing import Any

from bootstrap.settings import Settings
from bootstrap.text import quote

ANYBODY = "0.0.0.0/0"
PORTS = re.compile(r"[0-9]{1,5}(-[0-9]{1,5})?")
NAMES = {"chain": r"[A-Z0-9_-]{1,28}", "network": "bridge|host", "subnet": r"[0-9]+\.[0-9]+\.[0-9]+"}


class FactsError(ValueError):
    """What the host's script said about the host is incomplete or wrong."""


@dataclass(frozen=True)
class Host:
    """What bootstrap/host/firewall.sh knows. Ports are `5060` or `10000-10099`; TURN's is empty if it is off."""

    network: str  # bridge or host
    subnet: str  # of the services' bridge, its first three numbers
    chain: str  # the name of the chain in iptables that is ours
    sip_port: str
    rtp_ports: str
    http_port: str
    https_port: str
    rtc_tcp_port: str
    rtc_udp_port: str
    turn_udp_port: str


@dataclass(frozen=True)
class Opening:
    """Ports of the line, and the ranges from which packets may come to them."""

    ports: str
    protocols: tuple[str, ...]
    sources: tuple[str, ...]
    purpose: str

    @property
    def for_anybody(self) -> bool:
        return any(source.endswith("/0") for source in self.sources)


def read_facts(facts: Sequence[str]) -> Host:
    """Read rows `NAME=value`, one for each field of `Host`."""
    given = {name.lower(): value for name, _, value in (fact.partition("=") for fact in facts)}
    values = {}
    for field in fields(Host):
        value = given.get(field.name, "")
        pattern = NAMES.get(field.name, PORTS)
        if not re.fullmatch(pattern, value) and (value or field.name != "turn_udp_port"):
            raise FactsError(f"{field.name.upper()} is {quote(value)} for the firewall; run make up, which writes it")
        values[field.name] = value
    return Host(**values)


def openings(settings: Settings, host: Host, version: int = 4) -> list[Opening]:
    """List what the line publishes, and to whom in this version of IP."""
    calls = of_version(version, [*settings.allowed_addresses, *carrier_of_calls_that_go_out(settings)])
    audio = of_version(version, [*settings.media_addresses, *carrier_of_calls_that_go_out(settings)])
    anybody = (ANYBODY,)
    everything = [
        Opening(host.sip_port, ("udp", "tcp"), calls, "signalling of calls"),
        Opening(host.rtp_ports, ("udp",), audio, "audio of calls"),
        Opening(host.http_port, ("tcp",), anybody, "certificates and the redirect to HTTPS"),
        Opening(host.https_port, ("tcp",), anybody, "HTTPS"),
        Opening(host.rtc_tcp_port, ("tcp",), anybody, "WebRTC over TCP"),
        Opening(host.rtc_udp_port, ("udp",), anybody, "WebRTC over UDP"),
        Opening(host.turn_udp_port, ("udp",), anybody, "TURN"),
    ]
    return [opening for opening in everything if opening.ports]


def carrier_of_calls_that_go_out(settings: Settings) -> list[str]:
    """Return OUTBOUND_ADDRESS if it is an address. The answers of a host with a name come in as answers do."""
    host = (settings.outbound_address or "").partition(":")[0]
    try:
        return [f"{ip_address(host)}/32"]
    except ValueError:
        return []


def of_version(version: int, ranges: Iterable[str]) -> tuple[str, ...]:
    """Keep the ranges of this version of IP, each once."""
    return tuple(dict.fromkeys(text for text in ranges if ip_network(text).version == version))


def rules(settings: Settings, host: Host, version: int = 4) -> list[str]:
    """Make the rules of our chain for this version of IP, as `iptables -S` prints them.

    A packet that none of them drops goes back to the chain that it came from, with the operator's own rules. Answers to
    what the line has sent are let in. A stranger who was answered before there were rules is not let in any more.
    """
    made = ["-m conntrack --ctdir REPLY -j RETURN", "-i lo -j RETURN"]
    if version == 4:
        made.append(f"-s {host.subnet}.0/24 -j RETURN")
    for opening in openings(settings, host, version):
        if opening.for_anybody:
            continue
        for protocol in opening.protocols:
            to = f"-p {protocol} -m {protocol} --dport {opening.ports.replace('-', ':')}"
            made += [f"-s {source} {to} -j RETURN" for source in opening.sources]
            made.append(f"{to} -j DROP")
    return [f"-A {host.chain} {rule}" for rule in made]


SCRIPT = """\
#!/bin/sh
# Landline's firewall, as `make firewall` prints it. It needs root, and it may run again at any time.
{told}
set -eu
PATH=$PATH:/usr/sbin:/sbin

# Have one rule in CHAIN lead to {chain}, this one, or none.
lead() {{ # IPTABLES CHAIN RULE
    "$1" --wait -S "$2" 2>/dev/null | sed -n 's/^-A \\(.* -j {chain}\\)$/\\1/p' | while read -r rule; do
        # shellcheck disable=SC2086 # a rule is several words
        [ "$rule" = "$2 $3" ] || "$1" --wait -D $rule
    done
    # shellcheck disable=SC2086
    [ -z "$3" ] || "$1" --wait -C $2 $3 2>/dev/null || "$1" --wait -I $2 $3
}}

# All rules are replaced at once.
iptables-restore --wait --noflush <<'END'
*filter
:{chain} - [0:0]
{rules}
COMMIT
END
lead iptables INPUT '-j {chain}'
"""
BRIDGE = """\
lead ip6tables INPUT ''   # Docker publishes the line over IPv4 only
iptables --wait -N DOCKER-USER 2>/dev/null || true   # Docker makes this chain when it starts, and keeps what is in it
lead iptables DOCKER-USER '-d {subnet}.0/24 -j {chain}'
"""
HOST = """\
lead iptables DOCKER-USER ''

# On the host's own network, the gateway listens on IPv6, too.
if [ -e /proc/net/if_inet6 ]; then
    ip6tables-restore --wait --noflush <<'END'
*filter
:{chain} - [0:0]
{rules_of_ipv6}
COMMIT
END
    lead ip6tables INPUT '-j {chain}'
fi
"""


def script(settings: Settings, host: Host) -> str:
    """Write a shell script that sets our chain and leads to it, and changes nothing else.

    INPUT has what the host's own processes receive: the gateway's packets with NETWORK=host, and on the bridge those
    that Docker's proxy passes on. DOCKER-USER has what Docker forwards to containers.
    """
    return (SCRIPT + (BRIDGE if host.network == "bridge" else HOST)).format(
        told="\n".join(f"# {tell(opening)}" for opening in openings(settings, host)),
        chain=host.chain,
        subnet=host.subnet,
        rules="\n".join(rules(settings, host)),
        rules_of_ipv6="\n".join(rules(settings, host, 6)),
    )


def tell(opening: Opening) -> str:
    who = "anybody" if opening.for_anybody else "the addresses below" if opening.sources else "nobody"
    ports = ", ".join(f"{opening.ports}/{protocol}" for protocol in opening.protocols)
    return f"{ports} ({opening.purpose}): from {who}."


def permissions(everything: Sequence[Opening]) -> list[dict[str, Any]]:
    """Make the rules of a security group of AWS, as `aws ec2 authorize-security-group-ingress` takes them."""
    made = []
    for opening in everything:
        first, _, last = opening.ports.partition("-")
        sources = (ANYBODY,) if opening.for_anybody else opening.sources
        for protocol in opening.protocols:
            ranges = [{"CidrIp": source, "Description": opening.purpose} for source in sources]
            if ranges:
                made.append(
                    {
                        "IpProtocol": protocol,
                        "FromPort": int(first),
                        "ToPort": int(last or first),
                        "IpRanges": ranges,
                    }
                )
    return made


def aws(settings: Settings, host: Host) -> str:
    """Write the command that adds the rules to the security group $GROUP, with the rules as JSON."""
    made = json.dumps(permissions(openings(settings, host)), indent=2)
    return f'aws ec2 authorize-security-group-ingress --group-id "$GROUP" --ip-permissions {shlex.quote(made)}\n'


def ingress(everything: Sequence[Opening]) -> list[dict[str, Any]]:
    """Make the same rules as CloudFormation has them in a template."""
    return [
        {name: one[name] for name in ("IpProtocol", "FromPort", "ToPort")} | source
        for one in permissions(everything)
        for source in one["IpRanges"]
    ]
