"""The watcher's rounds: what is asked how often, and what is said when the server is down."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING

import pytest

from bootstrap.server import Server, connect_to
from bootstrap.watch import rounds as module
from bootstrap.watch.agent import Agent
from bootstrap.watch.callers import Callers
from bootstrap.watch.rounds import Rounds
from bootstrap.watch.routes import Routes
from tests.support.fakes.livekit_sip import FakeLiveKit
from tests.unit.bootstrap.watch.conftest import ONE_TRY

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from bootstrap.desired import Desired

pytestmark = pytest.mark.usefixtures("clock")


def rounds_with(client: Server, want: Desired) -> Rounds:
    callers = Callers(client, Agent("http://agent:8082"), want.agent, "call-")
    return Rounds(callers, Routes(client, want.agent, "canary-sip", "canary-out"), client.url)


@pytest.fixture(autouse=True)
def alive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "watching"
    monkeypatch.setattr(module, "ALIVE", file)
    return file


@contextlib.asynccontextmanager
async def going(rounds: Rounds) -> AsyncIterator[None]:
    task = asyncio.create_task(rounds.go())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_rooms_are_asked_for_every_two_seconds_and_trunks_and_rules_every_ten(
    client: Server, server: FakeLiveKit, want: Desired, alive: Path
) -> None:
    async with going(rounds_with(client, want)):
        await asyncio.sleep(60)
    assert 25 <= server.calls.count("ListRooms") <= 31
    assert 5 <= server.calls.count("ListSIPInboundTrunk") <= 7
    assert server.calls.count("ListSIPDispatchRule") == server.calls.count("ListSIPOutboundTrunk")
    assert alive.exists()


async def test_what_redis_lost_is_back_within_30_seconds(client: Server, server: FakeLiveKit, want: Desired) -> None:
    async with going(rounds_with(client, want)):
        for wait in (3, 7, 11):
            await asyncio.sleep(wait)
            server.trunks.clear()
            server.rules.clear()
            await asyncio.sleep(12)
            assert (len(server.trunks), len(server.rules)) == (1, 1)


async def test_a_server_that_is_down_is_waited_for_and_told_of_once(
    unused_tcp_port: int, want: Desired, server: FakeLiveKit, alive: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    url = f"ws://127.0.0.1:{unused_tcp_port}"
    another = FakeLiveKit(key=server.key, secret=server.secret)
    async with connect_to(url, server.key, server.secret, ONE_TRY) as client, going(rounds_with(client, want)):
        await asyncio.sleep(60)
        [down] = caplog.messages
        assert down.startswith(f"LiveKit at {url} could not be reached (")
        assert down.endswith("): nothing is watched until it answers again.")
        assert alive.exists()  # the watcher itself is well
        async with another.serving(unused_tcp_port):
            await asyncio.sleep(15)
        assert (len(another.trunks), len(another.rules)) == (1, 1)
    assert f"LiveKit at {url} answers again: calls, trunks and rules are watched." in caplog.messages


async def test_an_error_that_nobody_thought_of_does_not_end_the_watcher_and_is_told_once(
    client: Server,
    server: FakeLiveKit,
    want: Desired,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)

    async def look(_: Callers) -> None:
        raise KeyError("what is this")

    rounds = rounds_with(client, want)
    with monkeypatch.context() as broken:
        broken.setattr(Callers, "look", look)
        for _ in range(3):
            await rounds.round(with_routes=True)
    assert caplog.messages == ["The watcher could not look at the server; this will be tried again"]
    assert caplog.records[0].exc_info
    for _ in range(2):
        await rounds.round(with_routes=True)
    assert caplog.messages[1:] == ["Calls, trunks and rules are watched again."]
    assert "ListRooms" in server.calls
