"""Who reaches a line that has a public address: whoever the firewall lets in, and a browser by TURN alone."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import socketserver
import subprocess
import sys
import threading
import time
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING

import aiohttp
import pytest
from livekit import api
from livekit.protocol.rtc import ICEServer, SignalResponse

from tests.stack.desk import DeskOf, words_in
from tests.stack.line import Line
from tests.stack.test_lifecycle import own_address
from tests.support.browser import Browser
from tests.support.containers import docker, of_service
from tests.support.house import ROOT
from tests.support.turn import Relay

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.slow

ELSEWHERE = "landline-test-elsewhere"  # a network of Docker's beside the line's
# The two hosts of the scans have addresses that are reserved for examples, on links of their own to this machine.
CARRIER, STRANGER = "198.51.100.2", "203.0.113.2"
GREETED_WITHIN = "60"  # seconds, on a machine whose cores are busy with the voice
RESTART = "RESTART_ENGINE"
RELAY_ALONE = "heard.connections.every((one) => one.getConfiguration().iceTransportPolicy === 'relay')"

Scan = dict[str, object]

only_for_root = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("ip", path="/usr/sbin:/sbin:/usr/bin"),
    reason="only root may set a firewall, and make networks to scan from",
)


@pytest.fixture(scope="module")
def reachable(line: Line, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    """A line on this machine's address, which takes calls from CARRIER, while the other one rests."""
    line.compose("stop")
    public = Line("landline-test-reach", tmp_path_factory.mktemp("reach"), subnet="172.29.62", first_port=29060)
    public.set("PUBLIC_IP", own_address())
    public.set("ALLOWED_ADDRESSES", CARRIER)
    public.set("ALLOW_PRIVATE_ADDRESSES", "yes")
    public.set("MEDIA_ADDRESSES", CARRIER)
    docker("network", "create", ELSEWHERE, check=False)
    try:
        with public.running():
            yield public
    finally:
        docker("network", "rm", ELSEWHERE, check=False)
        line.wait_until_healthy()


# A browser that reaches TURN alone


def test_a_listener_who_reaches_turn_alone_hears_the_agents_greeting(reachable: Line) -> None:
    room = f"call-{uuid.uuid4().hex}"
    asyncio.run(send_the_agent_to(reachable, room))
    with signalling_of(reachable) as url:
        told = docker(*in_a_container_elsewhere(reachable), "-m", "tests.stack.listener", url,
                      caller_in(reachable, room), GREETED_WITHIN)  # fmt: skip
    heard = json.loads(told)
    assert heard["failed"] == "", told
    assert heard["heard"] >= 1, told
    assert heard["ways"] == [f"turn:{own_address()}:{reachable.value('TURN_PORT')}?transport=udp"], told


def test_on_the_desks_page_a_browser_that_goes_by_the_relay_alone_hears_the_greeting(reachable: Line) -> None:
    desk = DeskOf(reachable)
    with Browser.started() as browser:
        page = browser.page()
        desk.sign_in(page)  # on a host that others reach, one has to
        page.goto(f"{desk.url}/talk?relay=yes")
        page.get_by_role("button", name="Call").click()
        page.get_by_role("log").get_by_text("How can I help", exact=False).wait_for()
        page.wait_for_timeout(5000)
        assert "how can i help" in words_in(browser.heard(page))
        assert page.evaluate(RELAY_ALONE)
        assert browser.ways(page) in (["relay"], ["prflx"])  # the latter where Docker gives the relay another address
        page.get_by_role("button", name="Hang up").click()


def test_the_relay_passes_nothing_on_to_anybody_but_the_server(reachable: Line) -> None:
    gateway_of_the_bridge = f"{reachable.subnet}.1"  # an address of this machine that the server's container reaches
    with signalling_of(reachable) as url:
        ice = asyncio.run(ice_server_of(url, caller_in(reachable, f"call-{uuid.uuid4().hex}")))
    relay = Relay((own_address(), int(reachable.value("TURN_PORT"))), ice.username, ice.credential)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as foreign:
        foreign.bind((gateway_of_the_bridge, 0))
        foreign.settimeout(2)
        try:
            assert relay.allocate()[0] == own_address()
            assert relay.permit(own_address()) == 0
            others = ["8.8.8.8", gateway_of_the_bridge, f"{reachable.subnet}.2", "127.0.0.1", "169.254.169.254"]
            assert {other: relay.permit(other) for other in others} == dict.fromkeys(others, 403)
            for _ in range(5):
                relay.send(gateway_of_the_bridge, foreign.getsockname()[1], b"relayed")
            with pytest.raises(TimeoutError):
                foreign.recv(100)
        finally:
            relay.close()


async def send_the_agent_to(line: Line, room: str) -> None:
    async with line.server() as server:
        request = api.CreateAgentDispatchRequest(
            agent_name=line.value("AGENT_NAME"), room=room, metadata=json.dumps({"line": "coffee"})
        )
        await server.agent_dispatch.create_dispatch(request)


def caller_in(line: Line, room: str) -> str:
    """Return the token of a participant whom the agent takes for a caller of its trunk's."""
    [trunk], [rule] = line.stored().values()
    attributes = {
        "sip.callID": "SCL_listener",
        "sip.trunkID": trunk,
        "sip.ruleID": rule,
        "sip.hostname": "example.com",
        "sip.phoneNumber": "+12025550123",
        "sip.trunkPhoneNumber": line.value("PHONE_NUMBERS"),
    }
    token = api.AccessToken(line.value("LIVEKIT_API_KEY"), line.value("LIVEKIT_API_SECRET"))
    grants = api.VideoGrants(room_join=True, room=room)
    return token.with_identity("caller").with_kind("sip").with_attributes(attributes).with_grants(grants).to_jwt()


async def ice_server_of(url: str, token: str) -> ICEServer:
    """Return the TURN server that the media server offers a browser, with a name and a password."""
    given = {"access_token": token, "protocol": "15"}
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{url}/rtc", params=given) as signalling:
        answer = SignalResponse.FromString(await signalling.receive_bytes(timeout=20))
    [ice] = answer.join.ice_servers
    return ice


def in_a_container_elsewhere(line: Line) -> list[str]:
    options = ["--rm", "--network", ELSEWHERE, "--volume", f"{ROOT / 'tests'}:/bench/tests:ro"]
    options += ["--env", "PYTHONPATH=/bench", "--env", "no_proxy=*", "--env", "NO_PROXY=*", "--entrypoint", "python"]
    return ["run", *options, of_service(line, "agent").image]


@contextmanager
def signalling_of(line: Line) -> Iterator[str]:
    """The server's signalling on an address that containers of other networks reach, in plain HTTP."""

    class Forward(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with socket.create_connection(("127.0.0.1", int(line.value("API_PORT")))) as server:
                back = threading.Thread(target=pass_on, args=(server, self.request), daemon=True)
                back.start()
                pass_on(self.request, server)
                back.join(5)

    class Forwarder(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    with Forwarder((own_address(), 0), Forward) as forwarder:
        threading.Thread(target=forwarder.serve_forever, daemon=True).start()
        try:
            yield f"ws://{own_address()}:{forwarder.server_address[1]}"
        finally:
            forwarder.shutdown()


def pass_on(source: socket.socket, to: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            to.sendall(data)
        to.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # one of the two has gone


# The firewall


@only_for_root
def test_with_the_firewall_a_stranger_gets_nothing_and_the_carrier_what_it_got_before(reachable: Line) -> None:
    of_calls = {f"{reachable.value('SIP_PORT')}/{protocol}" for protocol in ("udp", "tcp")}
    with host_at(STRANGER) as stranger, host_at(CARRIER) as carrier:
        who: dict[str, Callable[[], Scan]] = {
            "stranger": lambda: scan_from(reachable, stranger),
            "container of another network": lambda: scan_from_a_container(reachable),
            "carrier": lambda: scan_from(reachable, carrier),
        }
        before = {name: scan() for name, scan in who.items()}
        for name, found in before.items():
            assert found["bytes"], (name, found)
            assert found["audio"], (name, found)
            assert of_calls < reached(found), (name, found)

        assert "addresses only" in set_firewall(reachable, "APPLY")
        try:
            behind = {name: scan() for name, scan in who.items()}
            for name in ("stranger", "container of another network"):
                assert (behind[name]["bytes"], behind[name]["audio"]) == (0, 0), (name, behind[name])
                assert reached(behind[name]) == reached(before[name]) - of_calls, (name, behind[name])
            assert reached(behind["carrier"]) == reached(before["carrier"])
            assert behind["carrier"]["bytes"], behind
            assert behind["carrier"]["audio"], behind
            assert "nothing changed" in set_firewall(reachable, "APPLY")
            call = reachable.phone("--silent", "--patience", "1", "--stay", "3")
            assert call.code == 0, call.printed
        finally:
            set_firewall(reachable, "REMOVE")
        again = scan_from(reachable, stranger)
        assert reached(again) == reached(before["stranger"]), again
        assert again["bytes"], again


def reached(found: Scan) -> set[str]:
    ports = found["reached"]
    assert isinstance(ports, list)
    return set(ports)


def set_firewall(line: Line, what: str) -> str:
    return line.run("make", "firewall", settings={what: "yes"}).stdout


def arguments_of_scan(line: Line) -> list[str]:
    others = ",".join(line.value(name) for name in ("HTTP_PORT", "HTTPS_PORT", "RTC_TCP_PORT"))
    return [own_address(), line.value("SIP_PORT"), line.value("RTP_PORT_RANGE"), others]


def scan_from(line: Line, host: str) -> Scan:
    return scan_by(line, "ip", "netns", "exec", host, sys.executable)


def scan_from_a_container(line: Line) -> Scan:
    return scan_by(line, "docker", *in_a_container_elsewhere(line))


def scan_by(line: Line, *python: str) -> Scan:
    """What the scan says, and how many of its packets have arrived at the ports for `audio`, where nobody listens."""
    before = packets_for_nobody(line)
    found: Scan = json.loads(run(*python, "-m", "tests.support.scan", *arguments_of_scan(line)))
    return {**found, "audio": packets_for_nobody(line) - before}


def packets_for_nobody(line: Line) -> int:
    """How many UDP packets the gateway's container has received at ports at which nobody listens."""
    names, values = [
        row.split()[1:]
        for row in line.compose("exec", "-T", "sip", "cat", "/proc/net/snmp").splitlines()
        if row.startswith("Udp:")
    ]
    return int(dict(zip(names, values, strict=True))["NoPorts"])


@contextmanager
def host_at(address: str) -> Iterator[str]:
    """Another host, at the end of a cable to this machine; yields the name of its network namespace."""
    name, here = f"landline-{address.rpartition('.')[0]}", f"{address.rpartition('.')[0]}.1"
    cable = f"ll{address.partition('.')[0]}"
    run("ip", "netns", "del", name, check=False)
    run("ip", "netns", "add", name)
    try:
        run("ip", "link", "add", f"{cable}a", "type", "veth", "peer", "name", f"{cable}b", "netns", name)
        run("ip", "address", "add", f"{here}/30", "dev", f"{cable}a")
        run("ip", "link", "set", f"{cable}a", "up")
        run("ip", "-n", name, "address", "add", f"{address}/30", "dev", f"{cable}b")
        run("ip", "-n", name, "link", "set", f"{cable}b", "up")
        run("ip", "-n", name, "link", "set", "lo", "up")
        run("ip", "-n", name, "route", "add", "default", "via", here)
        yield name
    finally:
        run("ip", "netns", "del", name, check=False)


def run(*command: str, check: bool = True) -> str:
    env = {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    assert not check or done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout


# A restart of the engine, which would end whatever else runs on it


@pytest.mark.skipif(
    not os.environ.get(RESTART), reason=f"{RESTART} is not set to the command that restarts this machine's engine"
)
def test_within_90_seconds_of_an_engines_restart_a_call_is_answered_and_the_firewall_is_there(reachable: Line) -> None:
    root = os.geteuid() == 0
    before = set_firewall(reachable, "APPLY") and rules_there() if root else ""
    try:
        started = time.monotonic()
        subprocess.run(["sh", "-c", os.environ[RESTART]], check=True)
        while True:
            outcome = reachable.phone("--silent", "--patience", "1", "--stay", "3")
            if outcome.code == 0:
                break
            assert time.monotonic() - started < 90, outcome.printed + reachable.state()
            time.sleep(1)
        assert time.monotonic() - started < 90, outcome.printed
        assert not root or rules_there() == before
    finally:
        if root:
            set_firewall(reachable, "REMOVE")


def rules_there() -> str:
    return "\n".join(row for row in run("iptables", "-S").splitlines() if "LANDLINE-TEST-REACH" in row)
