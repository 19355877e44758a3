"""A caller for whom there is no place hears why, by a recorded sentence, and the call is over."""

import asyncio
import wave
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from livekit import rtc
from livekit.agents import AgentSession, JobContext

from agent import languages
from agent.conversation import call as calls
from agent.conversation.announcer import Announcer
from agent.conversation.call import Call
from agent.conversation.call_room import HangUp
from agent.conversation.reject_when_full import REASONS, reject_when_full
from tests.unit.agent.conversation.test_hang_up_together import Job, participant
from tests.unit.agent.fakes import Loudspeaker, host, line, pipeline, spoken, until


class FullLine:
    """A place that is not there, for the reason of that sentence."""

    def __init__(self, sentence: str | None) -> None:
        self.sentence = sentence
        self.kept = 0

    async def take(self) -> str | None:
        return self.sentence

    def keep(self, _: JobContext) -> None:
        self.kept += 1


class Sessions:
    """The sessions that were started, each with a loudspeaker in place of a room."""

    def __init__(self) -> None:
        self.started: list[AgentSession[Any]] = []
        self.options: list[Any] = []
        self.loudspeaker = Loudspeaker()


@pytest.fixture
def sessions(monkeypatch: pytest.MonkeyPatch) -> Sessions:
    sessions = Sessions()
    start = AgentSession.start

    async def without_a_room(session: AgentSession[Any], agent: Any, *, room: Any, room_options: Any, **_: Any) -> None:
        assert room is not None
        sessions.started.append(session)
        sessions.options.append(room_options)
        session.output.audio = sessions.loudspeaker
        await start(session, agent, record=False)

    monkeypatch.setattr(AgentSession, "start", without_a_room)
    return sessions


@pytest.fixture(autouse=True)
def recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of a second of sound for each sentence."""
    (tmp_path / "en").mkdir()
    for name in REASONS:
        with wave.open(str(tmp_path / "en" / f"{name}.ogg"), "wb") as sound:
            sound.setparams((1, 2, 24000, 0, "NONE", ""))
            sound.writeframes(b"\1\1" * 2400)
    monkeypatch.setattr(calls, "Announcer", lambda session, language: Announcer(session, language, tmp_path))


async def turned_away(job: Job, place: FullLine) -> bool:
    parts: list[Any] = [
        job,
        host(),
        line(),
        pipeline(),
        None,
        rtc.EventEmitter[str](),
        participant("caller"),
        None,
        place,
        SimpleNamespace(rejected=""),
        HangUp(cast("JobContext", job)),
    ]
    return await reject_when_full(Call(*parts))


@pytest.mark.parametrize("sentence", REASONS)
async def test_who_is_turned_away_hears_why_to_the_end_and_then_the_job_ends(
    sessions: Sessions, sentence: str, caplog: pytest.LogCaptureFixture
) -> None:
    job, place = Job("caller"), FullLine(sentence)
    assert await turned_away(job, place)
    await until(lambda: sessions.loudspeaker.played)
    assert job.reasons == []
    await sessions.loudspeaker.play_to_the_end()
    await until(lambda: job.reasons)
    assert job.reasons == [REASONS[sentence]]
    [session] = sessions.started
    assert spoken(session) == [getattr(languages.sentences("en"), sentence)]
    assert f"Call rejected: {REASONS[sentence]}" in caplog.text
    assert place.kept == 0
    await session.aclose()


async def test_no_provider_is_asked_and_nothing_is_heard(sessions: Sessions) -> None:
    await turned_away(Job("caller"), FullLine("busy"))
    [session] = sessions.started
    assert (session.stt, session.llm, session.tts, session.vad) == (None, None, None, None)
    assert sessions.options[0].audio_input is False
    assert sessions.options[0].participant_identity == "caller"
    await sessions.loudspeaker.play_to_the_end()
    await session.aclose()


async def test_nobody_waits_for_the_server_to_show_a_page_why(sessions: Sessions) -> None:
    job, shown = Job("caller"), asyncio.Event()

    async def never_answer(attributes: dict[str, str]) -> None:
        assert attributes == {"landline.rejected": "busy"}
        shown.set()
        await asyncio.Event().wait()

    job.room.local_participant.set_attributes = never_answer  # type: ignore[method-assign]
    async with asyncio.timeout(5):
        await turned_away(job, FullLine("busy"))
        await shown.wait()
    await sessions.loudspeaker.play_to_the_end()
    await sessions.started[0].aclose()


async def test_who_hangs_up_while_being_told_ends_the_job(sessions: Sessions) -> None:
    job = Job("caller")
    await turned_away(job, FullLine("busy"))
    await until(lambda: sessions.loudspeaker.played)
    job.room.leave("caller")
    assert job.reasons == ["the caller hung up"]
    await sessions.started[0].aclose()


async def test_a_caller_for_whom_there_is_a_place_keeps_it(sessions: Sessions) -> None:
    place = FullLine(None)
    assert not await turned_away(Job("caller"), place)
    assert place.kept == 1
    assert sessions.started == []
