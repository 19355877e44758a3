"""What `bootstrap.explain` says of made-up calls is what the real gateway and server do with them, call for call.

The trunks and rules are the test's own, and so is the gateway, which has more ports for audio than the line's; it asks
the same server. Each world of `tests.support.made_up_calls` has twenty calls, which come at once, from several
addresses. No agent is sent to any of them, so a call that is accepted rings in a room until it is cancelled.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from livekit import api

from bootstrap.explain import Call, Explanation, match
from tests.stack.standing_phone import IMAGE
from tests.support.containers import docker
from tests.support.house import ROOT
from tests.support.made_up_calls import World, make_world

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.stack.line import Line

WORLDS, AT_ONCE = 25, 20  # 500 calls
QUICK = (14, 21, 23)  # worlds that have every outcome between them: `make test` tries these, too
NOT_ANSWERED = 10
PLACES = range(112, 120)  # in the line's network: below what Docker gives away, and of no phone
RANG, SILENT = 180, 4.0  # seconds; while a call rings, the gateway says so every second
DECIDED_WITHIN = 60.0
PARTICIPANTS_ID, TRUNK, RULE = "sip.callIDFull", "sip.trunkID", "sip.ruleID"


class Gateway:
    """A gateway and a sender of INVITEs, both on the line's network, with the API of the line's server."""

    def __init__(self, line: Line, address: str, sender: subprocess.Popen[str]) -> None:
        self.line = line
        self.addresses = [f"{line.subnet}.{place}" for place in PLACES]
        self._address = address
        self._sender = sender

    def decides(self, calls: Mapping[str, Call]) -> dict[str, tuple[object, ...]]:
        """Place the calls at once, and say what becomes of each: a status, or the trunk and the rule that took it."""
        asked = [
            {"id": id_, "address": call.address, "caller": call.caller, "dialled": call.dialled, "host": call.host}
            for id_, call in calls.items()
        ]
        self._tell(invite=asked, gateway=[self._address, self.line.sip_port])
        rooms: dict[str, tuple[object, ...]] = {}
        deadline = time.monotonic() + DECIDED_WITHIN
        while True:
            rooms |= asyncio.run(self._accepted(set(calls) - set(rooms)))
            answers = self._tell(look=True)
            decided = {id_: rooms.get(id_) or _decision(**answers[id_]) for id_ in calls}
            if all(decided.values()):
                self._tell(end=True)
                return {id_: found for id_, found in decided.items() if found}
            assert time.monotonic() < deadline, f"undecided after {DECIDED_WITHIN:g} s: {answers}, accepted: {rooms}"
            time.sleep(0.2)

    async def _accepted(self, wanted: set[str]) -> dict[str, tuple[object, ...]]:
        """Find the calls that have come into a room, with the trunk and the rule that their participants name."""
        found: dict[str, tuple[object, ...]] = {}
        async with self.line.server() as server:
            for room in (await server.room.list_rooms(api.ListRoomsRequest())).rooms if wanted else ():
                request = api.ListParticipantsRequest(room=room.name)
                for participant in (await server.room.list_participants(request)).participants:
                    its = participant.attributes
                    if its.get(PARTICIPANTS_ID) in wanted:
                        found[its[PARTICIPANTS_ID]] = ("accepted", its.get(TRUNK, ""), its.get(RULE, ""))
        return found

    def _tell(self, **command: Any) -> dict[str, Any]:
        assert self._sender.stdin
        assert self._sender.stdout
        self._sender.stdin.write(json.dumps(command) + "\n")
        self._sender.stdin.flush()
        row = self._sender.stdout.readline()
        assert row, "the sender of INVITEs has ended; why is on standard error"
        return dict(json.loads(row))


def _decision(status: int, quiet: float) -> tuple[object, ...] | None:
    """Say what an answer means, or None while it may still change; a call that is accepted is found in its room."""
    if status >= 200:
        return (status,)
    return ("dropped",) if status == RANG and quiet > SILENT else None


@pytest.fixture(scope="module")
def gateway(line: Line) -> Iterator[Gateway]:
    called, sending = f"{line.project}-gateway-of-explained", f"{line.project}-invites"
    docker("rm", "--force", called, sending, check=False)
    run = ["docker", "compose", "--progress", "quiet", "run", "--detach", "--no-deps", "--name", called, "sip"]
    started = line.run(*run, check=False, settings={"RTP_PORTS": "20000-20999"})
    assert not started.returncode, started.stderr
    try:
        with line.guest(called):
            network = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
            address = docker("inspect", "--format", network, called).strip()
            _wait_until_it_answers(line, called)
            with _sender(line, sending) as sender:
                yield Gateway(line, address, sender)
    finally:
        docker("rm", "--force", called, check=False)


def _wait_until_it_answers(line: Line, container: str) -> None:
    deadline = time.monotonic() + 60
    while line.run("docker", "exec", container, "bash", "/health.sh", check=False).returncode:
        assert time.monotonic() < deadline, docker("logs", container)
        time.sleep(0.3)


@contextmanager
def _sender(line: Line, name: str) -> Iterator[subprocess.Popen[str]]:
    first, *others = (f"{line.subnet}.{place}" for place in PLACES)
    command = ["docker", "run", "--rm", "--interactive", "--name", name, "--network", f"{line.project}_default"]
    command += ["--ip", first, "--user", "0", "--cap-add", "NET_ADMIN", "--entrypoint", "python"]
    command += ["--volume", f"{ROOT / 'tests/support/invites.py'}:/invites.py:ro", IMAGE, "/invites.py", *others]
    sender = subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        with sender:  # closes its pipes, and waits for it
            yield sender
            docker("rm", "--force", name, check=False)
    finally:
        docker("rm", "--force", name, check=False)


@contextmanager
def built(line: Line, world: World) -> Iterator[tuple[list[api.SIPInboundTrunkInfo], list[api.SIPDispatchRuleInfo]]]:
    """What the server has inside the block: the world's trunks and rules, as far as it takes them, and the line's."""
    trunks: dict[int, str] = {}
    rules: dict[int, str] = {}
    try:
        yield asyncio.run(_build(line, world, trunks, rules))
    finally:
        asyncio.run(_tear_down(line, world, [*trunks.values()], [*rules.values()]))


async def _build(
    line: Line, world: World, trunks: dict[int, str], rules: dict[int, str]
) -> tuple[list[api.SIPInboundTrunkInfo], list[api.SIPDispatchRuleInfo]]:
    async with line.server() as server:
        for place, trunk in enumerate(world.trunks):
            if made := await _unless_refused(
                server.sip.create_inbound_trunk(api.CreateSIPInboundTrunkRequest(trunk=trunk))
            ):
                trunks[place] = made.sip_trunk_id
        for place, rule in enumerate(world.rules_for(trunks)):
            if made := await _unless_refused(
                server.sip.create_dispatch_rule(api.CreateSIPDispatchRuleRequest(dispatch_rule=rule))
            ):
                rules[place] = made.sip_dispatch_rule_id
        for edit in world.edits:
            edited = world.edited(edit, trunks)
            if isinstance(edited, api.SIPInboundTrunkInfo) and edit.which in trunks:
                await _unless_refused(server.sip.update_inbound_trunk(trunks[edit.which], edited))
            elif isinstance(edited, api.SIPDispatchRuleInfo) and edit.which in rules:
                await _unless_refused(server.sip.update_dispatch_rule(rules[edit.which], edited))
        return (
            list((await server.sip.list_inbound_trunk(api.ListSIPInboundTrunkRequest())).items),
            list((await server.sip.list_dispatch_rule(api.ListSIPDispatchRuleRequest())).items),
        )


async def _unless_refused(request: Any) -> Any:
    try:
        return await request
    except api.TwirpError as error:
        if error.code == "invalid_argument":
            return None
        raise


async def _tear_down(line: Line, world: World, trunks: Sequence[str], rules: Sequence[str]) -> None:
    async with line.server() as server:
        for rule in rules:
            await server.sip.delete_dispatch_rule(api.DeleteSIPDispatchRuleRequest(sip_dispatch_rule_id=rule))
        for trunk in trunks:
            await server.sip.delete_trunk(api.DeleteSIPTrunkRequest(sip_trunk_id=trunk))
        for room in (await server.room.list_rooms(api.ListRoomsRequest())).rooms:
            if room.name.startswith(f"w{world.seed}-"):
                await server.room.delete_room(api.DeleteRoomRequest(room=room.name))


def explained(found: Explanation) -> tuple[object, ...]:
    """Say what `Gateway.decides` says if the explanation is right."""
    if found.asks_for_credentials:
        return (407,)
    match found.outcome:
        case "accepted":
            assert found.rule
            return ("accepted", found.trunk.sip_trunk_id if found.trunk else "", found.rule.sip_dispatch_rule_id)
        case "pin":
            return (200,)  # the gateway answers, to ask for the PIN
        case "unavailable":
            return (503,)
    return (found.outcome,)


def waves(calls: Mapping[str, Call], found: Mapping[str, Explanation]) -> list[list[str]]:
    """Split calls so that no two of a caller's come into one room at once: the second would throw the first one out."""
    made: list[list[str]] = []
    there: list[set[tuple[str, str]]] = []  # the callers of each wave, with their rooms
    for id_, call in calls.items():
        whose = {(call.caller, room) for room in _shared_room(call, found[id_])}
        place = next((place for place, callers in enumerate(there) if not whose & callers), len(made))
        if place == len(made):
            made.append([])
            there.append(set())
        made[place].append(id_)
        there[place] |= whose
    return made


def _shared_room(call: Call, found: Explanation) -> list[str]:
    """Name the room that a call comes into, unless it is a room of its own."""
    if explained(found)[0] != "accepted" or not found.rule:
        return []
    kind, rule = found.rule.rule.WhichOneof("rule"), found.rule.sip_dispatch_rule_id
    shared = {"dispatch_rule_direct": [rule], "dispatch_rule_callee": [f"{rule} {call.dialled}"]}
    return shared.get(kind or "", [])


@pytest.mark.parametrize(
    "seed", [pytest.param(seed, marks=[] if seed in QUICK else [pytest.mark.slow]) for seed in range(WORLDS)]
)
def test_the_gateway_and_the_server_decide_as_explained(line: Line, gateway: Gateway, seed: int) -> None:
    world = make_world(seed, gateway.addresses, AT_ONCE)
    with built(line, world) as (trunks, rules):
        found = {call: match(call, trunks, rules) for call in world.calls}
        wrong = differences(gateway, found)
        # The server's decision is always the same, but on a busy machine it may come too late, which is a 503.
        wrong = wrong and differences(gateway, {call: found[call] for call in wrong})
    told = [(call.caller, call.dialled, call.address, call.host, *both) for call, both in wrong.items()]
    assert not told, f"{told}\n{trunks}\n{rules}"


def differences(
    gateway: Gateway, found: Mapping[Call, Explanation]
) -> dict[Call, tuple[tuple[object, ...], tuple[object, ...]]]:
    """Place the calls, and return those that come to something else than explained, with both."""
    calls = {f"{place}-{time.time_ns()}@made-up": call for place, call in enumerate(found)}
    decided: dict[Call, tuple[object, ...]] = {}
    for wave in waves(calls, {id_: found[call] for id_, call in calls.items()}):
        decisions = gateway.decides({id_: calls[id_] for id_ in wave})
        decided |= {calls[id_]: decision for id_, decision in decisions.items()}
    expected = {call: explained(its) for call, its in found.items()}
    return {call: (expected[call], decided[call]) for call in found if expected[call] != decided[call]}


def doctor(line: Line, **asked: str) -> subprocess.CompletedProcess[str]:
    return line.run("make", "doctor", check=False, settings=asked)


def test_make_doctor_explains_a_call_to_the_line_that_stands(line: Line) -> None:
    number, *_ = line.value("PHONE_NUMBERS").split(",")
    phone, stranger = f"{line.subnet}.10", "198.51.100.7"
    answered = doctor(line, CALL=f"+12025550131 -> {number} from {phone}")
    assert answered.returncode == 0, answered.stdout + answered.stderr
    assert answered.stdout.endswith("The line coffee answers the call.\n")
    assert number not in answered.stdout
    rejected = doctor(line, CALL=f"+12025550131 -> {number} from {stranger}")
    assert rejected.returncode == 2
    assert f"{stranger} is not among its allowed addresses" in rejected.stdout
    blocked = line.words / "blocked.txt"
    before = blocked.read_text() if blocked.exists() else ""
    blocked.write_text("+12025550131\n")
    try:
        refused = doctor(line, CALL=f"+12025550131 -> {number} from {phone}")
    finally:
        blocked.write_text(before)
    assert refused.returncode == 2
    assert "The line coffee refuses the call: the caller is in blocked.txt." in refused.stdout


def test_make_doctor_tells_of_the_last_calls(line: Line) -> None:
    refused = line.call("--ring-timeout", "5", address=f"{line.subnet}.77")  # which is not allowed
    assert refused.code == NOT_ANSWERED, refused.printed
    answered = line.call("--silent")
    assert answered.code != NOT_ANSWERED, answered.printed
    told = doctor(line, LAST="1")
    assert told.returncode == 0, told.stderr
    assert "line coffee: answered; " in told.stdout.splitlines()[0]
    assert "rang and was dropped, because no trunk or no rule takes such a call" in told.stdout
