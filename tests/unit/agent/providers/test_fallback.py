"""A second provider takes over when the first one fails, before the caller has to hear that anything has."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from livekit.agents import stt

from agent.conversation.session import connect_options, new_session
from agent.turns.eager_stt import EagerSTT
from tests.support.fakes.openai_api import FakeOpenAI
from tests.unit.agent.fakes import ScriptedVoiceActivity, line, pipeline, until
from tests.unit.agent.never_silent import FALLS_SILENT, INSTANT, QUESTION, SPEAKS, Call

# The fake leaves an upload's temporary file to the collector when its request is cut off.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

SECOND = {"stt": "speech/whisper-tiny.en", "llm": "speech/qwen2.5-coder-0.5b-instruct", "tts": "speech/kokoro-heart"}
APOLOGY = 1.5  # seconds: the first provider has a third of them


@asynccontextmanager
async def calling(kind: str, fault: str, **changes: str) -> AsyncIterator[tuple[Call, FakeOpenAI, FakeOpenAI]]:
    async with FakeOpenAI(INSTANT.changed(faults={kind: fault})) as first, FakeOpenAI(INSTANT) as second:
        call = Call(
            first, apology_after=APOLOGY, speech_url=second.url, **{f"{kind}_fallback": SECOND[kind]}, **changes
        )
        await call.begin()
        try:
            yield call, first, second
        finally:
            await call.end()


@pytest.mark.parametrize("fault", ["error", "hang", "busy", "garbage", "empty"])
@pytest.mark.parametrize("kind", ["stt", "llm", "tts"])
async def test_the_second_provider_answers_before_an_apology_is_due(kind: str, fault: str) -> None:
    async with calling(kind, fault) as (call, first, second):
        since = time.monotonic()
        second.script = INSTANT.changed(transcripts=(QUESTION,))
        await call.says(QUESTION, heard=False)
        await call.hears("answer")
        assert time.monotonic() - since < APOLOGY
        assert {request.kind for request in second.requests} == {kind}
        assert first.asked(kind)


async def test_words_are_still_asked_for_while_the_caller_may_go_on() -> None:
    async with calling("stt", "error") as (call, _, second):
        assert isinstance(call.session.stt, EagerSTT)
        await call.voice_activity.show(SPEAKS + FALLS_SILENT[:-1])
        await until(lambda: second.asked("stt"))  # before the end of the piece of speech


async def test_a_first_provider_that_has_failed_is_asked_again_when_it_has_recovered() -> None:
    async with calling("llm", "error") as (call, first, second):
        await call.says(QUESTION)
        await call.hears("answer")
        first.script = INSTANT
        await call.says(QUESTION)
        await call.hears("answer", "answer")
        await asyncio.sleep(0.1)  # meanwhile it was tried in the background
        before = len(second.asked("llm"))
        await call.says(QUESTION)
        await call.hears("answer", "answer", "answer")
        assert len(second.asked("llm")) == before


async def test_a_stream_and_an_engine_for_whole_utterances_can_follow_each_other() -> None:
    its = line(stt="openai-realtime/gpt-4o-mini-transcribe", stt_fallback="openai/gpt-4o-mini-transcribe")
    session = new_session(its, pipeline(its), ScriptedVoiceActivity())
    assert isinstance(session.stt, stt.FallbackAdapter)
    first, second = session.stt._stt_instances
    assert not isinstance(first, EagerSTT)
    assert isinstance(second, EagerSTT)


def test_without_a_second_provider_the_first_one_is_asked_twice_and_patiently() -> None:
    alone = connect_options("llm", pipeline())
    assert (alone.max_retry, alone.timeout) == (1, 10.0)
    with_another = connect_options("llm", pipeline(llm_fallback=SECOND["llm"], apology_after=6))
    assert (with_another.max_retry, with_another.timeout) == (0, 2.0)


def test_the_second_provider_is_imported_ahead_too() -> None:
    assert pipeline(tts_fallback=SECOND["tts"]).modules == ["agent.providers.openai", "agent.providers.speech"]
