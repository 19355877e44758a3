"""The connection to the agent: which of its calls it has, and when it is certainly gone."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from bootstrap.watch.agent import PATH, SILENT_FOR, Agent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.usefixtures("clock")


class Worker:
    """An agent's HTTP server, whose process may be killed, hang, and be started again at the same address."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.process, self.jobs = "first", ["AJ_1"]
        self.hangs = False
        self.status = 200
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get(PATH, self.answer)
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True).start()

    async def kill(self) -> None:
        if self._runner:
            await self._runner.cleanup()
        self._runner = None

    async def answer(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=self.status)
        await response.prepare(request)
        while True:
            if not self.hangs:
                await response.write(json.dumps({"process": self.process, "jobs": self.jobs}).encode() + b"\n")
            await asyncio.sleep(1)


@pytest.fixture
async def worker(unused_tcp_port: int) -> AsyncIterator[Worker]:
    its = Worker(unused_tcp_port)
    await its.start()
    yield its
    await its.kill()


@pytest.fixture
async def agent(worker: Worker) -> AsyncIterator[Agent]:
    its = Agent(f"http://127.0.0.1:{worker.port}/")
    following = asyncio.create_task(its.follow())
    await asyncio.sleep(3)
    yield its
    following.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await following


async def test_a_job_that_the_agent_names_is_not_lost_and_one_that_it_names_no_more_is(
    worker: Worker, agent: Agent
) -> None:
    await asyncio.sleep(60)
    assert not agent.has_lost("AJ_1")
    worker.jobs = ["AJ_2"]
    await asyncio.sleep(3)
    assert not agent.has_lost("AJ_1")  # the agent itself may be hanging up
    await asyncio.sleep(6)
    assert agent.has_lost("AJ_1")
    assert not agent.has_lost("AJ_2")


async def test_an_agent_that_was_killed_has_lost_its_jobs_within_seven_seconds(worker: Worker, agent: Agent) -> None:
    await worker.kill()
    await asyncio.sleep(3)
    assert not agent.has_lost("AJ_1")
    await asyncio.sleep(4)
    assert agent.has_lost("AJ_1")
    await asyncio.sleep(600)
    assert agent.has_lost("AJ_1")


async def test_an_agent_that_was_killed_and_started_again_at_once_has_lost_its_jobs(
    worker: Worker, agent: Agent
) -> None:
    await worker.kill()
    worker.process, worker.jobs = "second", ["AJ_2"]
    await worker.start()
    await asyncio.sleep(8)
    assert agent.has_lost("AJ_1")
    assert not agent.has_lost("AJ_2")


async def test_a_connection_that_breaks_off_and_is_made_again_is_no_loss(worker: Worker, agent: Agent) -> None:
    await worker.kill()
    await asyncio.sleep(2)
    await worker.start()
    await asyncio.sleep(20)
    assert not agent.has_lost("AJ_1")


async def test_an_agent_that_says_nothing_for_a_while_has_lost_nothing(worker: Worker, agent: Agent) -> None:
    worker.hangs = True
    for _ in range(60):
        await asyncio.sleep(1)
        assert not agent.has_lost("AJ_1")
    worker.hangs = False
    await asyncio.sleep(8)
    assert not agent.has_lost("AJ_1")
    worker.hangs = True
    await asyncio.sleep(10)
    await worker.kill()
    await asyncio.sleep(8)
    assert agent.has_lost("AJ_1")


async def test_a_job_of_an_agent_that_says_nothing_is_not_lost_when_another_container_answers(
    worker: Worker, agent: Agent
) -> None:
    agent.hear("elsewhere", frozenset(["AJ_elsewhere"]))  # by a name that both have
    await asyncio.sleep(60)
    assert not agent.has_lost("AJ_elsewhere")
    assert not agent.has_lost("AJ_1")


async def test_a_job_that_the_agent_never_had_is_not_lost(worker: Worker, agent: Agent) -> None:
    await worker.kill()
    await asyncio.sleep(60)
    assert not agent.has_lost("AJ_elsewhere")


async def test_an_agent_that_does_not_name_its_jobs_has_lost_none(worker: Worker) -> None:
    worker.status = 404  # of an older release
    its = Agent(f"http://127.0.0.1:{worker.port}")
    following = asyncio.create_task(its.follow())
    await asyncio.sleep(60)
    following.cancel()
    assert not its.has_lost("AJ_1")


async def test_jobs_of_the_day_before_yesterday_are_forgotten(worker: Worker, agent: Agent) -> None:
    worker.jobs = []
    await asyncio.sleep(60)
    assert agent.has_lost("AJ_1")
    agent._seen["AJ_1"] = ("first", time.monotonic() - 100_000)
    agent._ended["zeroth"] = time.monotonic() - 100_000
    await asyncio.sleep(3)
    assert (agent._seen, agent._ended) == ({}, {})


KILLED = """
import asyncio, sys
from aiohttp import web

async def answer(request):
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b'{"process": "first", "jobs": ["AJ_1"]}\\n')
        await asyncio.sleep(1)

app = web.Application()
app.router.add_get("/jobs", answer)
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None)
"""


@pytest.mark.real_time
async def test_the_kernel_says_at_once_that_a_process_was_killed(unused_tcp_port: int) -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", KILLED, str(unused_tcp_port))
    its = Agent(f"http://127.0.0.1:{unused_tcp_port}")
    following = asyncio.create_task(its.follow())
    try:
        async with asyncio.timeout(30):
            while not its._seen:  # noqa: ASYNC110 - another process is waited for
                await asyncio.sleep(0.05)
        assert not its._ended
        process.kill()
        async with asyncio.timeout(SILENT_FOR - 1):  # it is not the silence that says so
            while not its._ended:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.05)
    finally:
        following.cancel()
        if process.returncode is None:
            process.kill()
        await process.wait()
