"""The scripted endpoint itself: benches rest on its delays, tests on its faults."""

import asyncio
import io
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import av
import pytest
from livekit.agents.llm import ChatContext
from livekit.plugins.openai import LLM

from tests.support.fakes.openai_api import CHUNK, FAULTS, FakeOpenAI, Rule, Script
from tests.support.fakes.voice import ENCODINGS

SPEAK = {"input": "Hello there.", "model": "m", "voice": "v"}
THINK = {"messages": [{"role": "user", "content": "Hi"}], "stream": True}

pytestmark = pytest.mark.usefixtures("clock")


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


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault != "hang"])
async def test_a_fault_is_what_it_is_called(api: FakeOpenAI, http: aiohttp.ClientSession, fault: str) -> None:
    api.script = api.script.changed(faults={"tts": fault})
    async with http.post(f"{api.url}/audio/speech", json=SPEAK) as answer:
        body = await answer.read()
    expected = {"error": (500, True), "busy": (429, True), "garbage": (200, True), "empty": (200, False)}
    assert (answer.status, bool(body)) == expected[fault]


async def answered(api: FakeOpenAI, http: aiohttp.ClientSession, *told: str, **asked: Any) -> dict[str, Any]:
    """The choice that the model makes after the messages told, each "role: text"."""
    messages = [dict(zip(("role", "content"), message.split(": ", 1), strict=True)) for message in told]
    async with http.post(f"{api.url}/chat/completions", json={"messages": messages} | asked) as answer:
        return (await answer.json())["choices"][0] if answer.status == 200 else {"status": answer.status}


async def test_a_rule_answers_what_has_its_words_and_nothing_else(api: FakeOpenAI, http: aiohttp.ClientSession) -> None:
    api.script = api.script.changed(rules=[{"kind": "llm", "match": "soup", "answer": "Tomato."}])
    for told, said in {"user: The Soup?": "Tomato.", "user: The bread?": "one two three four"}.items():
        assert (await answered(api, http, told, "system: Mind the soup."))["message"]["content"] == said


async def test_a_rule_may_hold_for_the_first_request_only(api: FakeOpenAI, http: aiohttp.ClientSession) -> None:
    api.script = api.script.changed(rules=[{"kind": "llm", "fault": "error", "only": [1]}])
    assert [(await answered(api, http, "user: Hi")).get("status") for _ in range(3)] == [500, None, None]


async def test_a_rule_may_be_for_one_model(api: FakeOpenAI, http: aiohttp.ClientSession) -> None:
    api.script = api.script.changed(rules=[{"kind": "llm", "fault": "busy", "model": "first"}])
    assert [(await answered(api, http, "user: Hi", model=it)).get("status") for it in ("first", "second")] == [
        429,
        None,
    ]


async def test_a_delay_comes_before_everything(api: FakeOpenAI, http: aiohttp.ClientSession) -> None:
    api.script = api.script.changed(rules=[{"kind": "llm", "delay": 0.2, "fault": "error"}])
    start = time.monotonic()
    assert (await answered(api, http, "user: Hi"))["status"] == 500
    assert time.monotonic() - start >= 0.2


async def test_an_answer_may_be_the_call_of_a_function(api: FakeOpenAI, http: aiohttp.ClientSession) -> None:
    rule = {"kind": "llm", "match": "bye", "tool": "hang_up", "arguments": {"politely": True}}
    api.script = api.script.changed(rules=[rule])
    choice = await answered(api, http, "user: Bye!")
    [called] = choice["message"]["tool_calls"]
    assert (choice["finish_reason"], called["function"]["name"]) == ("tool_calls", "hang_up")
    assert json.loads(called["function"]["arguments"]) == {"politely": True}
    assert (await answered(api, http, "user: Bye!", "tool: Done."))["finish_reason"] == "stop"


async def test_livekits_client_takes_a_streamed_function_call(api: FakeOpenAI) -> None:
    api.script = Script(rules=(Rule("llm", answer="One moment.", tool="look_up", arguments='{"what": "soup"}'),))
    chat = ChatContext.empty()
    chat.add_message(role="user", content="The soup?")
    async with LLM(model="m", api_key="k", base_url=api.url) as model:
        chunks = [chunk.delta async for chunk in model.chat(chat_ctx=chat) if chunk.delta]
    assert "".join(delta.content or "" for delta in chunks) == "One moment."
    calls = [call for delta in chunks for call in delta.tool_calls]
    assert [(call.name, call.arguments) for call in calls] == [("look_up", '{"what": "soup"}')]


async def test_a_rule_for_what_was_heard_may_change_it(api: FakeOpenAI, http: aiohttp.ClientSession) -> None:
    api.script = api.script.changed(rules=[{"kind": "stt", "match": "open", "answer": "Are you closed?"}])
    form = aiohttp.FormData({"file": io.BytesIO(b"sound")})
    async with http.post(f"{api.url}/audio/transcriptions", data=form) as answer:
        assert (await answer.json())["text"] == "Are you closed?"


async def test_an_unknown_script_is_refused(api: FakeOpenAI, http: aiohttp.ClientSession) -> None:
    for wrong in (
        {"answer": "x"},
        {"faults": {"llm": "sleepy"}},
        {"rules": [{"kind": "llm", "fault": "sleepy"}]},
        {"rules": [{"kind": "ear"}]},
        {"rules": [{"kind": "llm", "sometimes": True}]},
    ):
        async with http.put(api.url.replace("/v1", "/script"), json=wrong) as refused:
            assert refused.status == 400
            assert "unknown" in await refused.text()


@pytest.mark.parametrize("encoding", ENCODINGS)
async def test_an_odd_sound_is_as_long_as_an_ordinary_one(
    api: FakeOpenAI, http: aiohttp.ClientSession, encoding: str
) -> None:
    api.script = api.script.changed(sound=encoding, sound_rate=16000, sound_type="audio/odd")
    async with http.post(f"{api.url}/audio/speech", json=SPEAK) as answer:
        assert answer.content_type == "audio/odd"
        sound = await answer.read()
    container, _, _, layout = ENCODINGS[encoding]
    options = {"ar": "16000", "ch_layout": layout} if container == "s16le" else {}
    with av.open(io.BytesIO(sound), "r", format=container if options else None, options=options) as file:
        seconds = sum([frame.samples / frame.sample_rate for frame in file.decode(audio=0)], 0.0)
    assert seconds == pytest.approx(len("Hello there.") * 0.06, abs=0.15)


async def test_a_limit_begins_after_the_most_requests_and_ends_by_itself(
    api: FakeOpenAI, http: aiohttp.ClientSession
) -> None:
    api.script = api.script.changed(most_requests={"llm": 1}, retry_after=2)
    told = []
    for _ in range(4):
        async with http.post(f"{api.url}/chat/completions", json=THINK | {"stream": False}) as answer:
            told.append((answer.status, answer.headers.get("Retry-After")))
        await asyncio.sleep(1)
    assert [status for status, _ in told] == [200, 429, 429, 200]
    assert float(told[1][1] or 0) == 2
    assert float(told[2][1] or 0) < 1.01


@pytest.mark.parametrize(
    ("roles", "refused_by"),
    [
        (["user"], []),
        (["system", "user"], ["system"]),
        (["system", "user", "assistant", "user"], ["system"]),
        (["system", "assistant", "user"], ["order", "system"]),
        (["user", "user"], ["order", "system"]),
        (["user", "assistant", "tool", "assistant"], ["order", "system"]),
    ],
)
async def test_roles_are_refused_as_a_chat_template_does(
    api: FakeOpenAI, http: aiohttp.ClientSession, roles: list[str], refused_by: list[str]
) -> None:
    messages = [{"role": role, "content": "x"} for role in roles]
    refused = []
    for kind in ("", "order", "system"):
        api.script = api.script.changed(refused_roles=kind)
        async with http.post(f"{api.url}/chat/completions", json={"messages": messages}) as answer:
            refused += [kind] if answer.status == 400 else []
    assert refused == refused_by
