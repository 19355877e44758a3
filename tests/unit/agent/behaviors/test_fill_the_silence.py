"""A caller never waits in silence, whichever provider fails and however."""

import asyncio
import time
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

import pytest
from livekit.agents import APIConnectionError

from agent.behaviors.fill_the_silence import fill_the_silence
from tests.support.fakes.openai_api import Rule
from tests.unit.agent import never_silent
from tests.unit.agent.fakes import settle, spoken, until
from tests.unit.agent.never_silent import FALLS_SILENT, FILM, INSTANT, QUESTION, SPEAKS, Call

if TYPE_CHECKING:
    from livekit.agents.voice import SpeechHandle

# The fake leaves an upload's temporary file to the collector when its request is cut off.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

FILLER, APOLOGY = 0.9, 1.6  # seconds; the turn is over after 0.3, as the film says
APOLOGY_TEXT = "I am sorry, something went wrong on my side. Could you say that again?"


# The fake knows no streaming speech to text, so the one that stands in for it is asked.
MIXED = {"stt": "openai-realtime/gpt-4o-mini-transcribe", "stt_fallback": "openai/gpt-4o-mini-transcribe"}


def calling(engines: dict[str, str] | None = None, **changes: float) -> AbstractAsyncContextManager[Call]:
    times = {"filler_after": FILLER, "apology_after": APOLOGY} | changes
    return never_silent.calling(
        lambda call: fill_the_silence(call.call),
        **{name: seconds + FILM for name, seconds in times.items()},
        **(engines or {}),
    )


async def test_an_answer_in_time_is_all_that_is_heard() -> None:
    async with calling() as call:
        await call.says(QUESTION)
        await call.hears("answer")
        await asyncio.sleep(APOLOGY)
        assert call.telephone.heard == ["answer"]


@pytest.mark.parametrize(
    "slow", [{"first_token_delay": 1.1}, {"first_audio_delay": 1.1}, {"stt_delay": 0.9}], ids=["llm", "tts", "stt"]
)
async def test_a_slow_answer_comes_after_a_filler_and_the_model_knows_of_no_filler(slow: dict[str, float]) -> None:
    async with calling(apology_after=5.0) as call:
        call.endpoint.script = INSTANT.changed(**slow)
        await call.says(QUESTION, heard=False)
        await call.hears("filler", "answer")
        await until(lambda: spoken(call.session) == ["At nine."])


@pytest.mark.parametrize(
    ("kind", "engines"), [("stt", {}), ("llm", {}), ("tts", {}), ("stt", MIXED)], ids=["stt", "llm", "tts", "stands in"]
)
async def test_no_answer_becomes_a_filler_and_then_an_apology(kind: str, engines: dict[str, str]) -> None:
    async with calling(engines) as call:
        call.endpoint.script = INSTANT.changed(faults={kind: "hang"})
        since = time.monotonic()
        await call.says(QUESTION, heard=False)
        await call.hears("filler", "apology")
        assert APOLOGY - 0.5 < time.monotonic() - since < APOLOGY + 0.5
        await until(lambda: spoken(call.session) == [APOLOGY_TEXT])


@pytest.mark.parametrize("piece", ["...", "—", "😊", "🙂."])
@pytest.mark.parametrize("where", ["{piece} Well, we open at nine.", "Well, {piece} We open at nine. {piece}"])
async def test_a_piece_for_which_the_voice_has_no_sound_costs_no_answer(where: str, piece: str) -> None:
    async with calling() as call:
        no_sound = Rule("tts", match=r"^\W+$", fault="empty")
        call.endpoint.script = INSTANT.changed(answers=(where.format(piece=piece),), rules=(no_sound,))
        await call.says(QUESTION)
        await call.hears("answer")
        await asyncio.sleep(APOLOGY)
        assert call.telephone.heard == ["answer"]
        assert all(any(map(str.isalnum, request.text)) for request in call.endpoint.asked("tts"))


async def test_a_tool_call_written_as_text_that_cannot_be_made_is_apologised_for_and_not_spoken() -> None:
    async with calling(filler_after=3.0, apology_after=5.0) as call:
        call.endpoint.script = INSTANT.changed(answers=('{"name": "transfer_call", "arguments": {}}',))
        await call.says(QUESTION, heard=False)
        await call.hears("apology", within=2.5)
        assert call.endpoint.asked("tts") == []


async def test_a_web_page_in_place_of_a_sound_is_apologised_for_and_not_played() -> None:
    async with calling(filler_after=3.0, apology_after=5.0) as call:
        page = Rule("tts", body="<html><title>Welcome</title></html>", content_type="text/html")
        call.endpoint.script = INSTANT.changed(rules=(page,))
        await call.says(QUESTION, heard=False)
        await call.hears("apology", within=2.5)


async def test_a_null_transcript_is_nothing_heard(caplog: pytest.LogCaptureFixture) -> None:
    async with calling() as call:
        call.endpoint.script = INSTANT.changed(rules=(Rule("stt", body='{"text": null}'),))
        await call.says(QUESTION)
        await asyncio.sleep(APOLOGY)
        assert call.endpoint.asked("llm") == []
        assert [record for record in caplog.records if record.levelname == "ERROR"] == []
        call.endpoint.script = INSTANT
        await call.says(QUESTION)
        await call.hears(*call.telephone.heard, "answer")


FAULTS = [(kind, fault) for kind in ("stt", "llm", "tts") for fault in ("error", "busy", "garbage")]


@pytest.mark.parametrize(("kind", "fault"), FAULTS)
async def test_a_failure_is_apologised_for_at_once(kind: str, fault: str) -> None:
    async with calling(filler_after=3.0, apology_after=5.0) as call:
        call.endpoint.script = INSTANT.changed(faults={kind: fault})
        await call.says(QUESTION, heard=False)
        await call.hears("apology", within=2.5)


@pytest.mark.parametrize("kind", ["llm", "tts"])
async def test_an_empty_answer_is_a_failure(kind: str) -> None:
    async with calling() as call:
        call.endpoint.script = INSTANT.changed(faults={kind: "empty"})
        await call.says(QUESTION)
        await until(lambda: "apology" in call.telephone.heard)


async def test_the_caller_is_understood_again_after_speech_to_text_has_hung() -> None:
    async with calling() as call:
        call.endpoint.script = INSTANT.changed(faults={"stt": "hang"})
        await call.says(QUESTION, heard=False)
        await call.hears("filler", "apology")
        call.endpoint.script = INSTANT
        await call.says(QUESTION)
        await call.hears("filler", "apology", "answer")


async def test_the_third_failure_in_a_row_ends_the_call() -> None:
    async with calling() as call:
        call.endpoint.script = INSTANT.changed(faults={"llm": "error"})
        for number in range(3):
            assert not call.ending.begun
            await call.says(QUESTION)
            await until(lambda number=number: call.ending.begun or len(call.telephone.heard) == number + 1)  # type: ignore[misc]
            await until(lambda: call.session.agent_state == "listening")
        assert call.ending.asked == [("failed", "the providers failed")]
        assert call.telephone.heard == ["apology", "apology"]


async def test_an_answer_between_failures_is_a_new_beginning() -> None:
    async with calling() as call:
        heard = []
        for faults, sound in (
            [({"llm": "error"}, "apology")] * 2 + [({}, "answer")] + [({"llm": "error"}, "apology")] * 2
        ):
            call.endpoint.script = INSTANT.changed(faults=faults)
            await call.says(QUESTION)
            heard.append(sound)
            await call.hears(*heard)
            await until(lambda: call.session.agent_state == "listening")
        assert not call.ending.begun


@pytest.mark.parametrize("engines", [{}, MIXED], ids=["one engine", "stands in"])
async def test_a_cough_gets_neither_filler_nor_apology(engines: dict[str, str]) -> None:
    async with calling(engines) as call:
        await call.says("")
        await asyncio.sleep(APOLOGY + 0.2)
        assert call.telephone.heard == []


@pytest.mark.parametrize("first", [1, -1], ids=["the session's detector", "the engine's detector"])
@pytest.mark.parametrize("transcript", ["", "Bye."])
async def test_a_cough_gets_neither_although_it_is_judged_before_it_has_ended(first: int, transcript: str) -> None:
    async with calling() as call:
        call.endpoint.script = INSTANT.changed(transcripts=(transcript,))
        await call.voice_activity.show("^w" + FALLS_SILENT.removesuffix("$"))
        await until(lambda: [request.outcome for request in call.endpoint.asked("stt")] == ["finished"])
        await settle()
        for stream in call.voice_activity.streams[::first]:
            await call.voice_activity.show_to("$", stream)
        await asyncio.sleep(APOLOGY + 0.2)
        assert call.telephone.heard == []
        assert call.session.user_state == "listening"
        assert not call.endpoint.asked("llm")


@pytest.mark.parametrize("stt_delay", [0.0, 0.6])
async def test_a_sentence_that_is_heard_as_nothing_is_apologised_for(stt_delay: float) -> None:
    async with calling() as call:
        call.endpoint.script = INSTANT.changed(transcripts=("",), stt_delay=stt_delay)
        await call.voice_activity.show("^" + 40 * "w" + FALLS_SILENT)
        await call.hears("filler", "apology")


async def test_words_after_a_sentence_that_was_heard_as_nothing_get_an_answer() -> None:
    async with calling() as call:
        call.endpoint.script = INSTANT.changed(transcripts=("",))
        await call.voice_activity.show("^" + 40 * "w" + FALLS_SILENT)
        await until(lambda: [request.outcome for request in call.endpoint.asked("stt")] == ["finished"])
        await call.says(QUESTION)
        await asyncio.sleep(APOLOGY + 0.2)
        assert call.telephone.heard == ["answer"]


async def test_what_sounds_like_music_is_no_question() -> None:
    async with calling() as call:
        await call.says("♪ ♪", "[Music]")
        await asyncio.sleep(APOLOGY + 0.2)
        assert call.telephone.heard == []
        assert not call.endpoint.asked("llm")


async def test_nothing_is_said_while_the_caller_goes_on() -> None:
    async with calling() as call:
        call.endpoint.script = INSTANT.changed(faults={"llm": "hang"})
        await call.says(QUESTION)
        await call.voice_activity.show(SPEAKS)
        await asyncio.sleep(APOLOGY + 0.2)
        assert call.telephone.heard == []


async def test_a_filler_is_broken_off_when_the_caller_goes_on() -> None:
    async with calling() as call:
        call.endpoint.script = INSTANT.changed(faults={"llm": "hang"})
        await call.says(QUESTION)
        await until(lambda: call.telephone.busy)
        await call.voice_activity.show(SPEAKS)
        await until(lambda: [sound.endswith("cut off") for sound in call.telephone.heard] == [True])


async def test_who_asks_again_into_the_silence_is_not_kept_waiting_twice_as_long() -> None:
    async with calling(filler_after=0.6, apology_after=1.6) as call:
        call.endpoint.script = INSTANT.changed(faults={"llm": "hang"})
        since = time.monotonic()
        await call.says(QUESTION)
        await call.hears("filler")
        await call.says("Hello?")
        await call.hears("filler", "apology")
        assert time.monotonic() - since < 2.2


async def test_half_an_answer_is_a_failure() -> None:
    async with calling() as call:
        replies: list[SpeechHandle] = []
        call.session.once("speech_created", lambda event: replies.append(event.speech_handle))
        await call.says(QUESTION)
        await until(lambda: call.session.agent_state == "speaking")
        replies[0]._error = APIConnectionError("scripted")  # as livekit-agents notes a model that breaks off
        await call.hears("answer", "apology")


async def test_nothing_is_said_any_more_once_the_call_ends() -> None:
    async with calling() as call:
        call.endpoint.script = INSTANT.changed(faults={"llm": "hang"})
        call.ending.say("farewell", "test")
        await call.says(QUESTION)
        await asyncio.sleep(APOLOGY + 0.2)
        assert call.telephone.heard == []
        await settle()


async def test_after_the_call_nothing_is_said_and_nothing_is_missed(caplog: pytest.LogCaptureFixture) -> None:
    async with calling() as call:
        call.endpoint.script = INSTANT.changed(faults={"llm": "hang"})
        await call.says(QUESTION)
        await until(lambda: call.session.agent_state == "thinking")
        await call.session.aclose()
        await asyncio.sleep(APOLOGY)
        assert call.telephone.heard == []
        assert "no answer" not in caplog.text
