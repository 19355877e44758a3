"""The scripted endpoint itself: benches rest on its delays, tests on its faults."""

import time
from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.fakes.openai_api import CHUNK, FAULTS, FakeOpenAI, Script

SPEAK = {"input": "Hello there.", "model": "m", "voice": "v"}
THINK = {"messages": [{"role": "user", "content": "Hi"}], "stream": True}


@pytest.fixture
async def api() -> AsyncIterator[FakeOpenAI]:
    async with FakeOpenAI(Script(answers=("one two three four",), first_token_delay=0.05, words_per_second=50)) as api:
        yield api


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as http:
        yield http


async def test_tokens_come_at_the_scripted_pace(api: FakeOpenAI, http: aiohttp.ClientSession) -> None:
    start = time.monotonic()
    async with http.post(f"{api.url}/chat/completions", json=THINK) as answer:
        at = [time.monotonic() - start async for line in answer.content if b'"content"' in line]
    assert len(at) == 4
    assert at[0] >= 0.05
    assert at[3] >= 0.05 + 3 / 50


async def test_speech_is_as_long_as_its_text_and_starts_after_the_delay(
    api: FakeOpenAI, http: aiohttp.ClientSession
) -> None:
    start = time.monotonic()
    async with http.post(f"{api.url}/audio/speech", json=SPEAK) as answer:
        first = await answer.content.readexactly(CHUNK)
        assert time.monotonic() - start >= 0.15
        assert len(first + await answer.content.read()) == pytest.approx(len("Hello there.") * 0.06 * 48_000, abs=2)


async def test_answers_are_gone_through_and_the_last_one_stays(api: FakeOpenAI, http: aiohttp.ClientSession) -> None:
    async with http.put(
        api.url.replace("/v1", "/script"), json={"answers": ["a", "b"], "first_token_delay": 0}
    ) as done:
        assert done.status == 200
    said = []
    for _ in range(3):
        async with http.post(f"{api.url}/chat/completions", json=THINK | {"stream": False}) as answer:
            said.append((await answer.json())["choices"][0]["message"]["content"])
    assert said == ["a", "b", "b"]
    assert len(api.asked("llm")) == 3


@pytest.mark.parametrize("fault", set(FAULTS) - {"hang"})
async def test_a_fault_is_what_it_is_called(api: FakeOpenAI, http: aiohttp.ClientSession, fault: str) -> None:
    api.script = api.script.changed(faults={"tts": fault})
    async with http.post(f"{api.url}/audio/speech", json=SPEAK) as answer:
        body = await answer.read()
    expected = {"error": (500, True), "busy": (429, True), "garbage": (200, True), "empty": (200, False)}
    assert (answer.status, bool(body)) == expected[fault]


async def test_an_unknown_script_is_refused(api: FakeOpenAI, http: aiohttp.ClientSession) -> None:
    for wrong in ({"answer": "x"}, {"faults": {"llm": "sleepy"}}):
        async with http.put(api.url.replace("/v1", "/script"), json=wrong) as refused:
            assert refused.status == 400
            assert "unknown" in await refused.text()
