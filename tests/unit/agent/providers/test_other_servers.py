"""What servers with nearly OpenAI's API send, and what has always been made of it; the plugin's own client asks."""

import io
import json
import wave
from collections.abc import AsyncIterator, Awaitable, Callable

import numpy as np
import pytest
from aiohttp import web
from livekit import rtc
from livekit.agents import APIError, ChatContext

from agent.providers.pipeline import Pipeline
from tests.unit.agent.fakes import host, pipeline

Serve = Callable[[str, web.Response], Awaitable[Pipeline]]

HEAR, THINK, SPEAK = "/v1/audio/transcriptions", "/v1/chat/completions", "/v1/audio/speech"
PAGE = web.Response(text="<!doctype html><title>Sign in</title><p>You have to sign in.</p>", content_type="text/html")


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """A server that answers one kind of request with one response; `serve(path, response)` is a line's pipeline."""
    runners: list[web.AppRunner] = []

    async def start(path: str, response: web.Response) -> Pipeline:
        async def answer(_: web.Request) -> web.Response:
            return web.Response(body=response.body, status=response.status, headers=response.headers)

        app = web.Application()
        app.add_routes([web.post(path, answer)])
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        runners.append(runner)
        return pipeline(settings=host(openai_base_url=f"http://127.0.0.1:{runner.addresses[0][1]}/v1"))

    yield start
    for runner in runners:
        await runner.cleanup()


def stream(*deltas: dict[str, str]) -> web.Response:
    """An answer of a language model, piece by piece."""
    pieces = [{"delta": delta, "finish_reason": None} for delta in deltas] + [{"delta": {}, "finish_reason": "stop"}]
    events = [
        {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [{"index": 0, **piece}]}
        for piece in pieces
    ]
    text = "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n"
    return web.Response(body=text.encode(), headers={"Content-Type": "text/event-stream"})


def wav(rate: int, hertz: float = 440, seconds: float = 0.5) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        tone = np.sin(2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate)
        writer.writeframes((tone * 8000).astype(np.int16).tobytes())
    return file.getvalue()


def pitch(frame: rtc.AudioFrame) -> float:
    """The loudest frequency, in Hz."""
    samples = np.frombuffer(frame.data, np.int16).astype(float)
    return float(np.fft.rfftfreq(len(samples), 1 / frame.sample_rate)[np.abs(np.fft.rfft(samples)).argmax()])


async def answered(serve: Serve, *deltas: dict[str, str]) -> str:
    context = ChatContext.empty()
    context.add_message(role="user", content="When do you open?")
    model = (await serve(THINK, stream(*deltas))).new_llm()
    async with model.chat(chat_ctx=context) as chat:
        return "".join([chunk.delta.content or "" async for chunk in chat if chunk.delta]).strip()


@pytest.mark.parametrize(
    "pieces",
    [
        ["<think>", "They want the hours.", "</think>", "We open", " at nine."],
        ["<think>", "\n", "</think>", "\n\n", "We open at nine."],
    ],
)
async def test_a_block_of_thoughts_is_not_spoken(serve: Serve, pieces: list[str]) -> None:
    assert await answered(serve, *({"content": piece} for piece in pieces)) == "We open at nine."


async def test_thoughts_in_a_field_of_their_own_are_not_spoken(serve: Serve) -> None:
    thoughts = [{"reasoning_content": "They want"}, {"reasoning_content": " the hours.", "content": ""}]
    assert await answered(serve, {"role": "assistant", "content": ""}, *thoughts, {"content": "At nine."}) == "At nine."


@pytest.mark.parametrize("rate", [16_000, 22_050, 24_000, 44_100])
async def test_a_voice_that_sends_wav_by_its_type_has_the_right_pitch(serve: Serve, rate: int) -> None:
    voice = (await serve(SPEAK, web.Response(body=wav(rate), headers={"Content-Type": "audio/wav"}))).new_tts()
    frame = await voice.synthesize("We open at nine.").collect()
    assert pitch(frame) == pytest.approx(440, abs=10)
    assert frame.duration == pytest.approx(0.5, abs=0.05)


async def test_a_web_page_in_place_of_a_transcript_is_a_failure(serve: Serve) -> None:
    [ear, *_] = (await serve(HEAR, PAGE)).new_stts()
    with pytest.raises(APIError):
        await ear.recognize(rtc.AudioFrame(bytes(2 * 1600), 16000, 1, 1600))
