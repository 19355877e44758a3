"""The translations cost no connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from livekit import rtc

from agent.providers.openai import connect
from tests.unit.agent.fakes import host, pipeline
from tests.unit.agent.never_silent import INSTANT
from tests.unit.agent.providers.dialect.other_server import TWICE, answer_of, ears_of, sound_of, voice_of

if TYPE_CHECKING:
    from tests.support.fakes.openai_api import FakeOpenAI

SILENCE = rtc.AudioFrame(np.zeros(1600, np.int16).tobytes(), 16000, 1, 1600)


@pytest.mark.parametrize("sound", ["", "pcm", "mp3"])
async def test_all_requests_of_a_call_take_one_connection(endpoint: FakeOpenAI, sound: str) -> None:
    endpoint.script = INSTANT.changed(sound=sound, sound_type="audio/pcm;rate=24000" if sound == "pcm" else "")
    model, voice, ears = (
        pipeline(settings=host(openai_base_url=endpoint.url)).new_llm(),
        voice_of(endpoint),
        ears_of(endpoint),
    )
    for _ in range(2):
        await answer_of(model)
        await sound_of(voice, "At nine.")
        await ears.recognize([SILENCE], conn_options=TWICE)
    assert [request.kind for request in endpoint.requests] == ["llm", "tts", "stt"] * 2
    [port] = {request.port for request in endpoint.requests}
    assert port


async def test_what_the_client_does_not_know_is_left_as_it_is(endpoint: FakeOpenAI) -> None:
    models = await connect(endpoint.url, "sk-1", 10.0, True).models.list()
    assert models.data == []
