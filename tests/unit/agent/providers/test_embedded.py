"""The scripted API with ears: it knows the sounds it was told, and asks for the others."""

from collections.abc import AsyncIterator
from urllib.parse import quote

import aiohttp
import numpy as np
import pytest

from tests.support.fakes import voice
from tests.support.fakes.embedded import Embedded
from tests.support.fakes.openai_api import FakeOpenAI, Script
from tests.support.sounds import wav


@pytest.fixture
async def speech() -> AsyncIterator[FakeOpenAI]:
    script = Script(transcripts=("Something else.",), stt_delay=0, first_audio_delay=0)
    async with FakeOpenAI(script) as speech:
        yield speech


@pytest.fixture
async def api(speech: FakeOpenAI) -> AsyncIterator[Embedded]:
    async with Embedded(speech.url, Script(transcripts=(), stt_delay=0)) as api:
        yield api


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as http:
        yield http


VOICE = wav(np.frombuffer(voice.speech(1.2), np.int16), voice.SAMPLE_RATE)
NOISE = wav(np.random.default_rng(0).normal(0, 3000, voice.SAMPLE_RATE).astype(np.int16), voice.SAMPLE_RATE)


async def test_a_sound_it_was_told_is_heard_and_any_other_is_asked_for(
    api: Embedded, speech: FakeOpenAI, http: aiohttp.ClientSession
) -> None:
    told = api.url.replace("/v1", f"/sounds?text={quote('How are you?')}")
    async with http.put(told, data=VOICE) as answer:
        assert await answer.json() == {"known": 1}
    heard = []
    for sound in (VOICE, NOISE):
        form = aiohttp.FormData({"model": "m"})
        form.add_field("file", sound, filename="heard.wav")
        async with http.post(f"{api.url}/audio/transcriptions", data=form) as transcribed:
            heard.append((await transcribed.json())["text"])
    assert heard == ["How are you?", "Something else."]
    assert len(speech.asked("stt")) == 1


async def test_what_it_has_spoken_once_it_knows(api: Embedded, speech: FakeOpenAI, http: aiohttp.ClientSession) -> None:
    spoken = []
    for _ in range(2):
        async with http.post(f"{api.url}/audio/speech", json={"input": "Hello.", "response_format": "pcm"}) as answer:
            spoken.append(await answer.read())
    assert spoken[0] == spoken[1] != b""
    assert len(speech.asked("tts")) == 1
