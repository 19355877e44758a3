"""Every request to a model is counted once, for the model that was asked, with what it has cost in tokens and sound."""

from typing import Any

import pytest
from livekit.agents import APIConnectOptions, ChatContext, llm, stt, tts
from livekit.agents.metrics import LLMMetrics, STTMetrics, TTSMetrics
from livekit.agents.stt import STTCapabilities

from agent.providers.pipeline import Pipeline
from agent.providers.usage import Usage
from tests.support.fakes.openai_api import FakeOpenAI, Rule, Script
from tests.unit.agent.fakes import ScriptedEar, ScriptedLLM, host, line
from tests.unit.agent.never_silent import INSTANT

FIRST, SECOND = "openai/gpt-4o-mini", "openai/gpt-4o"
ONCE = APIConnectOptions(max_retry=0, timeout=5.0)


def thought(**counts: Any) -> LLMMetrics:
    usual = dict.fromkeys(["completion_tokens", "prompt_tokens", "prompt_cached_tokens", "total_tokens"], 0)
    about: dict[str, Any] = {"label": "", "request_id": "r", "timestamp": 0, "duration": 1, "ttft": 0.1}
    return LLMMetrics(**about | {"cancelled": False, "tokens_per_second": 0} | usual | counts)


def heard(**counts: Any) -> STTMetrics:
    about: dict[str, Any] = {"label": "", "request_id": "", "timestamp": 0, "duration": 0, "audio_duration": 0}
    return STTMetrics(**about | {"streamed": False} | counts)


def spoken(**counts: Any) -> TTSMetrics:
    about: dict[str, Any] = {"label": "", "request_id": "", "timestamp": 0, "ttfb": 0.1, "duration": 1}
    usual = {"cancelled": False, "streamed": False, "audio_duration": 0, "characters_count": 0}
    return TTSMetrics(**about | usual | counts)


def test_tokens_are_added_up_and_a_model_that_was_not_asked_is_left_out() -> None:
    usage, model = Usage(), ScriptedLLM(str)
    usage.count("llm", FIRST, model)
    usage.count("llm", SECOND, ScriptedLLM(str))
    model.emit("metrics_collected", thought(prompt_tokens=100, prompt_cached_tokens=60, completion_tokens=7))
    model.emit("metrics_collected", thought(prompt_tokens=10, completion_tokens=3))
    [counted] = usage.all()
    assert (counted.provider, counted.model, counted.requests, counted.errors) == ("openai", "gpt-4o-mini", 2, 0)
    assert (counted.input_tokens, counted.cached_tokens, counted.output_tokens) == (110, 60, 10)


def test_sound_and_characters_are_added_up() -> None:
    usage, ear = Usage(), ScriptedEar()
    voice: Any = ScriptedLLM(str)  # whose events are all that counts
    usage.count("stt", "openai/whisper-1", ear)
    usage.count("tts", "openai/tts-1", voice)
    ear.emit("metrics_collected", heard(audio_duration=1.5))
    ear.emit("metrics_collected", heard(audio_duration=2.0))
    voice.emit("metrics_collected", spoken(characters_count=20, audio_duration=1.2, input_tokens=4, output_tokens=30))
    listened, said = usage.all()
    assert (listened.requests, listened.audio_seconds) == (2, 3.5)
    assert (said.requests, said.characters, said.audio_seconds) == (1, 20, 1.2)
    assert (said.input_tokens, said.output_tokens) == (4, 30)


def test_of_a_connection_that_stays_open_the_connections_are_counted() -> None:
    usage, ear = Usage(), ScriptedEar()
    ear._capabilities = STTCapabilities(streaming=True, interim_results=False)
    usage.count("stt", "openai-realtime/gpt-4o-transcribe", ear)
    ear.emit("metrics_collected", heard(streamed=True, acquire_time=0.1))
    for _ in range(3):
        ear.emit("metrics_collected", heard(streamed=True, audio_duration=2.0, input_tokens=20, output_tokens=5))
    [counted] = usage.all()
    assert (counted.requests, counted.audio_seconds, counted.input_tokens) == (1, 6.0, 60)
    ear.emit("error", object())
    [counted] = usage.all()
    assert (counted.requests, counted.errors) == (1, 1)


async def drain(model: llm.LLM[Any]) -> None:
    context = ChatContext.empty()
    context.add_message(role="user", content="When are you open?")
    async with model.chat(chat_ctx=context, conn_options=ONCE) as answer:
        async for _ in answer:
            pass


async def test_a_model_that_fails_and_the_one_that_takes_over_are_counted_once_each() -> None:
    rule = Rule("llm", model="gpt-4o-mini", fault="error")
    async with FakeOpenAI(Script(rules=(rule,), first_token_delay=0)) as endpoint:
        made = Pipeline(line(llm=FIRST, llm_fallback=SECOND), host(openai_base_url=endpoint.url))
        await drain(made.new_llm())
        first, second = made.usage.all()
        asked = [request.body["model"] for request in endpoint.requests]
    assert (first.model, first.requests, first.errors) == ("gpt-4o-mini", asked.count("gpt-4o-mini"), first.requests)
    assert (second.model, second.requests, second.errors) == ("gpt-4o", 1, 0)


async def test_what_is_said_and_heard_outside_of_a_session_counts_too() -> None:
    async with FakeOpenAI(INSTANT) as endpoint:
        made = Pipeline(line(), host(openai_base_url=endpoint.url))
        voice: tts.TTS[Any] = made.new_tts()
        async with voice.synthesize("Hello.", conn_options=ONCE) as sound:
            frames = [piece.frame async for piece in sound]
        [ear] = made.new_stts()
        await ear.recognize(frames, conn_options=ONCE)
    said, heard_of = sorted(made.usage.all(), key=lambda it: it.kind, reverse=True)
    assert (said.kind, said.requests, said.characters) == ("tts", 1, 6)
    assert (heard_of.kind, heard_of.requests) == ("stt", 1)
    assert heard_of.audio_seconds == pytest.approx(sum(frame.duration for frame in frames))
    assert isinstance(ear, stt.STT)
