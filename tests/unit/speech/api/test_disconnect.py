"""A client that goes away frees its work, seen over a real socket."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable

import pytest
import uvicorn

from speech.api import chat
from speech.api.app import App
from speech.errors import invalid
from speech.models.engines import AnswerEnd, Delta, Engines
from speech.queueing import Emit
from speech.requests import ChatRequest
from tests.unit.speech.engines import Mind


@pytest.fixture
async def port(engines: Engines) -> AsyncIterator[int]:
    app = App(lambda: engines, bound=2, give_up=lambda: None).starlette()
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, timeout_graceful_shutdown=1))
    serving = asyncio.create_task(server._serve())
    await until(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    await until_ready(port)
    yield port
    server.should_exit = True
    await serving


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not true():  # noqa: ASYNC110 what is waited for may be in another thread
            await asyncio.sleep(0.01)


async def until_ready(port: int) -> None:
    async with asyncio.timeout(5):
        while True:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            answer = await reader.read()
            writer.close()
            if b" 200 " in answer:
                return


async def ask(port: int, text: str, *, stream: bool = True) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    request = {"model": "mind", "stream": stream, "messages": [{"role": "user", "content": text}]}
    body = json.dumps(request).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    return reader, writer


async def hang_up(writer: asyncio.StreamWriter) -> None:
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize("stream", [True, False])
async def test_work_stops_when_its_client_hangs_up(port: int, mind: Mind, stream: bool) -> None:
    mind.gate.clear()
    _, writer = await ask(port, "one two three", stream=stream)
    await until(lambda: mind.begun == ["one two three"])
    assert not mind.stopped.is_set()
    await hang_up(writer)
    await until(mind.stopped.is_set)


async def test_a_queued_request_whose_client_hung_up_is_never_begun(
    port: int, mind: Mind, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "speech")
    mind.gate.clear()
    first, first_writer = await ask(port, "first")
    await until(lambda: mind.begun == ["first"])
    _, second = await ask(port, "second")
    _, third = await ask(port, "third")
    await asyncio.sleep(0.05)
    await hang_up(second)
    await until(lambda: "status=499" in caplog.text)
    mind.gate.set()
    await first.readuntil(b"[DONE]")
    await until(lambda: mind.begun == ["first", "third"])
    await hang_up(first_writer)
    await hang_up(third)


async def test_a_client_in_the_queue_is_told_that_the_line_is_not_dead(
    port: int, mind: Mind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat, "PATIENCE", 0.02)
    mind.gate.clear()
    _, first = await ask(port, "first")
    await until(lambda: mind.begun == ["first"])
    reader, second = await ask(port, "second")
    async with asyncio.timeout(5):
        waiting = await reader.readuntil(b": still here\n\n")
        assert b"data:" not in waiting
        mind.gate.set()
        assert b"second" in await reader.readuntil(b"[DONE]")
    await hang_up(first)
    await hang_up(second)


async def test_a_complete_answer_is_no_hang_up(port: int, mind: Mind, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "speech")
    reader, writer = await ask(port, "one")
    await reader.readuntil(b"[DONE]")
    await until(lambda: "took=" in caplog.text)
    assert "status=200" in caplog.text
    await hang_up(writer)


async def test_a_client_that_leaves_while_it_sends_its_request_is_logged_as_gone(
    port: int, mind: Mind, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "speech")
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{")
    await asyncio.sleep(0.05)
    await hang_up(writer)
    await until(lambda: "chat status=499" in caplog.text)
    assert mind.begun == []


async def test_a_failure_in_the_middle_of_an_answer_cuts_the_connection(
    port: int, mind: Mind, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def chat_and_fail(_: ChatRequest, emit: Emit[Delta | AnswerEnd]) -> None:
        emit(Delta("half"))
        raise RuntimeError("torn")

    monkeypatch.setattr(mind, "chat", chat_and_fail)
    reader, writer = await ask(port, "one")
    async with asyncio.timeout(5):
        answer = await reader.read()
    assert b"half" in answer
    assert b"[DONE]" not in answer
    assert not answer.endswith(b"0\r\n\r\n")  # a complete chunked body would
    assert "chat failed" in caplog.text
    await hang_up(writer)


async def test_what_an_engine_refuses_in_the_middle_of_an_answer_is_an_event(
    port: int, mind: Mind, monkeypatch: pytest.MonkeyPatch
) -> None:
    def chat_and_refuse(_: ChatRequest, emit: Emit[Delta | AnswerEnd]) -> None:
        emit(Delta("half"))
        raise invalid("too long", "messages", "context_length_exceeded")

    monkeypatch.setattr(mind, "chat", chat_and_refuse)
    reader, writer = await ask(port, "one")
    async with asyncio.timeout(5):
        answer = await reader.readuntil(b"[DONE]")
    assert b"context_length_exceeded" in answer
    await hang_up(writer)
