"""A call whose process has died is ended by the main process."""

import asyncio
import logging
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import aiohttp
import pytest
from livekit import api

from agent.settings import Settings
from agent.worker import orphaned_calls as crashes
from tests.unit.agent.fakes import host, until

if TYPE_CHECKING:
    from livekit.agents import AgentServer

GONE = api.TwirpError(api.TwirpErrorCode.NOT_FOUND, "requested room does not exist", status=404)
SIP, AGENT = api.ParticipantInfo.Kind.SIP, api.ParticipantInfo.Kind.AGENT
AGENT_NAME = "inbound-voice-agent"
BROKEN = api.TwirpError(api.TwirpErrorCode.UNAVAILABLE, "no", status=503)


class Rooms:
    def __init__(self) -> None:
        self.answer: Exception | None = None
        self.deleted: list[str] = []
        # Seconds since each began, and who is there, or of what kind they are.
        self.there: dict[str, tuple[float, list[Any]]] = {}
        self.dispatched: dict[str, str] = {}  # the agent of a room that is not ours
        self.rules: dict[str, str] = {}  # the dispatch rule of a phone that did not come in by one
        self.joined: dict[str, str] = {}  # the mark of a phone whom a caller was transferred to: the second in its room
        self.persons: set[str] = set()  # the rooms that the caller has left
        self.caller_of_persons = AGENT_NAME  # the agent that has called those who were called
        self.slow: set[str] = set()
        self.failing: dict[str, Exception] = {}

    async def list_rooms(self, _: api.ListRoomsRequest) -> api.ListRoomsResponse:
        ages = {name: age for name, (age, _) in self.there.items() if name not in self.deleted}
        rooms = [api.Room(name=name, creation_time=int(time.time() - age)) for name, age in ages.items()]
        return api.ListRoomsResponse(rooms=rooms)

    async def list_participants(self, asked: api.ListParticipantsRequest) -> api.ListParticipantsResponse:
        if asked.room in self.slow:
            await asyncio.Event().wait()
        if asked.room in self.failing:
            raise self.failing[asked.room]
        came, joined = self.rules.get(asked.room, "SDR_1"), self.joined.get(asked.room, "")
        of_phones = iter(
            [{"sip.ruleID": came}, {"landline.joined": joined, "landline.leg": self.caller_of_persons}][
                asked.room in self.persons :
            ]
        )
        return api.ListParticipantsResponse(
            participants=[
                kind
                if isinstance(kind, api.ParticipantInfo)
                else api.ParticipantInfo(kind=kind, attributes=next(of_phones) if kind == SIP else {})
                for kind in self.there.get(asked.room, (0.0, []))[1]
            ]
        )

    async def list_dispatch(self, room_name: str) -> list[api.AgentDispatch]:
        return [api.AgentDispatch(agent_name=self.dispatched.get(room_name, AGENT_NAME))]

    async def delete_room(self, delete: api.DeleteRoomRequest) -> None:
        self.deleted.append(delete.room)
        if self.answer:
            raise self.answer


class Line:
    """A server whose calls are the names of their rooms."""

    def __init__(self) -> None:
        self.calls = ["call-1", "call-2"]
        self.looks = 0

    @property
    def active_jobs(self) -> list[Any]:
        self.looks += 1
        return [SimpleNamespace(job=SimpleNamespace(room=SimpleNamespace(name=name))) for name in self.calls]


@pytest.fixture
def settings() -> Settings:
    return host(agent_name=AGENT_NAME)


@pytest.fixture
def rooms(monkeypatch: pytest.MonkeyPatch) -> Rooms:
    rooms = Rooms()

    class LiveKit:
        room = agent_dispatch = rooms

        def __init__(self, *_: object) -> None: ...

        async def __aenter__(self) -> "LiveKit":
            return self

        async def __aexit__(self, *_: object) -> None: ...

    monkeypatch.setattr(api, "LiveKitAPI", LiveKit)
    monkeypatch.setattr(crashes, "LOOKED_EVERY", 0.01)
    return rooms


async def while_calls_end(line: Line, settings: Settings) -> None:
    """The first call's process goes while the second one's stays."""

    async def work() -> str:
        await until(lambda: line.looks)
        line.calls.remove("call-1")
        looks = line.looks
        await until(lambda: line.looks >= looks + 3)
        return "done"

    server = cast("AgentServer", line)
    assert await crashes.hang_up_after_crashes_while(work(), server, settings) == "done"


async def test_the_room_of_a_process_that_is_gone_is_deleted_once(
    rooms: Rooms, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    await while_calls_end(Line(), settings)
    assert rooms.deleted == ["call-1"]
    assert caplog.messages == ["A call's process died before the call ended: the caller was hung up on"]


async def test_a_call_that_ended_well_has_no_room_and_nothing_is_said_of_it(
    rooms: Rooms, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    rooms.answer = GONE
    await while_calls_end(Line(), settings)
    assert rooms.deleted == ["call-1"]
    assert caplog.messages == []


@pytest.mark.parametrize("failure", [BROKEN, aiohttp.ClientConnectionError(), TimeoutError()])
async def test_a_server_that_does_not_do_so_is_told_of_and_the_line_goes_on(
    rooms: Rooms, settings: Settings, caplog: pytest.LogCaptureFixture, failure: Exception
) -> None:
    caplog.set_level(logging.INFO)
    rooms.answer = failure
    await while_calls_end(Line(), settings)
    [message] = caplog.messages
    assert message.startswith("Could not end an orphaned call yet: ")
    assert "call-1" not in message


async def test_a_room_that_could_not_be_deleted_is_deleted_later(
    rooms: Rooms, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    rooms.answer = BROKEN

    async def work() -> None:
        await until(lambda: line.looks)
        line.calls.remove("call-1")
        await until(lambda: rooms.deleted)
        rooms.answer = None
        await until(lambda: len(caplog.messages) == 2)

    line = Line()
    await crashes.hang_up_after_crashes_while(work(), cast("AgentServer", line), settings)
    assert rooms.deleted[0] == rooms.deleted[-1] == "call-1"
    assert caplog.messages[-1].endswith("the caller was hung up on")


async def test_an_error_that_nobody_thought_of_does_not_end_the_looking(
    rooms: Rooms, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    rooms.answer = ValueError("what is this")

    async def work() -> None:
        await until(lambda: line.looks)
        line.calls.remove("call-1")
        await until(lambda: rooms.deleted)
        rooms.answer = None
        await until(lambda: "hung up on" in caplog.text)

    line = Line()
    await crashes.hang_up_after_crashes_while(work(), cast("AgentServer", line), settings)
    assert "Could not check for orphaned calls; this will be tried again" in caplog.messages


@pytest.mark.parametrize("stuck", ["list_rooms", "delete_room"])
async def test_a_server_that_does_not_answer_once_is_asked_again(
    rooms: Rooms, settings: Settings, monkeypatch: pytest.MonkeyPatch, stuck: str
) -> None:
    monkeypatch.setattr(crashes, "SERVER_ANSWERS_WITHIN", 0.05)
    answer = getattr(rooms, stuck)

    async def no_answer(_: object) -> None:
        setattr(rooms, stuck, answer)
        await asyncio.Event().wait()

    async def work() -> None:
        await until(lambda: line.looks)
        line.calls.remove("call-1")
        await until(lambda: rooms.deleted)

    setattr(rooms, stuck, no_answer)
    line = Line()
    await crashes.hang_up_after_crashes_while(work(), cast("AgentServer", line), settings)
    assert rooms.deleted == ["call-1"]


async def look_until(rooms: Rooms, settings: Settings, condition: Callable[[], object]) -> None:
    line = Line()
    await crashes.hang_up_after_crashes_while(until(condition), cast("AgentServer", line), settings)


async def test_callers_whom_a_killed_agent_has_left_in_silence_are_hung_up_on(rooms: Rooms, settings: Settings) -> None:
    rooms.there = {
        "call-left": (60, [SIP]),
        "call-ringing": (20, [SIP]),
        "call-with-another-agent": (60, [SIP, AGENT]),
        "call-1": (60, [SIP]),
        "meeting": (60, [api.ParticipantInfo.Kind.STANDARD]),
    }
    await look_until(rooms, settings, lambda: rooms.deleted)
    assert rooms.deleted == ["call-left"]


async def test_somebody_whom_a_killed_agent_has_called_is_hung_up_on(rooms: Rooms, settings: Settings) -> None:
    rooms.there = {"call-out-1f2e3d": (60, [SIP]), "call-out-4a5b6c": (60, [SIP, AGENT])}
    rooms.rules = dict.fromkeys(rooms.there, "")
    await look_until(rooms, settings, lambda: rooms.deleted)
    assert rooms.deleted == ["call-out-1f2e3d"]


async def test_rooms_of_others_on_the_same_server_are_left_alone(rooms: Rooms, settings: Settings) -> None:
    rooms.there = {
        "sales-conference": (60, [SIP]),  # our agent's, but not by its name
        "call-of-another-agent": (60, [SIP]),
        "call-without-an-agent": (60, [SIP]),
        "call-that-somebody-dialled-out-of": (60, [SIP]),
        "call-left": (60, [SIP]),
    }
    rooms.dispatched = {"call-of-another-agent": "their-agent", "call-without-an-agent": ""}
    rooms.rules = {"call-that-somebody-dialled-out-of": ""}
    await look_until(rooms, settings, lambda: rooms.deleted)
    assert rooms.deleted == ["call-left"]


async def test_a_room_that_is_slow_or_fails_holds_up_no_other_and_is_told_of_once(
    rooms: Rooms, settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(crashes, "SERVER_ANSWERS_WITHIN", 0.05)
    monkeypatch.setattr(crashes, "SWEPT_EVERY", 0.01)
    rooms.there = {name: (60, [SIP]) for name in ("call-slow", "call-broken", "call-left-1", "call-left-2")}
    rooms.slow, rooms.failing = {"call-slow"}, {"call-broken": BROKEN}
    sweeps = 0
    listed = rooms.list_rooms

    async def list_rooms(asked: api.ListRoomsRequest) -> api.ListRoomsResponse:
        nonlocal sweeps
        sweeps += 1
        return await listed(asked)

    monkeypatch.setattr(rooms, "list_rooms", list_rooms)
    await look_until(rooms, settings, lambda: len(rooms.deleted) >= 2 and sweeps >= 3)
    assert sorted(rooms.deleted) == ["call-left-1", "call-left-2"]
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 1
    assert warnings[0].startswith("Could not check for orphaned calls: ")
    assert "call-" not in warnings[0]


async def test_a_room_that_is_gone_meanwhile_is_no_error(
    rooms: Rooms, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    rooms.there = {"call-just-over": (60, [SIP]), "call-left": (60, [SIP])}
    rooms.failing = {"call-just-over": GONE}
    await look_until(rooms, settings, lambda: rooms.deleted)
    assert [record.levelname for record in caplog.records] == ["ERROR"]


async def test_two_who_talk_when_their_process_dies_talk_on_until_one_of_them_leaves(
    rooms: Rooms, settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(crashes, "TALKS_WATCHED_EVERY", 0.02)
    rooms.there, rooms.joined = {"call-1": (5, [SIP, SIP])}, {"call-1": "yes"}

    async def work() -> None:
        await until(lambda: line.looks)
        line.calls.remove("call-1")
        await until(lambda: caplog.messages)
        looks = line.looks
        await until(lambda: line.looks >= looks + 10)
        assert rooms.deleted == []
        rooms.there["call-1"] = (5, [SIP])
        await until(lambda: rooms.deleted)

    line = Line()
    await crashes.hang_up_after_crashes_while(work(), cast("AgentServer", line), settings)
    assert rooms.deleted == ["call-1"]
    assert caplog.messages[0].endswith("the two talk on")


async def test_two_phones_of_whom_nobody_was_transferred_are_hung_up_on(rooms: Rooms, settings: Settings) -> None:
    rooms.there = {"call-1": (5, [SIP, SIP])}
    await while_calls_end(Line(), settings)
    assert rooms.deleted == ["call-1"]


async def test_a_new_agent_leaves_two_alone_who_talk_and_ends_the_call_of_the_one_who_is_left(
    rooms: Rooms, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crashes, "TALKS_WATCHED_EVERY", 0.02)
    monkeypatch.setattr(crashes, "SWEPT_EVERY", 0.01)
    rooms.there = {"call-two": (60, [SIP, SIP]), "call-left": (60, [SIP])}
    rooms.joined = {"call-two": "yes"}

    async def work() -> None:
        await until(lambda: rooms.deleted)
        looks = line.looks
        await until(lambda: line.looks >= looks + 10)
        assert set(rooms.deleted) == {"call-left"}
        rooms.there["call-two"] = (60, [SIP])
        await until(lambda: "call-two" in rooms.deleted)

    line = Line()
    await crashes.hang_up_after_crashes_while(work(), cast("AgentServer", line), settings)


async def test_a_person_whose_caller_left_while_there_was_no_agent_is_hung_up_on(
    rooms: Rooms, settings: Settings
) -> None:
    rooms.there, rooms.persons = {"call-person": (60, [SIP])}, {"call-person"}
    rooms.joined = {"call-person": "yes"}
    await look_until(rooms, settings, lambda: rooms.deleted)
    assert rooms.deleted == ["call-person"]


@pytest.mark.parametrize(("agent", "deleted"), [(AGENT_NAME, ["call-anew", "call-left"]), ("theirs", ["call-left"])])
async def test_somebody_whom_we_called_into_a_room_that_was_deleted_meanwhile_is_hung_up_on(
    rooms: Rooms, settings: Settings, agent: str, deleted: list[str]
) -> None:
    rooms.there = {"call-anew": (60, [SIP]), "call-left": (60, [SIP])}
    rooms.persons, rooms.caller_of_persons = {"call-anew"}, agent
    rooms.dispatched = {"call-anew": ""}  # the server made it when the phone came into it
    await look_until(rooms, settings, lambda: "call-left" in rooms.deleted)
    assert sorted(rooms.deleted) == deleted


STANDARD = api.ParticipantInfo.Kind.STANDARD
BROWSER = api.ParticipantInfo(
    kind=STANDARD, identity="browser-0123456789abcdef", attributes={"landline.caller": "browser"}
)
OPERATOR = api.ParticipantInfo(
    kind=STANDARD, identity="operator-0123456789abcdef", attributes={"landline.operator": "yes"}
)


async def test_callers_by_browser_whom_a_killed_agent_has_left_are_hung_up_on(rooms: Rooms, settings: Settings) -> None:
    stranger = api.ParticipantInfo(kind=STANDARD, identity="browser-fedcba9876543210")
    rooms.there = {
        "call-browser-with-an-agent": (60, [BROWSER, AGENT]),
        "call-browser-just-now": (20, [BROWSER]),
        "call-browser-of-others": (60, [BROWSER]),
        "call-browser-of-nobody": (60, [stranger]),
        "call-operator-alone": (60, [OPERATOR]),
        "call-browser-left": (60, [BROWSER]),
    }
    rooms.dispatched = {"call-browser-of-others": "their-agent"}
    await look_until(rooms, settings, lambda: rooms.deleted)
    assert rooms.deleted == ["call-browser-left"]


@pytest.mark.parametrize("caller", [SIP, BROWSER], ids=["phone", "browser"])
async def test_a_caller_and_an_operator_talk_on_until_one_of_them_leaves(
    rooms: Rooms, settings: Settings, monkeypatch: pytest.MonkeyPatch, caller: Any
) -> None:
    monkeypatch.setattr(crashes, "TALKS_WATCHED_EVERY", 0.02)
    monkeypatch.setattr(crashes, "SWEPT_EVERY", 0.01)
    rooms.there = {"call-two": (60, [caller, OPERATOR]), "call-left": (60, [SIP])}

    async def work() -> None:
        await until(lambda: rooms.deleted)
        looks = line.looks
        await until(lambda: line.looks >= looks + 10)
        assert set(rooms.deleted) == {"call-left"}
        rooms.there["call-two"] = (60, [OPERATOR])
        await until(lambda: "call-two" in rooms.deleted)

    line = Line()
    await crashes.hang_up_after_crashes_while(work(), cast("AgentServer", line), settings)
