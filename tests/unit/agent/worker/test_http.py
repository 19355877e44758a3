"""The worker's own HTTP server: it has the endpoints that are switched on, and never ends the worker."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import aiohttp
import pytest
from aiohttp import web

from agent.worker import http
from tests.unit.agent.fakes import host

if TYPE_CHECKING:
    from pathlib import Path

    from agent.settings import Settings

from agent.lines.folder import LinesFolder


def said(text: str) -> http.Routes:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=text)

    return lambda _settings, _lines: [web.get(f"/{text}", answer)]


def off(_: Settings, __: LinesFolder) -> list[web.RouteDef]:
    return []


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


async def get(port: int, path: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as client, client.get(f"http://127.0.0.1:{port}{path}") as answer:
        return answer.status, await answer.text()


async def test_every_endpoint_that_is_on_is_answered_while_the_worker_works(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(http, "ROUTES", [said("one"), off, said("two")])
    port = free_port()

    async def work() -> list[tuple[int, str]]:
        await asyncio.sleep(0)
        return [await get(port, path) for path in ("/one", "/two", "/three")]

    asked = await http.answer_requests_while(work(), host(), LinesFolder(tmp_path, {}), "127.0.0.1", port)
    assert [status for status, _ in asked] == [200, 200, 404]
    assert [text for _, text in asked[:2]] == ["one", "two"]
    with pytest.raises(aiohttp.ClientConnectorError):
        await get(port, "/one")


async def test_nothing_listens_if_no_endpoint_is_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(http, "ROUTES", [off])
    port = free_port()

    async def work() -> None:
        with pytest.raises(aiohttp.ClientConnectorError):
            await get(port, "/one")

    await http.answer_requests_while(work(), host(), LinesFolder(tmp_path, {}), "127.0.0.1", port)


async def test_a_port_that_is_taken_is_logged_and_calls_are_taken_all_the_same(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(http, "ROUTES", [said("one")])
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = int(taken.getsockname()[1])
        result = await http.answer_requests_while(
            asyncio.sleep(0, "done"), host(), LinesFolder(tmp_path, {}), "127.0.0.1", port
        )
    assert result == "done"
    assert f"Cannot listen on port {port}" in caplog.text
