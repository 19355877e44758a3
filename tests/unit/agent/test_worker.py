"""Taking calls, and not taking them."""

import asyncio
from typing import cast

from livekit.agents import AgentServer, JobRequest
from livekit.protocol.agent import Job
from livekit.protocol.models import Room

from agent.worker import up_to


class Line:
    """A worker with `active` calls, and the requests it gets."""

    def __init__(self, limit: int, active: int = 0) -> None:
        self.active_jobs = [object()] * active
        self.answers: list[str] = []
        self.assigned = asyncio.Event()
        self.admit = up_to(limit, cast("AgentServer", self))

    def request(self) -> "asyncio.Task[None]":
        async def reject(terminate: bool) -> None:
            self.answers.append("for good" if terminate else "not here")

        async def accept(_: object) -> None:
            self.answers.append("taken")
            await self.assigned.wait()
            self.active_jobs.append(object())

        request = JobRequest(job=Job(id="AJ_1", room=Room(sid="RM_1")), on_reject=reject, on_accept=accept)
        return asyncio.ensure_future(self.admit(request))


async def test_calls_are_taken_up_to_the_limit() -> None:
    line = Line(limit=2, active=1)
    line.assigned.set()
    await line.request()
    await line.request()
    assert line.answers == ["taken", "not here"]


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
