"""GET /jobs: which jobs the agent has, each second, for as long as its main process lives."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import aiohttp

from agent.lines.folder import LinesFolder
from agent.worker import health
from agent.worker import jobs_endpoint as module
from agent.worker.http import answer_requests_while
from agent.worker.jobs_endpoint import jobs_endpoint
from tests.unit.agent.fakes import host

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from livekit.agents import AgentServer


class Worker:
    def __init__(self) -> None:
        self.names = ["AJ_1"]

    @property
    def active_jobs(self) -> list[Any]:
        return [SimpleNamespace(job=SimpleNamespace(id=name)) for name in self.names]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


async def test_the_jobs_are_named_again_and_again_and_the_answer_ends_with_the_worker(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(module, "EVERY", 0.05)
    worker, port, rows = Worker(), free_port(), []
    enough = asyncio.Event()

    async def follow() -> float:
        async with aiohttp.ClientSession() as client, client.get(f"http://127.0.0.1:{port}/jobs") as answer:
            async for row in answer.content:
                rows.append(json.loads(row))
                if len(rows) == 3:
                    worker.names = ["AJ_1", "AJ_2"]
                if len(rows) == 6:
                    enough.set()
        return time.monotonic()

    async def work() -> asyncio.Task[float]:
        await asyncio.sleep(0)
        following = asyncio.create_task(follow())
        await enough.wait()
        return following

    lines, routes = LinesFolder(tmp_path, {}), jobs_endpoint(cast("AgentServer", worker), "here")
    following = await answer_requests_while(work(), host(), lines, "127.0.0.1", port, of_worker=routes)
    stopped = time.monotonic()
    assert await following - stopped < 1  # and is not cut off after the seconds that other answers have
    assert rows[0]["jobs"] == ["AJ_1"]
    assert rows[5]["jobs"] == ["AJ_1", "AJ_2"]
    assert len({row["process"] for row in rows}) == 1
    assert {row["name"] for row in rows} == {"here"}


async def test_it_says_whether_the_agent_is_registered(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(module, "EVERY", 0.02)
    monkeypatch.setattr(health, "REGISTERED", tmp_path / "registered")
    monkeypatch.setattr(health, "READING", tmp_path / "reading")
    port, rows = free_port(), []

    async def work() -> None:
        async with aiohttp.ClientSession() as client, client.get(f"http://127.0.0.1:{port}/jobs") as answer:
            rows.append(json.loads(await answer.content.readline()))
            health.mark(registered=True)
            while not rows[-1]["registered"]:
                rows.append(json.loads(await answer.content.readline()))

    lines, routes = LinesFolder(tmp_path, {}), jobs_endpoint(cast("AgentServer", Worker()), "here")
    async with asyncio.timeout(20):
        await answer_requests_while(work(), host(), lines, "127.0.0.1", port, of_worker=routes)
    assert rows[0]["registered"] is False
    assert rows[0]["why_not"].startswith("not registered with the media server")
    assert rows[-1]["why_not"] == ""


async def test_whoever_stops_following_is_no_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "EVERY", 0.02)
    port = free_port()

    async def work() -> list[str]:
        await asyncio.sleep(0)
        got = []
        for _ in range(2):
            async with aiohttp.ClientSession() as client, client.get(f"http://127.0.0.1:{port}/jobs") as answer:
                got += json.loads(await answer.content.readline())["jobs"]
            await asyncio.sleep(0.2)
        return got

    lines, routes = LinesFolder(tmp_path, {}), jobs_endpoint(cast("AgentServer", Worker()), "here")
    got = await answer_requests_while(work(), host(), lines, "127.0.0.1", port, of_worker=routes)
    assert got == ["AJ_1", "AJ_1"]
    assert caplog.messages == []


async def test_each_process_has_an_id_of_its_own(tmp_path: Path) -> None:
    async def first_row() -> dict[str, Any]:
        port = free_port()

        async def work() -> dict[str, Any]:
            await asyncio.sleep(0)
            async with aiohttp.ClientSession() as client, client.get(f"http://127.0.0.1:{port}/jobs") as answer:
                row: dict[str, Any] = json.loads(await answer.content.readline())
            return row

        lines, routes = LinesFolder(tmp_path, {}), jobs_endpoint(cast("AgentServer", Worker()), "here")
        return await answer_requests_while(work(), host(), lines, "127.0.0.1", port, of_worker=routes)

    assert (await first_row())["process"] != (await first_row())["process"]
