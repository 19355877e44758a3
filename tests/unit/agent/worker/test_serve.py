"""Taking calls, and not taking them."""

import asyncio
import json
import os
import signal
from pathlib import Path
from typing import cast
from unittest.mock import Mock

import pytest
from livekit.agents import AgentServer, JobRequest
from livekit.agents import worker as livekit_worker
from livekit.protocol.agent import Job
from livekit.protocol.models import Room

from agent.background import repeat
from agent.turns.prosody import ProsodyProcess
from agent.worker import health, used_rooms
from agent.worker import serve as worker
from agent.worker.serve import HEARTBEAT, admit_up_to, load_of_calls, serve
from tests.unit.agent.fakes import until


class Line:
    """A worker with `active` calls, and the requests it gets."""

    def __init__(self, limit: int, active: int = 0) -> None:
        self.active_jobs = [object()] * active
        self.answers: list[str] = []
        self.assigned = asyncio.Event()
        self.admit = admit_up_to(limit, cast("AgentServer", self))

    def request(self, room: str = "call-1", sid: str = "RM_1", metadata: str = "") -> "asyncio.Task[None]":
        async def reject(terminate: bool) -> None:
            self.answers.append("for good" if terminate else "not here")

        async def accept(_: object) -> None:
            self.answers.append("taken")
            await self.assigned.wait()
            self.active_jobs.append(object())

        request = JobRequest(
            job=Job(id="AJ_1", room=Room(name=room, sid=sid), metadata=metadata), on_reject=reject, on_accept=accept
        )
        return asyncio.ensure_future(self.admit(request))


async def test_calls_are_taken_up_to_the_limit() -> None:
    line = Line(limit=2, active=1)
    line.assigned.set()
    await line.request()
    await line.request()
    assert line.answers == ["taken", "not here"]


@pytest.mark.parametrize(("active", "load"), [(0, 0), (1, 0.1), (5, 0.5), (9, 0.5)])
def test_the_load_is_that_of_the_calls_and_never_so_high_that_the_server_sends_none(active: int, load: float) -> None:
    line = cast("AgentServer", Line(limit=5, active=active))
    assert load_of_calls(5)(line) == load < 1


async def test_calls_that_come_at_once_are_counted_before_they_have_started() -> None:
    line = Line(limit=2)
    requests = [line.request() for _ in range(3)]
    await asyncio.sleep(0)
    line.assigned.set()
    await asyncio.gather(*requests)
    assert line.answers == ["taken", "taken", "not here"]


async def test_a_call_that_has_ended_makes_room() -> None:
    line = Line(limit=1)
    line.assigned.set()
    await line.request()
    line.active_jobs.clear()
    await line.request()
    assert line.answers == ["taken", "taken"]


async def test_a_browsers_token_is_good_for_one_call_and_a_room_that_is_offered_again_is_taken() -> None:
    line = Line(limit=20)
    line.assigned.set()
    browser = json.dumps({"line": "coffee", "browser": True})
    await line.request("call-browser-1", "RM_1", browser)
    await line.request("call-browser-1", "RM_1", browser)
    await line.request("call-browser-1", "RM_2", browser)
    await line.request("call-browser-2", "RM_3", browser)
    assert line.answers == ["taken", "taken", "for good", "taken"]


async def test_a_browser_that_found_the_line_full_may_come_back() -> None:
    line = Line(limit=1, active=1)
    line.assigned.set()
    browser = json.dumps({"line": "coffee", "browser": True})
    await line.request("call-browser-1", "RM_1", browser)
    line.active_jobs.clear()
    await line.request("call-browser-1", "RM_2", browser)
    assert line.answers == ["not here", "taken"]


async def test_a_phones_room_may_have_the_name_of_an_earlier_one() -> None:
    line = Line(limit=20)
    line.assigned.set()
    for sid in ("RM_1", "RM_2"):
        await line.request("call-of-a-rule-with-one-room", sid, json.dumps({"line": "coffee"}))
    assert line.answers == ["taken", "taken"]


async def test_only_so_many_rooms_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(used_rooms, "MOST", 2)
    line = Line(limit=20)
    line.assigned.set()
    for number in range(4):
        await line.request(f"call-browser-{number}", "RM_1", '{"browser": true}')
    await line.request("call-browser-0", "RM_2", '{"browser": true}')
    await line.request("call-browser-3", "RM_2", '{"browser": true}')
    assert line.answers == ["taken"] * 5 + ["for good"]


class Server:
    """A registered worker: it runs until it is drained, or fails."""

    id = "AW_1"
    _connecting = False
    active_jobs = ()

    def __init__(self, failure: Exception | None = None) -> None:
        self.calls: list[str] = []
        self._failure = failure
        self._drained = asyncio.Event()
        self.running = asyncio.Event()

    async def run(self) -> None:
        self.running.set()
        if self._failure:
            raise self._failure
        await self._drained.wait()

    async def drain(self, timeout: int) -> None:
        self.calls.append(f"drain {timeout}")
        self._drained.set()
        if timeout == 1:
            raise TimeoutError  # calls are still in progress

    async def aclose(self) -> None:
        self.calls.append("close")


@pytest.fixture
def registered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(health, "REGISTERED", tmp_path / "registered")
    return tmp_path / "registered"


def unused() -> ProsodyProcess:
    return ProsodyProcess(lambda: False)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("grace", [1, 20])
async def test_told_to_stop_it_drains_for_the_grace_then_closes(registered: Path, number: int, grace: int) -> None:
    server = Server()
    serving = asyncio.create_task(serve(cast("AgentServer", server), grace, unused()))
    await server.running.wait()
    await asyncio.sleep(0)
    assert registered.exists()
    os.kill(os.getpid(), number)
    assert await serving == 0
    assert server.calls == [f"drain {grace}", "close"]
    assert not registered.exists()


async def test_an_error_of_the_server_ends_it_with_1_and_unhealthy(registered: Path) -> None:
    server = Server(failure=RuntimeError("failed to connect"))
    assert await serve(cast("AgentServer", server), 20, unused()) == 1
    assert server.calls == ["close"]
    assert not registered.exists()
    assert livekit_worker.HEARTBEAT_INTERVAL == HEARTBEAT


class Looks:
    """A listener, told at each look what there is; and a worker whose calls are set by the look's number."""

    def __init__(self, calls: list[int]) -> None:
        self.calls, self.told = calls, ""
        self.all_told = asyncio.Event()

    @property
    def active_jobs(self) -> list[object]:
        if not self.calls:
            self.all_told.set()
            return []
        return [object()] * self.calls.pop(0)

    async def ensure_running(self) -> None:
        self.told += "w"

    async def stop_if_idle(self) -> None:
        self.told += "u" if self.calls else ""

    async def end(self) -> None:
        supervisor = worker._ProsodySupervisor(cast("ProsodyProcess", self), cast("AgentServer", self))
        minding = asyncio.create_task(repeat(supervisor.update, 0.001, "Could not look"))
        await asyncio.wait_for(self.all_told.wait(), 5)
        minding.cancel()


async def test_the_voice_is_listened_to_when_the_greeting_has_begun_and_as_long_as_there_are_calls() -> None:
    looks = Looks([0, 1, 1, 2, 0, 1, 0])
    await looks.end()
    assert looks.told == "uwwu"  # neither is told of a call that is seen for the first time


async def test_a_listener_that_cannot_begin_is_asked_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    looks = Looks([1, 1, 1, 1])
    begin = looks.ensure_running

    async def fails_once() -> None:
        monkeypatch.setattr(looks, "ensure_running", begin)
        raise OSError("Cannot allocate memory")

    monkeypatch.setattr(looks, "ensure_running", fails_once)
    await looks.end()
    assert looks.told == "ww"
    assert "Cannot allocate memory" in caplog.text


async def test_a_full_disk_does_not_end_the_report_of_health(
    registered: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(health, "TOUCHED_EVERY", 0.001)
    mark, marks = health.mark, 0

    def fails_at_first(*, registered: bool) -> None:
        nonlocal marks
        marks += 1
        if marks < 4:
            raise OSError(28, "No space left on device")
        mark(registered=registered)

    monkeypatch.setattr(health, "mark", fails_at_first)
    server = Server()
    serving = asyncio.create_task(serve(cast("AgentServer", server), 20, unused()))
    await until(registered.exists)
    os.kill(os.getpid(), signal.SIGTERM)
    assert await serving == 0
    errors = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert errors == ["Could not update the health file; this will be tried again"]


async def test_a_disk_that_is_gone_does_not_change_how_the_agent_stops(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(health, "mark", Mock(side_effect=OSError(30, "Read-only file system")))
    server = Server()
    serving = asyncio.create_task(serve(cast("AgentServer", server), 20, unused()))
    await server.running.wait()
    os.kill(os.getpid(), signal.SIGTERM)
    assert await serving == 0
