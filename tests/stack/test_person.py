"""The second person: the gateway calls a phone over the outbound trunk, and asks a caller's phone to call elsewhere.

Nothing of the agent is in it but its rooms: the test itself asks the media server, as the agent does.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf.duration_pb2 import Duration
from livekit import api

from bootstrap.mark import outbound_mark
from tests.stack.extension import SOMEBODY, Extension, an_extension

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.stack.line import Line
    from tests.stack.outcome import Outcome

ANNA, BEN, CARLA, DAVID, EVE, MACHINE, NOBODY = (f"+1202555013{digit}" for digit in range(7))
USER, PASSWORD = "landline", "a-password-for-tests"
pytestmark = pytest.mark.slow

ELSEWHERE = "tel:+12025550166"
RINGING = 6  # seconds, for who does not answer
WITHIN = 20.0  # seconds, for what takes two on a machine with nothing else to do
KEYS = "12#"
SOUP, BREAD = "The soup of the day is tomato soup.", "We also have fresh bread with butter."

PEOPLE: dict[str, Sequence[str]] = {
    ANNA: ["--at", "6", "--say", SOUP, "--at", "10", "--dtmf", KEYS, "--stay", "60"],
    BEN: ["--ring", "2", "--username", USER, "--at", "22", "--say", BREAD, "--reply-timeout", "1", "--stay", "2"],
    CARLA: ["--busy"],
    DAVID: ["--decline"],
    EVE: ["--no-answer"],
    MACHINE: [
        "--at",
        "13",
        "--voicemail",
        "Nobody can come to the phone. Please speak after the tone.",
        "--stay",
        "60",
    ],
}


@pytest.fixture(scope="module")
def extension(line: Line, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Extension]:
    account: dict[str, Any] = {"OUTBOUND_USERNAME": USER, "OUTBOUND_PASSWORD": PASSWORD}
    with an_extension(line, tmp_path_factory.mktemp("person"), person=True, silent_caller_after=30, **account) as it:
        yield it


@dataclass
class Held:
    """What became of the calls: what the server answered, and the report of each phone."""

    refused: dict[str, api.TwirpError] = field(default_factory=dict)
    people: dict[str, Outcome] = field(default_factory=dict)

    def status_of(self, number: str) -> int | None:
        """The SIP status that the server tells of a call which nobody answered."""
        error = self.refused[number]
        return error.sip_status_code if isinstance(error, api.SipCallError) else None


@pytest.fixture(scope="module")
def held(extension: Extension) -> Held:
    """Everybody is called at once into a room of ours; those who answer hear each other."""
    held = Held()
    with extension.person.takes(*(["--number", number, *told] for number, told in PEOPLE.items())) as taken:
        asyncio.run(_call_everybody(extension, held))
    held.people = dict(zip(PEOPLE, taken.outcomes, strict=True))
    return held


async def _call_everybody(extension: Extension, held: Held) -> None:
    room = f"{extension.name}-people"
    async with extension.line.server() as server:
        calling = [_call(server, extension, room, number) for number in (*PEOPLE, NOBODY)]
        held.refused = {
            number: error
            for number, error in zip((*PEOPLE, NOBODY), await asyncio.gather(*calling), strict=True)
            if error
        }
        # Ben hangs up by himself, which ends his participant; the room's end ends the others' calls.
        await _until_gone(server, room, BEN)
        await server.room.delete_room(api.DeleteRoomRequest(room=room))


async def _call(server: api.LiveKitAPI, extension: Extension, room: str, number: str) -> api.TwirpError | None:
    request = api.CreateSIPParticipantRequest(
        sip_trunk_id=await _trunk(server, extension),
        sip_call_to=number,
        room_name=room,
        participant_identity=number,
        wait_until_answered=True,
        ringing_timeout=Duration(seconds=RINGING),
    )
    try:
        await server.sip.create_sip_participant(request)
    except api.TwirpError as error:
        return error
    return None


async def _trunk(server: api.LiveKitAPI, extension: Extension) -> str:
    """The trunk that bootstrap has made of the settings."""
    listed = await server.sip.list_outbound_trunk(api.ListSIPOutboundTrunkRequest())
    [trunk] = [trunk for trunk in listed.items if trunk.metadata == outbound_mark(extension.name)]
    return trunk.sip_trunk_id


async def _until_gone(server: api.LiveKitAPI, room: str, identity: str) -> None:
    async with asyncio.timeout(60):
        while True:
            listed = await server.room.list_participants(api.ListParticipantsRequest(room=room))
            if identity not in [participant.identity for participant in listed.participants]:
                return
            await asyncio.sleep(0.3)


def test_a_person_answers_and_sees_the_number_that_the_trunk_shows(held: Held) -> None:
    assert set(held.refused) == {CARLA, DAVID, EVE, NOBODY}
    report = held.people[ANNA].report
    assert (report["sip"]["status"], report["direction"], report["from"]) == (200, "incoming", SOMEBODY)


def test_two_people_in_a_room_hear_each_other(held: Held) -> None:
    assert held.people[BEN].hears("tomato soup"), held.people[BEN].printed
    assert held.people[ANNA].hears("fresh bread"), held.people[ANNA].printed


def test_the_keys_that_one_person_presses_are_heard_by_the_other(held: Held) -> None:
    assert held.people[BEN].keys == KEYS, held.people[BEN].printed


def test_who_asks_for_the_trunks_password_is_given_it(held: Held) -> None:
    assert held.people[BEN].report["sip"]["status"] == 200, held.people[BEN].printed
    assert held.people[BEN].report["rang_after"] < 1


def test_a_person_who_rings_for_two_seconds_answers_after_that(held: Held) -> None:
    assert 2 <= held.people[BEN].report["answered_after"] < 4, held.people[BEN].printed


def test_a_person_who_is_busy_is_told_as_486(held: Held) -> None:
    assert held.status_of(CARLA) == 486
    assert held.people[CARLA].code == 0, held.people[CARLA].printed


def test_a_person_who_declines_is_told_as_603(held: Held) -> None:
    assert held.status_of(DAVID) == 603
    assert held.people[DAVID].code == 0, held.people[DAVID].printed


def test_a_person_who_does_not_answer_rings_for_as_long_as_asked(held: Held) -> None:
    assert EVE in held.refused
    outcome = held.people[EVE]
    assert outcome.hung_up, outcome.printed
    assert RINGING - 1 < outcome.report["ended_after"] < RINGING + 3, outcome.printed


def test_a_number_that_nobody_has_is_told_as_404(held: Held) -> None:
    assert held.status_of(NOBODY) == 404


def test_a_person_who_hangs_up_ends_their_leg_alone_and_the_rooms_end_hangs_up_on_the_others(held: Held) -> None:
    assert held.people[BEN].report["ended_by"] == "person", held.people[BEN].printed
    assert held.people[ANNA].hung_up, held.people[ANNA].printed


def test_an_answering_machine_speaks_then_beeps_and_the_others_hear_it(held: Held) -> None:
    turn = held.people[MACHINE].report["turns"][0]
    assert turn["end"] - turn["start"] > 3, held.people[MACHINE].printed
    assert held.people[ANNA].hears("after the tone"), held.people[ANNA].printed


@dataclass
class Referred:
    outcomes: dict[str, Outcome]
    errors: dict[str, Exception | None]


REFER: Mapping[str, Sequence[str]] = {
    "accepted": ["--from", "+15550146001", "--refer", "accept", "--stay", "40"],
    "refused": ["--from", "+15550146002", "--refer", "603", "--stay", "20"],
    "busy": ["--from", "+15550146003", "--refer", "fail", "--stay", "20"],
}


@pytest.fixture(scope="module")
def referred(extension: Extension) -> Referred:
    """Three callers, each of whose phones is asked to call somebody else."""
    with ThreadPoolExecutor() as pool:
        calling = pool.submit(extension.calls_by_name, REFER)
        errors = asyncio.run(_refer_all(extension))
        return Referred(calling.result(), errors)


async def _refer_all(extension: Extension) -> dict[str, Exception | None]:
    async with extension.line.server() as server:
        referring = [_refer(server, extension, told[1]) for told in REFER.values()]
        return dict(zip(REFER, await asyncio.gather(*referring), strict=True))


async def _refer(server: api.LiveKitAPI, extension: Extension, caller: str) -> Exception | None:
    room, identity = await _caller_in_a_room(server, extension, caller)
    request = api.TransferSIPParticipantRequest(
        room_name=room, participant_identity=identity, transfer_to=ELSEWHERE, ringing_timeout=Duration(seconds=10)
    )
    try:
        await server.sip.transfer_sip_participant(request)
    except api.TwirpError as error:
        return error
    return None


async def _caller_in_a_room(server: api.LiveKitAPI, extension: Extension, caller: str) -> tuple[str, str]:
    """The room of this caller's call, once the agent is in it, and who they are in it."""
    async with asyncio.timeout(WITHIN + 20):
        while True:
            rooms = [room.name for room in (await server.room.list_rooms(api.ListRoomsRequest())).rooms]
            for room in (room for room in rooms if room.startswith(f"{extension.name}-")):
                listed = await server.room.list_participants(api.ListParticipantsRequest(room=room))
                of_caller = [one for one in listed.participants if one.attributes.get("sip.phoneNumber") == caller]
                if of_caller and of_caller[0].attributes.get("sip.callStatus") == "active":
                    return room, of_caller[0].identity
            await asyncio.sleep(0.3)


def test_a_caller_whose_phone_accepts_is_transferred_and_the_gateway_hangs_up(referred: Referred) -> None:
    outcome = referred.outcomes["accepted"]
    assert referred.errors["accepted"] is None
    [referral] = outcome.report["referrals"]
    assert (referral["status"], referral["outcome"]) == (202, 200)
    assert ELSEWHERE in referral["to"]
    assert outcome.hung_up, outcome.printed
    assert outcome.report["ended_after"] - referral["at"] < 5, outcome.printed


def test_a_caller_whose_phone_refuses_stays_with_the_line(referred: Referred) -> None:
    outcome = referred.outcomes["refused"]
    assert referred.errors["refused"] is not None
    [referral] = outcome.report["referrals"]
    assert (referral["status"], referral["outcome"]) == (603, None)
    assert not outcome.hung_up, outcome.printed


def test_a_caller_whose_transfer_fails_later_stays_with_the_line(referred: Referred) -> None:
    outcome = referred.outcomes["busy"]
    assert referred.errors["busy"] is not None
    [referral] = outcome.report["referrals"]
    assert (referral["status"], referral["outcome"]) == (202, 486)
    assert not outcome.hung_up, outcome.printed
