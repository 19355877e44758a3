"""A call that is recorded leaves sound, transcript and news; one that must not be leaves nothing."""

import asyncio
import json
import threading
from collections.abc import AsyncIterable, AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast
from unittest.mock import Mock

import numpy as np
import pytest
from livekit import rtc
from livekit.agents import Agent, AgentSession, JobContext, ModelSettings
from livekit.agents.llm import FunctionCall, FunctionCallOutput
from livekit.agents.voice import io
from pydantic import SecretStr

from agent.admission.caller import Caller
from agent.admission.sip_call import SipCall
from agent.behaviors import record_the_call as module
from agent.behaviors.record_the_call import record_the_call
from agent.conversation.call_room import HangUp
from agent.conversation.ending import Ending
from agent.lines.webhook import Webhook
from agent.records import report as reporting
from agent.records.call_record import CallRecord
from agent.records.capture import recording
from agent.records.finalize import write_draft
from agent.records.folders import Folders
from agent.records.report import report_the_call
from agent.records.retention import finish_what_was_left
from agent.records.transcript import Draft
from agent.storage.private_files import make_folder
from tests.unit.agent.fakes import Loudspeaker, Recorded, ScriptedLLM, in_call, line, pipeline, settle, spoken, until
from tests.unit.agent.records.redaction.test_mute import decoded, level

if TYPE_CHECKING:
    from agent.conversation.call import Call

NOTICE, QUESTION = "This call is recorded.", "May I record this call? Please say yes or no."
NOT_RECORDED = "All right, this call is not recorded."
GREETING = "Hello, Landline."

pytestmark = pytest.mark.real_time  # livekit-agents encodes in a thread of its own


def tone(seconds: float, rate: int) -> rtc.AudioFrame:
    at = np.arange(int(seconds * rate)) / rate
    samples = (16000 * np.sin(2 * np.pi * 440 * at)).astype(np.int16)
    return rtc.AudioFrame(samples.tobytes(), rate, 1, len(samples))


class Line(io.AudioInput):
    """A caller who hums, in real time."""

    def __init__(self) -> None:
        super().__init__(label="line")

    async def __anext__(self) -> rtc.AudioFrame:
        await asyncio.sleep(0.02)
        return tone(0.02, 16000)


class Receptionist(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="Be brief.")
        self.call: Call | None = None

    async def on_enter(self) -> None:
        if self.call and self.call.before_greeting:
            await self.call.before_greeting()

        async def sound() -> AsyncIterator[rtc.AudioFrame]:
            yield tone(0.5, 24000)

        self.session.say(GREETING, audio=sound())

    async def tts_node(self, text: AsyncIterable[str], model_settings: ModelSettings) -> AsyncIterator[rtc.AudioFrame]:
        async for _ in text:
            pass
        yield tone(0.1, 24000)


class Talk:
    """A call with its job; what its process leaves is below `folders`."""

    def __init__(self, folders: Folders, **changes: Any) -> None:
        hook = Webhook(url=SecretStr("http://localhost/hook"), secret=SecretStr("s" * 32))
        its = line(**{"webhook": hook, "enabled": True, "silent_caller_after": 2} | changes)
        self.folders = folders
        self.model = ScriptedLLM(lambda words: "A summary." if "caller:" in words else f"You said {words}")
        self.session: AgentSession[None] = AgentSession(
            llm=self.model, vad=None, turn_handling={"turn_detection": None}, aec_warmup_duration=None
        )
        self.room = rtc.EventEmitter[str]()
        self.loudspeaker = Loudspeaker()
        self.session.input.audio, self.session.output.audio = Line(), self.loudspeaker
        self.callbacks: list[Any] = []
        self.reasons: list[str] = []
        self.ctx = cast(
            "JobContext",
            SimpleNamespace(
                room=self.room,
                add_shutdown_callback=self.callbacks.append,
                shutdown=lambda reason: self.reasons.append(reason),
            ),
        )
        call = SipCall("SCL_1", "ST_1", "SDR_1", "carrier.example.com", "12025550123", "+12025550100", "", "")
        self.record = CallRecord(call, Caller("+12025550123", anonymous=False, name="Ada"), its, pipeline(its))
        announcer = Recorded(self.session, "en")
        self.ending = Ending(self.ctx, self.session, announcer, HangUp(self.ctx))
        report_the_call(self.ctx, self.record)
        made = in_call(ctx=self.ctx, session=self.session, record=self.record, announcer=announcer, line=its)
        receptionist = Receptionist()
        receptionist.call = made
        made.ending, made.receptionist = self.ending, receptionist
        record_the_call(made)
        self.first = made.first_agent or made.receptionist

    async def begin(self) -> None:
        await self.session.start(self.first, record=False)
        await until(lambda: self.session.current_speech is not None)

    async def hear(self, *words: str) -> None:
        """The next things that the agent says, played to their end."""
        for text in words:
            await until(lambda text=text: self.loudspeaker._seconds or spoken(self.session)[-1:] == [text])  # type: ignore[misc]
            await self.loudspeaker.play_to_the_end()
            await until(lambda text=text: spoken(self.session)[-1] == text)  # type: ignore[misc]

    async def says(self, words: str) -> None:
        self.session.generate_reply(user_input=words)
        await settle()

    async def end(self, reason: str = "the caller hung up") -> None:
        """As livekit-agents ends a job: the session first, then the callbacks, at once."""
        await self.session.aclose()
        await asyncio.gather(*[callback(reason) for callback in self.callbacks])

    @property
    def place(self) -> Path:
        return self.folders.place_of(self.record.name)

    @property
    def transcript(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads((self.place / "transcript.json").read_text())
        return told

    @property
    def news(self) -> dict[str, Any]:
        [file] = self.folders.outbox.glob("*.json")
        told: dict[str, Any] = json.loads(file.read_text())
        return told

    @property
    def files(self) -> list[str]:
        return [file.name for file in self.folders.calls.rglob("*") if file.is_file()]


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folders:
    folders = Folders("coffee", tmp_path)
    for user in (recording, reporting):
        monkeypatch.setattr(user, "Folders", lambda _: folders)
    return folders


class SlowDisk:
    """Makes a folder at once, but has the first draft in it no sooner than it is `free`; then it may be full."""

    def __init__(self) -> None:
        self.free = threading.Event()
        self.full = False
        self.drafts: list[str] = []  # begun, and those that are through

    def write_draft(self, work: Path, draft: Draft) -> None:
        if draft.whole:
            write_draft(work, draft)
            return
        make_folder(work)
        self.drafts.append("begun")
        try:
            self.free.wait()
            if self.full:
                raise OSError(28, "No space left on device")
            write_draft(work, draft)
        finally:
            self.drafts.append("through")


@pytest.fixture
async def disk(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SlowDisk]:
    disk = SlowDisk()
    monkeypatch.setattr(recording, "write_draft", disk.write_draft)
    monkeypatch.setattr(recording, "DRAFTED_WITHIN", 0.1)
    yield disk
    disk.free.set()  # the loop's end waits for its threads


async def test_sound_is_kept_from_the_first_word_and_the_caller_is_left(folders: Folders) -> None:
    talk = Talk(folders)
    await talk.begin()
    await talk.hear(NOTICE, GREETING)
    await asyncio.sleep(1.0)
    await talk.end()
    sound = decoded(talk.place / "audio.ogg")
    left, right = level(sound, 0.2, 0.5)
    assert left > 0.2
    assert right > 0.2  # the greeting, 0.1 s after the notice's silence
    assert level(sound, 0.8, 0.95)[0] > 0.2
    assert level(sound, 0.8, 0.95)[1] < 0.001  # the agent has said all


async def test_the_transcript_has_who_said_what_when_and_how_it_ended(folders: Folders) -> None:
    talk = Talk(folders)
    await talk.begin()
    await talk.hear(NOTICE, GREETING)
    await talk.says("At nine?")
    await talk.hear("You said At nine?")
    talk.room.emit("sip_dtmf_received", rtc.SipDTMF(code=4, digit="4"))
    talk.room.emit("sip_dtmf_received", rtc.SipDTMF(code=11, digit="no key, as a browser can send it"))
    talk.room.emit("sip_dtmf_received", rtc.SipDTMF(code=11, digit="#"))
    await talk.end("the caller was silent")
    told = talk.transcript
    assert [(turn["who"], turn["text"]) for turn in told["turns"]] == [
        ("agent", NOTICE),
        ("agent", GREETING),
        ("caller", "At nine?"),
        ("agent", "You said At nine?"),
    ]
    assert [turn["start"] for turn in told["turns"]] == sorted(turn["start"] for turn in told["turns"])
    assert [keys["keys"] for keys in told["keys"]] == ["4#"]
    facts = ("version", "call", "caller", "name", "dialled", "language", "outcome", "summary")
    assert [told[name] for name in facts] == [
        *(1, "SCL_1", "+12025550123", "Ada", "+12025550100", "en", "the caller was silent", "A summary.")
    ]
    assert told["models"]["llm"] == "openai/gpt-4o-mini"
    assert talk.record.settled.is_set()


async def test_a_tool_is_written_down_with_what_it_was_given_and_gave(folders: Folders) -> None:
    talk = Talk(folders)
    await talk.begin()
    await talk.hear(NOTICE, GREETING)
    called = FunctionCall(call_id="1", name="pay", arguments='{"card": "4111 1111 1111 1111", "for": 2}')
    talk.session.history.insert([called, FunctionCallOutput(call_id="1", output="paid", is_error=False)])
    await talk.end()
    [tool] = talk.transcript["tool_calls"]
    assert (tool["name"], tool["arguments"], tool["result"]) == ("pay", {"card": "[redacted]", "for": 2}, "paid")
    assert tool["at"] >= 0


async def test_the_news_are_the_transcript_and_where_the_record_lies(folders: Folders) -> None:
    talk = Talk(folders)
    await talk.begin()
    await talk.hear(NOTICE, GREETING)
    await talk.end()
    news = talk.news
    assert (news["type"], news["id"]) == ("call.ended", f"call-ended-{talk.record.name}")
    assert news["data"]["recording"] == talk.place.relative_to(folders.calls.parent).as_posix()
    assert news["data"]["transcript"] == talk.transcript
    assert news["data"]["outcome"] == "the caller hung up"


async def test_numbers_that_must_not_be_kept_are_in_none_of_it(folders: Folders) -> None:
    talk = Talk(folders)
    await talk.begin()
    await talk.hear(NOTICE, GREETING)
    await talk.says("My card is 4111 1111 1111 1111.")
    await talk.hear("You said My card is 4111 1111 1111 1111.")
    await talk.end()
    assert "1111" not in (talk.place / "transcript.json").read_text()
    assert "1111" not in json.dumps(talk.news)
    assert talk.transcript["turns"][2]["text"] == "My card is [redacted]."
    summed_up = [context for context in talk.model.contexts if "caller:" in str(context.to_dict())]
    assert len(summed_up) == 1
    assert "1111" not in str(summed_up[0].to_dict())


async def test_with_recording_off_nobody_is_told_and_nothing_is_kept_but_the_news_are_sent(folders: Folders) -> None:
    talk = Talk(folders, enabled=False)
    await talk.begin()
    await talk.hear(GREETING)
    await talk.end()
    assert spoken(talk.session) == [GREETING]
    assert not folders.calls.exists()
    assert (talk.news["data"]["recording"], talk.news["data"]["transcript"]) == (None, None)
    assert talk.news["data"]["caller"] == "+12025550123"


async def test_a_record_that_could_not_be_finished_is_told_of_when_it_is(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk = Talk(folders)
    await talk.begin()
    await talk.hear(NOTICE, GREETING)
    with monkeypatch.context() as full:
        full.setattr(recording, "finish", Mock(side_effect=OSError(28, "No space left on device")))
        await talk.end()
    assert not folders.outbox.exists()
    finish_what_was_left(folders, talk.record.line)
    assert talk.news["data"]["transcript"] == talk.transcript


async def test_the_news_are_there_before_the_record_is(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    talk = Talk(folders)
    await talk.begin()
    await talk.hear(NOTICE, GREETING)
    monkeypatch.setattr(Path, "rename", Mock(side_effect=OSError("killed")))
    await talk.end()
    assert not talk.place.exists()
    assert talk.news["data"]["recording"] == talk.place.relative_to(folders.calls.parent).as_posix()


async def test_a_disk_that_takes_no_news_does_not_disturb_the_job(
    folders: Folders, caplog: pytest.LogCaptureFixture
) -> None:
    folders.outbox.parent.mkdir()
    folders.outbox.write_text("a file where the folder should be")
    talk = Talk(folders, enabled=False)
    await talk.begin()
    await talk.hear(GREETING)
    await talk.end()
    assert "Could not write the event of this call" in caplog.text


async def test_without_an_address_there_are_no_news(folders: Folders) -> None:
    talk = Talk(folders, webhook=Webhook())
    await talk.begin()
    await talk.hear(NOTICE, GREETING)
    await talk.end()
    assert not folders.outbox.exists()


async def test_nothing_need_be_said_about_it(folders: Folders) -> None:
    talk = Talk(folders, notice="no")
    await talk.begin()
    await talk.hear(GREETING)
    await talk.end()
    assert [turn["text"] for turn in talk.transcript["turns"]] == [GREETING]


@pytest.mark.parametrize("answer", ["Yes, go ahead.", "(keys pressed) 1"])
async def test_with_a_yes_everything_after_it_is_kept(folders: Folders, answer: str) -> None:
    talk = Talk(folders, notice="ask")
    await talk.begin()
    await talk.hear(QUESTION)
    await talk.says(answer)
    await talk.hear(GREETING)
    await talk.says("At nine?")
    await talk.hear("You said At nine?")
    await talk.end()
    assert [turn["text"] for turn in talk.transcript["turns"]] == [GREETING, "At nine?", "You said At nine?"]
    assert (talk.place / "audio.ogg").exists()


async def test_a_yes_may_come_while_it_is_asked(folders: Folders) -> None:
    talk = Talk(folders, notice="ask")
    await talk.begin()
    await until(lambda: talk.loudspeaker._seconds)
    await talk.says("Sure.")
    await until(lambda: spoken(talk.session)[-1:] == [GREETING] or talk.loudspeaker.endings == ["interrupted"])
    await talk.hear(GREETING)
    await talk.end()
    assert talk.files


@pytest.mark.parametrize("answer", ["No, please don't.", "(keys pressed) 2", "Yes. No, wait, no."])
async def test_a_no_is_obeyed_and_the_call_goes_on(folders: Folders, answer: str) -> None:
    talk = Talk(folders, notice="ask")
    await talk.begin()
    await talk.hear(QUESTION)
    await talk.says(answer)
    await talk.hear(NOT_RECORDED, GREETING)
    await talk.says("At nine?")
    await talk.hear("You said At nine?")
    await talk.end()
    assert talk.files == []
    assert talk.news["data"]["transcript"] is None


async def test_who_does_not_answer_is_asked_once_more_and_then_not_recorded(folders: Folders) -> None:
    talk = Talk(folders, notice="ask")
    await talk.begin()
    await talk.hear(QUESTION)
    await talk.says("What do you mean?")
    await talk.hear(QUESTION)
    await talk.hear(NOT_RECORDED, GREETING)  # after a second of silence
    await talk.end()
    assert talk.files == []
    assert talk.model.contexts == []  # no model is asked for consent


async def test_who_hangs_up_while_asked_leaves_nothing(folders: Folders) -> None:
    talk = Talk(folders, notice="ask")
    await talk.begin()
    await talk.hear(QUESTION)
    await talk.end()
    assert talk.files == []


async def test_a_disk_that_takes_nothing_costs_no_call(folders: Folders, caplog: pytest.LogCaptureFixture) -> None:
    folders.calls.parent.write_text("not a folder")
    talk = Talk(folders)
    await talk.begin()
    await talk.hear(GREETING)
    assert spoken(talk.session) == [GREETING]  # it does not say that it is recorded
    assert "Could not record" in caplog.text
    await talk.end()


async def test_on_a_slow_disk_the_caller_soon_hears_the_first_word(folders: Folders, disk: SlowDisk) -> None:
    talk = Talk(folders)
    async with asyncio.timeout(5):
        await talk.begin()
    await talk.hear(NOTICE, GREETING)
    assert disk.drafts == ["begun"]
    disk.free.set()
    await talk.end()
    assert sorted(talk.files) == ["audio.ogg", "transcript.json"]


async def test_a_first_draft_that_is_late_does_not_undo_the_whole_one(folders: Folders, disk: SlowDisk) -> None:
    talk = Talk(folders)
    await talk.begin()
    await talk.hear(NOTICE, GREETING)
    ending = asyncio.create_task(talk.end())
    await asyncio.sleep(0.5)  # in which everything else could be finished
    disk.free.set()
    await ending
    await until(lambda: "through" in disk.drafts)
    await asyncio.sleep(0.1)
    assert sorted(talk.files) == ["audio.ogg", "transcript.json"]
    assert [turn["text"] for turn in talk.transcript["turns"]] == [NOTICE, GREETING]
    assert talk.news["data"]["outcome"] == "the caller hung up"


async def test_a_first_draft_that_fails_late_costs_nothing(
    folders: Folders, disk: SlowDisk, caplog: pytest.LogCaptureFixture
) -> None:
    disk.full = True
    talk = Talk(folders)
    await talk.begin()
    await talk.hear(NOTICE, GREETING)
    disk.free.set()
    await until(lambda: "through" in disk.drafts)
    await talk.end()
    assert [turn["text"] for turn in talk.transcript["turns"]] == [NOTICE, GREETING]
    assert talk.news["data"]["transcript"] == talk.transcript
    assert "Could not finish" not in caplog.text


@pytest.mark.parametrize("full", [False, True])
async def test_who_hangs_up_before_the_recording_has_begun_leaves_nothing(
    folders: Folders, disk: SlowDisk, monkeypatch: pytest.MonkeyPatch, full: bool
) -> None:
    monkeypatch.setattr(recording, "DRAFTED_WITHIN", 60)
    disk.full = full
    talk = Talk(folders, notice="ask")
    await talk.begin()
    await talk.hear(QUESTION)
    await talk.says("Yes.")
    await until(lambda: disk.drafts)
    ending = asyncio.create_task(talk.end())
    await asyncio.sleep(0.1)
    disk.free.set()
    await ending
    await until(lambda: "through" in disk.drafts)
    finish_what_was_left(folders, talk.record.line)
    assert talk.news["data"]["outcome"] == "the caller hung up"
    assert not any(folders.work.iterdir())


async def test_a_summary_that_takes_too_long_is_left_out(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    async def none(*_: object) -> None:
        return None

    monkeypatch.setattr(recording, "summarize", none)
    talk = Talk(folders)
    await talk.begin()
    await talk.hear(NOTICE, GREETING)
    await talk.end()
    assert talk.transcript["summary"] is None


def test_the_process_is_given_time_for_a_summary_and_more() -> None:
    from agent.records.capture.summary import WITHIN

    assert module.FINISHED_WITHIN >= WITHIN + 20
