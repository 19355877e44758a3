"""The endpoints that all sides of a comparison share: what they say and what they remember."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import time
from typing import TYPE_CHECKING, Any

import aiohttp
import av
import numpy as np
import pytest

from tests.bench.sides.endpoints.recognise import UNKNOWN, Known
from tests.bench.sides.endpoints.server import FIXED, REPLY, SECONDS, Endpoints
from tests.bench.sides.record import Record
from tests.support.fakes import voice
from tests.unit.bench.test_sides_recognise import wav

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SILENCE = [{"role": "system", "content": "Be brief."}]
ASKED: dict[str, Any] = {"messages": [*SILENCE, {"role": "user", "content": "Hi"}], "stream": False}
SPEECH = {"input": REPLY, "model": "m", "voice": "v"}

pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
async def api() -> AsyncIterator[Endpoints]:
    async with Endpoints(Known((), ()), FIXED) as api:
        yield api


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(headers={"Authorization": "Bearer ours"}) as http:
        yield http


@pytest.fixture
def record(api: Endpoints) -> Record:
    return Record(api.url.removesuffix("/v1"))


@pytest.mark.parametrize("form", voice.FORMATS)
@pytest.mark.parametrize("stream", ["audio", "sse"])
async def test_the_reply_is_as_long_in_every_format(
    api: Endpoints, http: aiohttp.ClientSession, form: str, stream: str
) -> None:
    asked = SPEECH | {"response_format": form, "stream_format": stream}
    async with http.post(f"{api.url}/audio/speech", json=asked) as answer:
        body = await answer.read()
        if stream == "sse":
            assert answer.content_type == "text/event-stream"
            events = [json.loads(line[6:]) for line in body.splitlines() if line]
            assert events[-1]["type"] == "speech.audio.done"
            body = b"".join(base64.b64decode(event["audio"]) for event in events[:-1])
    samples = np.frombuffer(body, np.int16) if form == "pcm" else decoded(body, form)
    loud = np.flatnonzero(np.abs(samples.astype(np.float64)) > 300) / voice.SAMPLE_RATE
    assert loud[-1] - loud[0] == pytest.approx(SECONDS, abs=0.05)
    assert np.diff(loud).max() < 0.08


def decoded(body: bytes, form: str) -> Any:
    with av.open(io.BytesIO(body), mode="r", format=form) as file:
        frames = [frame.to_ndarray().reshape(-1) for frame in file.decode(audio=0)]
    samples = np.concatenate(frames)
    return samples if samples.dtype == np.int16 else samples * 32767


async def test_speech_comes_after_the_delay_and_then_faster_than_it_is_spoken(
    api: Endpoints, http: aiohttp.ClientSession
) -> None:
    start = time.monotonic()
    async with http.post(f"{api.url}/audio/speech", json=SPEECH | {"response_format": "pcm"}) as answer:
        await answer.content.readexactly(2)
        assert 0.15 <= time.monotonic() - start < 0.3
        await answer.content.read()
        assert time.monotonic() - start < 0.15 + SECONDS / 2


async def test_what_a_client_gave_up_is_remembered_as_cancelled(
    api: Endpoints, http: aiohttp.ClientSession, record: Record
) -> None:
    since = time.time()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1), http.post(f"{api.url}/chat/completions", json=ASKED):
            pass
    async with http.post(f"{api.url}/audio/speech", json=SPEECH) as answer:
        await answer.read()
    think, speak = await asyncio.to_thread(record.requests, since, "ours")
    assert (think["kind"], think["outcome"]) == ("llm", "cancelled")
    assert (speak["kind"], speak["outcome"], speak["text"]) == ("tts", "finished", REPLY)
    assert await asyncio.to_thread(record.requests, time.time()) == []


async def test_what_was_heard_is_kept(api: Endpoints, http: aiohttp.ClientSession, record: Record) -> None:
    sound = wav(np.zeros(8000, np.float32))
    form = aiohttp.FormData({"model": "m"})
    form.add_field("file", sound, filename="a.wav")
    async with http.post(f"{api.url}/audio/transcriptions", data=form) as answer:
        assert await answer.json() == {"text": UNKNOWN}
    [heard] = await asyncio.to_thread(record.requests)
    assert (heard["kind"], heard["bytes"]) == ("stt", len(sound))
    assert await asyncio.to_thread(record.heard, heard["number"]) == sound


async def test_one_side_can_be_given_answers_of_its_own(
    api: Endpoints, http: aiohttp.ClientSession, record: Record
) -> None:
    await asyncio.to_thread(record.script, "article", answers=["Long."])
    said = []
    for who in ("ours", "article"):
        key = {"Authorization": f"Bearer {who}"}
        async with http.post(f"{api.url}/chat/completions", json=ASKED, headers=key) as answer:
            said.append((await answer.json())["choices"][0]["message"]["content"])
    assert said == [REPLY, "Long."]


async def test_a_conversation_in_which_nobody_has_spoken_begins_with_a_greeting(
    api: Endpoints, http: aiohttp.ClientSession
) -> None:
    async with http.post(f"{api.url}/chat/completions", json=ASKED | {"messages": SILENCE}) as answer:
        assert (await answer.json())["choices"][0]["message"]["content"] == FIXED.greeting
