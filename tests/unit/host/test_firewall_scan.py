"""The rules of `make firewall` in a real kernel, scanned by a carrier and by strangers, without Docker.

Four networks of the test's own stand for the host, a container, the carrier and a stranger; the host forwards its ports
to the container as Docker does. tests/stack/test_reachable.py scans a line that is up.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bootstrap import firewall
from bootstrap.settings import Settings
from tests.support.house import ROOT
from tests.unit.bootstrap.conftest import environment, secrets

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.bootstrap.conftest import Environment

__all__ = ["environment", "secrets"]  # fixtures
CARRIER, STRANGER, HOST, CONTAINER = "198.51.100.2", "203.0.113.2", "192.0.2.2", "172.29.53.130"
HOST_OVER_IPV6, STRANGER_OVER_IPV6 = "2001:db8::1", "2001:db8::2"
OWN_NETWORKS = ["unshare", "--map-root-user", "--mount", "--net", "--pid", "--fork", "--mount-proc"]

NETWORKS = f"""
set -e
mount --make-rprivate / && mount -t tmpfs none /run && mkdir /run/netns
cable() {{ # NAMESPACE ADDRESS GATEWAY
    ip netns add "$1"
    ip link add "h$1" type veth peer name e netns "$1"
    ip address add "$3" dev "h$1"; ip link set "h$1" up
    ip -n "$1" address add "$2" dev e; ip -n "$1" link set e up; ip -n "$1" link set lo up
    ip -n "$1" route add default via "${{3%/*}}"
}}
ip link set lo up
ip address add {HOST}/32 dev lo
cable carrier {CARRIER}/30 198.51.100.1/30
cable stranger {STRANGER}/30 203.0.113.1/30
cable container {CONTAINER}/24 172.29.53.1/24
sysctl -qw net.ipv4.ip_forward=1
iptables -N DOCKER-USER
iptables -A FORWARD -j DOCKER-USER
for port in udp:5060 tcp:5060 udp:10000 tcp:80; do
    iptables -t nat -A PREROUTING -d {HOST} -p "${{port%:*}}" --dport "${{port#*:}}" -j DNAT --to {CONTAINER}
done
"""
WITH_IPV6 = f"""
ip address add {HOST_OVER_IPV6}/64 dev hstranger nodad
ip -n stranger address add {STRANGER_OVER_IPV6}/64 dev e nodad
"""
# A gateway that answers whoever asks it anything, in the container or on the host itself; its audio is an echo.
GATEWAY = """
import asyncio, sys
class Echo(asyncio.DatagramProtocol):
    def connection_made(self, transport): self.transport = transport
    def datagram_received(self, data, address): self.transport.sendto(data, address)
async def answer(reader, writer):
    writer.write(await reader.read(1000))
    writer.close()
async def main():
    for address in sys.argv[1:]:
        for port in (5060, 10000):
            await asyncio.get_running_loop().create_datagram_endpoint(Echo, (address, port))
        for port in (5060, 80):
            await asyncio.start_server(answer, address, port)
    print("ready", flush=True)
    await asyncio.sleep(300)
asyncio.run(main())
"""
# Asks port 5060 over UDP, always from the same port, until there is an answer, and prints how many bytes came back.
ASK = """
import json, socket, sys
[(family, *_, address), *_] = socket.getaddrinfo(sys.argv[1], 5060, type=socket.SOCK_DGRAM)
with socket.socket(family, socket.SOCK_DGRAM) as one:
    one.bind(("", 5060))
    one.connect(address)
    one.settimeout(0.5)
    found = 0
    for _ in range(6):
        one.send(b"OPTIONS")
        try:
            found = len(one.recv(100))
            break
        except TimeoutError:
            pass
print(json.dumps(found))
"""


def can_have_networks() -> bool:
    path = "/usr/sbin:/sbin:/usr/bin"
    if not all(shutil.which(name, path=path) for name in ("unshare", "ip", "iptables", "sysctl")):
        return False
    return subprocess.run([*OWN_NETWORKS, "sh", "-c", NETWORKS], capture_output=True).returncode == 0


needs_networks = pytest.mark.skipif(not can_have_networks(), reason="no networks of our own with iptables here")


@pytest.fixture
def rules_for(environment: Environment) -> Callable[[str], str]:
    """The script of a host that takes calls from CARRIER."""
    environment(ALLOWED_ADDRESSES=CARRIER, ALLOW_PRIVATE_ADDRESSES="yes", MEDIA_ADDRESSES=CARRIER)
    facts = ["CHAIN=LANDLINE", "SUBNET=172.29.53", "SIP_PORT=5060", "RTP_PORTS=10000-10099", "HTTP_PORT=80"]
    facts += ["HTTPS_PORT=443", "RTC_TCP_PORT=7881", "RTC_UDP_PORT=7882", "TURN_UDP_PORT=443"]
    return lambda network: firewall.script(Settings(), firewall.read_facts([*facts, f"NETWORK={network}"]))


def before_and_behind(rules: str, network: str, look: str, *more: str) -> list[Any]:
    """What `look` prints before the rules are set and after, a row each; `more` are the gateway's over IPv6."""
    where = "ip netns exec container " if network == "bridge" else "iptables -t nat -F; "
    addresses = " ".join([CONTAINER if network == "bridge" else HOST, *more])
    steps = f"""
{NETWORKS}
{WITH_IPV6 if more else ""}
{where}{sys.executable} -c '{GATEWAY}' {addresses} > /run/gateway &
for _ in $(seq 300); do grep -q ready /run/gateway && break; sleep 0.1; done
cat > /run/ask <<'ASK'
{ASK}
ASK
look() {{ {look}; }}
cd {ROOT}
look
cat > /run/rules <<'RULES'
{rules}
RULES
sh /run/rules
look
"""
    done = subprocess.run([*OWN_NETWORKS, "sh", "-c", steps], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [json.loads(row) for row in done.stdout.splitlines()]


@needs_networks
@pytest.mark.parametrize("network", ["bridge", "host"])
def test_behind_the_firewall_a_stranger_gets_0_bytes_and_the_carrier_what_it_got_before(
    rules_for: Callable[[str], str], network: str
) -> None:
    scan = f"{sys.executable} -m tests.support.scan {HOST} 5060 10000-10000 80"
    look = f'for who in carrier stranger; do ip netns exec "$who" {scan}; done'
    found = before_and_behind(rules_for(network), network, look)
    carrier, stranger, carrier_behind, stranger_behind = found
    everything = ["5060/tcp", "5060/udp", "80/tcp"]
    assert carrier["reached"] == stranger["reached"] == carrier_behind["reached"] == everything, found
    assert carrier["bytes"] == stranger["bytes"] == carrier_behind["bytes"] > 300, found
    assert stranger_behind == {"bytes": 0, "reached": ["80/tcp"]}


@needs_networks
def test_a_stranger_who_was_answered_before_gets_nothing_on_the_same_ports_any_more(
    rules_for: Callable[[str], str],
) -> None:
    look = f"ip netns exec stranger {sys.executable} /run/ask {HOST}"
    assert before_and_behind(rules_for("bridge"), "bridge", look) == [7, 0]


@needs_networks
@pytest.mark.skipif(not Path("/proc/net/if_inet6").exists(), reason="no IPv6 here")
def test_on_the_hosts_own_network_a_stranger_gets_nothing_over_ipv6_either(rules_for: Callable[[str], str]) -> None:
    look = f"ip netns exec stranger {sys.executable} /run/ask {HOST_OVER_IPV6}"
    assert before_and_behind(rules_for("host"), "host", look, HOST_OVER_IPV6) == [7, 0]
