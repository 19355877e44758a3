"""Whoever ends a call ends it for all."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from livekit import rtc
from livekit.agents import CloseEvent, CloseReason, JobContext

from agent.admission import admission as admissions
from agent.admission import owner_files
from agent.admission.admission import Admission
from agent.admission.caller import Caller
from agent.admission.sip_call import SipCall
from agent.conversation import call_room
from agent.conversation.call import Call
from agent.conversation.call_room import HangUp, wait_for_caller
from agent.conversation.hang_up_together import close_the_room_with_the_job, hang_up_together
from agent.conversation.refuse_strangers import refuse_strangers
from tests.unit.agent.fakes import host, in_call, line, settle


class Here:
    """The agent's own side of the room: the attributes that everybody sees."""

    def __init__(self) -> None:
        self.attributes: dict[str, str] = {}

    async def set_attributes(self, attributes: dict[str, str]) -> None:
        self.attributes |= attributes


class Room(rtc.EventEmitter[str]):
    """A room whose participants come and go by word of the test."""

    name = "call-_+12025550199_x"

    def __init__(self, *identities: str) -> None:
        super().__init__()
        self.local_participant = Here()
        self.connected = True
        self.remote_participants = {identity: participant(identity) for identity in identities}

    def isconnected(self) -> bool:
        return self.connected

    def leave(self, identity: str, reason: int = 1) -> None:
        gone = self.remote_participants.pop(identity)
        gone.disconnect_reason = reason
        self.emit("participant_disconnected", gone)


class Job:
    """What the behaviours use of a job, and what they did with it."""

    def __init__(self, *identities: str) -> None:
        self.room = Room(*identities)
        self.reasons: list[str] = []
        self.deleted = 0
        self.deleting: asyncio.Future[None] | None = None  # what takes so long
        self.callbacks: list[Any] = []

    def shutdown(self, reason: str = "") -> None:
        self.reasons.append(reason)

    def add_shutdown_callback(self, callback: Any) -> None:
        self.callbacks.append(callback)

    def delete_room(self) -> "asyncio.Future[None]":
        self.deleted += 1
        if self.deleting:
            return self.deleting
        done = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    async def wait_for_participant(self, *, kind: Any) -> Any:
        assert kind == rtc.ParticipantKind.PARTICIPANT_KIND_SIP
        if not self.room.connected:
            raise RuntimeError("room disconnected while waiting for participant")
        await asyncio.sleep(0 if self.room.remote_participants else 3600)
        return next(iter(self.room.remote_participants.values()))


CALLER = Caller("+12025550199", anonymous=False)
KNOWN = {"sip.trunkID": "ST_1", "sip.hostname": "pstn.twilio.com"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The line's folder, where the lists are."""
    (tmp_path / "coffee").mkdir()
    read = owner_files.read_lists
    monkeypatch.setattr(
        owner_files, "read_lists", lambda folder, **more: read(tmp_path / folder.name, tmp_path / "kept", **more)
    )
    monkeypatch.setattr(admissions, "DATA", tmp_path)
    return tmp_path / "coffee"


def admission(trunk_account: str | None = None, at_once: int = 3, **limits: int) -> Admission:
    return Admission(line(**limits), host(trunk_account=trunk_account), at_once)


def a_call(job: Job, attributes: Mapping[str, str]) -> Call:
    return in_call(ctx=job, sip=SipCall.from_attributes(attributes), record=SimpleNamespace(caller=CALLER))


def participant(identity: str) -> Any:
    return SimpleNamespace(identity=identity, disconnect_reason=None)


def context(job: Job) -> JobContext:
    return cast("JobContext", job)


@pytest.fixture
def job() -> Job:
    return Job("caller", "someone else")


@pytest.fixture
def session() -> rtc.EventEmitter[str]:
    return rtc.EventEmitter[str]()


def attach(job: Job, session: rtc.EventEmitter[str]) -> None:
    hang_up_together(in_call(ctx=job, session=session, participant=participant("caller")))


@pytest.mark.parametrize("reason", rtc.DisconnectReason.values())
def test_the_job_ends_when_the_caller_leaves_for_whatever_reason(
    job: Job, session: rtc.EventEmitter[str], reason: int
) -> None:
    attach(job, session)
    assert job.reasons == []
    job.room.leave("caller", reason)
    assert job.reasons == ["the caller hung up"]


def test_the_job_goes_on_when_someone_else_leaves(job: Job, session: rtc.EventEmitter[str]) -> None:
    attach(job, session)
    job.room.leave("someone else")
    assert job.reasons == []


def test_a_caller_who_left_before_we_listened_is_noticed(session: rtc.EventEmitter[str]) -> None:
    job = Job()
    attach(job, session)
    assert job.reasons == ["the caller hung up"]


@pytest.mark.parametrize("reason", CloseReason)
def test_the_job_ends_when_the_session_closes(job: Job, session: rtc.EventEmitter[str], reason: CloseReason) -> None:
    attach(job, session)
    session.emit("close", CloseEvent(reason=reason))
    assert job.reasons == [f"the session closed: {reason.value}"]


async def test_the_room_is_deleted_when_the_job_ends(job: Job, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    close_the_room_with_the_job(context(job), HangUp(context(job)))
    assert job.deleted == 0
    [close] = job.callbacks
    await close("the caller hung up")
    assert job.deleted == 1
    [record] = caplog.records
    assert record.getMessage() == "Call ended"
    assert vars(record)["reason"] == "the caller hung up"


async def test_a_room_that_is_just_being_deleted_is_not_deleted_a_second_time(job: Job) -> None:
    hang_up = HangUp(context(job))
    close_the_room_with_the_job(context(job), hang_up)
    job.deleting = asyncio.get_running_loop().create_future()
    hang_up.begin()
    closing = asyncio.ensure_future(job.callbacks[0]("the caller was silent"))
    await asyncio.sleep(0.01)
    assert not closing.done()
    job.deleting.set_result(None)
    await closing
    assert job.deleted == 1


async def test_a_room_that_cannot_be_deleted_does_not_keep_the_call_going(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(call_room, "SERVER_ANSWERS_WITHIN", 0.02)
    job = Job()
    job.deleting = asyncio.get_running_loop().create_future()
    close_the_room_with_the_job(context(job), HangUp(context(job)))
    [close] = job.callbacks
    async with asyncio.timeout(1):
        await close("the caller hung up")
    assert "Could not delete the call's room within" in caplog.text


async def test_the_caller_is_the_phone_in_the_room(job: Job) -> None:
    caller = await wait_for_caller(context(job))
    assert caller is job.room.remote_participants["caller"]
    call = in_call(ctx=job, participant=caller)
    assert call.caller_is_there
    job.room.leave("caller")
    assert not call.caller_is_there


async def test_a_caller_cannot_hear_us_in_a_room_that_is_gone(job: Job) -> None:
    job.room.connected = False
    assert not in_call(ctx=job, participant=participant("caller")).caller_is_there


@pytest.mark.parametrize("room_is_gone", [False, True])
async def test_a_caller_who_never_comes_ends_the_job(monkeypatch: pytest.MonkeyPatch, room_is_gone: bool) -> None:
    monkeypatch.setattr("agent.conversation.call_room.CALLER_JOINS_WITHIN", 0.01)
    job = Job()
    job.room.connected = not room_is_gone
    assert await wait_for_caller(context(job)) is None
    assert job.reasons == ["the caller hung up while it rang"]


def test_a_stranger_is_refused_and_the_log_does_not_tell_the_number(job: Job, caplog: pytest.LogCaptureFixture) -> None:
    attributes = {"sip.trunkID": "ST_1", "sip.hostname": "54.172.60.0/30", "sip.phoneNumber": "+12025550199"}
    assert refuse_strangers(a_call(job, attributes), admission())
    assert job.reasons == ["refused"]
    assert "Call refused: " in caplog.text
    assert "2025550199" not in caplog.text


def test_a_known_carrier_is_not_refused(job: Job) -> None:
    attributes = {"sip.trunkID": "ST_1", "sip.hostname": "pstn.twilio.com"}
    assert not refuse_strangers(a_call(job, attributes), admission())
    assert job.reasons == []


@pytest.mark.parametrize("account", ["", "AC2"])
def test_a_call_of_another_trunk_account_is_refused_where_ours_is_set(
    job: Job, caplog: pytest.LogCaptureFixture, account: str
) -> None:
    call = a_call(job, KNOWN | {"trunk.account": account})
    assert not refuse_strangers(call, admission())
    assert refuse_strangers(call, admission(trunk_account="AC1"))
    assert job.reasons == ["refused"]
    assert "trunk account" in caplog.text


def test_a_call_of_our_trunk_account_is_not_refused(job: Job) -> None:
    call = a_call(job, KNOWN | {"trunk.account": "AC1"})
    assert not refuse_strangers(call, admission(trunk_account="AC1"))


def test_who_is_blocked_is_refused_and_the_log_does_not_tell_the_number(
    job: Job, caplog: pytest.LogCaptureFixture, folder: Path
) -> None:
    (folder / "blocked.txt").write_text(CALLER.number)
    assert refuse_strangers(a_call(job, KNOWN), admission())
    assert "Call refused: the caller is in blocked.txt" in caplog.text
    assert "2025550199" not in caplog.text


@pytest.mark.parametrize(("file", "content"), [("blocked.txt", "anonymous"), ("allowed.txt", "+1*")])
async def test_a_greeting_is_prepared_before_it_is_known_who_calls_only_if_that_does_not_matter(
    folder: Path, file: str, content: str
) -> None:
    assert await admission().lets_anybody_in()
    assert not await admission(trunk_account="AC1").lets_anybody_in()
    assert not await admission(calls_per_caller=1).lets_anybody_in()
    (folder / file).write_text(content)
    assert not await admission().lets_anybody_in()


async def test_no_greeting_is_prepared_while_all_lines_are_busy() -> None:
    assert await admission().slot("AJ_1", CALLER).take() is None
    assert not await admission(at_once=1).lets_anybody_in()
    assert await admission(at_once=1).slot("AJ_2", CALLER).take() == "busy"


async def test_the_job_of_a_recorded_call_ends_when_the_last_words_are_known(
    job: Job, session: rtc.EventEmitter[str]
) -> None:
    may_end = asyncio.Event()
    call = in_call(ctx=job, session=session, participant=participant("caller"))
    call.before_end = may_end.wait
    hang_up_together(call)
    job.room.leave("caller")
    await settle()
    assert job.reasons == []
    may_end.set()
    await settle()
    assert job.reasons == ["the caller hung up"]


def operator(identity: str = "operator-0123456789abcdef") -> Any:
    who = participant(identity)
    who.kind, who.attributes = rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD, {"landline.operator": "yes"}
    return who


async def test_an_operator_who_leaves_while_the_caller_comes_ends_nothing() -> None:
    job = Job()
    waiting = asyncio.ensure_future(wait_for_caller(context(job), by_browser=True))
    await settle()
    for event in ("participant_connected", "participant_disconnected"):
        job.room.emit(event, operator())
    await settle()
    assert not waiting.done()
    caller = participant("browser-0123456789abcdef")
    caller.kind, caller.attributes = rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD, {"landline.caller": "browser"}
    job.room.emit("participant_connected", caller)
    assert await waiting is caller
    assert job.reasons == []


async def test_a_phone_and_an_agent_are_no_browsers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.conversation.call_room.CALLER_JOINS_WITHIN", 0.05)
    job = Job()
    waiting = asyncio.ensure_future(wait_for_caller(context(job), by_browser=True))
    await settle()
    for kind in (rtc.ParticipantKind.PARTICIPANT_KIND_SIP, rtc.ParticipantKind.PARTICIPANT_KIND_AGENT):
        who = participant("x")
        who.kind, who.attributes = kind, {}
        job.room.emit("participant_connected", who)
    assert await waiting is None


async def test_the_room_of_a_call_that_an_operator_took_over_is_deleted_when_the_caller_leaves(
    job: Job, session: rtc.EventEmitter[str]
) -> None:
    call = in_call(ctx=job, session=session, participant=participant("caller"), hang_up=HangUp(context(job)))
    call.before_end = None
    hang_up_together(call)
    call.transfer.operator_came.set()
    call.hang_up.spares = True
    job.room.leave("caller")
    assert job.reasons == ["the caller hung up"]
    await call.hang_up.finish()
    assert job.deleted == 1


async def test_an_operator_and_a_caller_talk_on_without_a_process(job: Job, caplog: pytest.LogCaptureFixture) -> None:
    hang_up = HangUp(context(job))
    hang_up.spares = True
    await hang_up.finish()
    assert job.deleted == 0
    assert "the two talk on" in caplog.text
