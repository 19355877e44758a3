"""How a server is asked: redirects are followed, and an error says nothing that may not be logged."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from aiohttp import web
from livekit import rtc
from livekit.agents import APIConnectionError, APIConnectOptions, APIStatusError, APITimeoutError
from livekit.agents.llm import ChatContext

from agent.providers.catalog import Wanted
from agent.providers.client import Client
from agent.providers.failure import explain
from agent.providers.openai import new_llm, new_stt, new_tts
from tests.support.fakes.openai_api import FakeOpenAI
from tests.unit.agent.never_silent import INSTANT

KEY = "sk-canary-0123456789"
ONCE = APIConnectOptions(max_retry=0)


@asynccontextmanager
async def serving(handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncIterator[str]:
    """A server that answers everything so, on an address of its own."""
    app = web.Application(client_max_size=2**22)
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def redirecting(to: str, status: int) -> AsyncIterator[str]:
    async def redirect(request: web.Request) -> web.Response:
        return web.Response(status=status, headers={"Location": f"{to}{request.path_qs}"})

    async with serving(redirect) as url:
        yield f"{url}/v1"


def wanted(url: str, key: str = KEY) -> Wanted:
    return Wanted("m", "en", "", key, url, 10)


async def ask(kind: str, url: str) -> str:
    """Ask for something by the plugin; return what came."""
    if kind == "stt":
        event = await new_stt(wanted(url)).recognize(rtc.AudioFrame(bytes(3200), 16_000, 1, 1600), conn_options=ONCE)
        return event.alternatives[0].text
    if kind == "llm":
        context = ChatContext.empty()
        context.add_message(role="user", content="My name is Bob Miller, please call me.")
        async with new_llm(wanted(url)).chat(chat_ctx=context, conn_options=ONCE) as answer:
            return "".join([chunk.delta.content or "" async for chunk in answer if chunk.delta])
    async with new_tts(wanted(url)).synthesize("Good morning, Bob Miller.", conn_options=ONCE) as sound:
        return f"{len([piece async for piece in sound]) > 0}"


@pytest.mark.parametrize("status", [307, 308])
@pytest.mark.parametrize(("kind", "came"), [("stt", "When are you open?"), ("llm", "At nine."), ("tts", "True")])
async def test_a_redirect_is_followed_with_method_and_body(kind: str, came: str, status: int) -> None:
    async with FakeOpenAI(INSTANT) as server, redirecting(server.url.removesuffix("/v1"), status) as url:
        assert await ask(kind, url) == came
        [request] = server.asked(kind)
        assert request.body["model"] == "m"
        assert kind != "stt" or request.bytes > 3200


async def test_the_key_does_not_go_to_another_server() -> None:
    async with FakeOpenAI(INSTANT) as server, redirecting(server.url.removesuffix("/v1"), 307) as url:
        await ask("llm", url)
        assert [request.who for request in server.requests] == [""]


@pytest.mark.parametrize(
    ("to", "key"),
    [
        ("https://models.test/v1", f"Bearer {KEY}"),
        ("http://models.test/other/v1", f"Bearer {KEY}"),
        ("https://other.test/v1", None),
        ("http://models.test:8080/v1", None),
    ],
)
async def test_the_key_goes_on_to_the_same_server_and_from_http_to_https_of_it(
    monkeypatch: pytest.MonkeyPatch, to: str, key: str | None
) -> None:
    asked: list[httpx2.Request] = []

    async def handle(_: httpx2.AsyncHTTPTransport, request: httpx2.Request) -> httpx2.Response:
        await request.aread()
        asked.append(request)
        return httpx2.Response(200 if len(asked) > 1 else 308, headers={"Location": to})

    monkeypatch.setattr(httpx2.AsyncHTTPTransport, "handle_async_request", handle)
    async with Client(5) as client:
        await client.post("http://models.test/v1", json={"a": 1}, headers={"Authorization": f"Bearer {KEY}"})
    assert [request.method for request in asked] == ["POST", "POST"]
    assert json.loads(asked[1].content) == {"a": 1}
    assert asked[1].headers.get("authorization") == key


ECHOES: dict[str, Any] = {
    "OpenAI": {"error": {"message": f"Incorrect API key provided: sk-c***6789. {KEY}", "code": "invalid_api_key"}},
    "FastAPI": {"detail": [{"loc": ["body", "x"], "msg": "Field required", "input": {"input": "SAID"}}]},
    "vLLM": {"object": "error", "message": "1 error: {'role': 'user', 'content': 'SAID'}", "code": 400},
    "Kokoro": {"detail": {"error": "invalid_model", "message": "Unsupported: 'SAID'", "type": "invalid_request_error"}},
    "Ollama": {"error": 'model "m" not found, asked SAID'},
    "LiteLLM": {"error": {"message": "Authentication Error. Received API Key = sk-...6789, Key Hash (Token) =0a1b"}},
}


@pytest.mark.parametrize("kind", ["llm", "tts"])
@pytest.mark.parametrize("form", ECHOES)
async def test_an_error_has_its_status_and_text_without_the_key_and_without_what_was_said(form: str, kind: str) -> None:
    said = {"llm": "My name is Bob Miller, please call me.", "tts": "Good morning, Bob Miller."}[kind]

    async def refuse(_: web.Request) -> web.Response:
        return web.Response(
            status=400, text=json.dumps(ECHOES[form]).replace("SAID", said), content_type="application/json"
        )

    async with serving(refuse) as url:
        with pytest.raises(APIStatusError) as error:
            await ask(kind, url)
    for shown in (explain(error.value), str(error.value), repr(error.value)):
        assert "400" in shown
        for secret in ("Bob", "Miller", "canary", "6789", KEY):
            assert secret not in shown, shown
    kept = {"OpenAI": "Incorrect API key provided", "FastAPI": "body.x: Field required", "vLLM": "1 error"}
    kept |= {"Kokoro": "Unsupported", "Ollama": 'model "m" not found', "LiteLLM": "Authentication Error"}
    assert explain(error.value).startswith(f"answered 400: {kept[form]}")


@pytest.mark.parametrize(
    ("body", "kind", "told"),
    [
        ("<html><h1>404</h1></html>", "text/html", "a web page, not the answer of an API"),
        ("", "text/plain", "Not Found"),
        ("no\nsuch\npath", "text/plain", "no"),
        ("x" * 5000, "text/plain", "x" * 200 + "…"),
        ('{"detail": [{"loc": null, "msg": "no such path"}]}', "application/json", "no such path"),
        ('{"detail": "Not Found"}', "application/json", "Not Found"),
        ("[1, 2]", "application/json", "Not Found"),
        ("[" * 100_000, "application/json", "[" * 200 + "…"),
    ],
)
async def test_any_other_error_becomes_one_short_row(body: str, kind: str, told: str) -> None:
    async def refuse(_: web.Request) -> web.Response:
        return web.Response(status=404, text=body, content_type=kind, headers={"Retry-After": "3"})

    async with serving(refuse) as url, Client(5) as client:
        answer = await client.get(url)
    assert answer.json() == {"error": {"message": told}}
    assert answer.headers["retry-after"] == "3"


async def test_an_answer_that_is_no_error_is_left_as_it_is() -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=b"\x00\x01", content_type="audio/pcm")

    async with serving(answer) as url, Client(5) as client:
        came = await client.post(url, json={"input": "Hi"})
    assert (came.content, came.headers["content-type"]) == (b"\x00\x01", "audio/pcm")


@pytest.mark.parametrize("kind", ["stt", "llm", "tts"])
async def test_a_server_that_is_not_there_is_told_by_its_cause(kind: str) -> None:
    async with FakeOpenAI(INSTANT) as server:
        url = server.url
    with pytest.raises(APIConnectionError) as error:
        await ask(kind, url)
    assert explain(error.value) == "refused the connection: nothing listens on that port"
    with pytest.raises(APIConnectionError) as error:
        await ask(kind, "http://nobody.invalid/v1")
    assert explain(error.value) == "has a name that does not resolve to an address"


@pytest.mark.parametrize("kind", ["llm", "tts"])
async def test_a_server_that_hangs_is_told_so(kind: str) -> None:
    async with FakeOpenAI(INSTANT.changed(faults={kind: "hang"})) as server:
        with pytest.raises(APITimeoutError) as error:
            await ask(kind, server.url)
    assert explain(error.value) == "did not answer in time"
