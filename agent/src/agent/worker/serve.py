"""The worker: it offers this agent to the media server and, when it is stopped, lets the calls in progress end."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Awaitable, Callable

from livekit.agents import AgentServer, JobRequest

from agent.background import repeat
from agent.framework import is_registered, set_heartbeat_interval
from agent.turns.prosody import ProsodyProcess
from agent.worker import health
from agent.worker.metrics import METRICS
from agent.worker.used_rooms import UsedRooms

logger = logging.getLogger(__name__)

HEARTBEAT = 10  # seconds; with the default of 30 a media server that has died is noticed after up to 45
PROSODY_CHECKED_EVERY = 1.0  # seconds
SIGNALS = (signal.SIGTERM, signal.SIGINT)


def admit_up_to(limit: int, server: AgentServer) -> Callable[[JobRequest], Awaitable[None]]:
    """Make the function that takes calls until `limit` of them are in progress.

    The server's `load_threshold` is not used for this. Its load is the CPU of the whole host, which the embedded models
    or another service may use up without a single call here, and then no call would be answered.
    """
    starting = 0  # calls taken that are not among the active ones yet: two may come at once
    used = UsedRooms()

    async def admit(request: JobRequest) -> None:
        nonlocal starting
        if used.is_used(request.job):
            logger.warning("Call not taken: a browser's token is for one call", extra={"room_id": request.room.sid})
            await request.reject(terminate=True)
            return
        if len(server.active_jobs) + starting >= limit:
            logger.warning("Call not taken: %d calls are in progress", limit, extra={"room_id": request.room.sid})
            await request.reject(terminate=False)  # another agent of this name may be free
            return
        starting += 1
        used.note(request.job)
        try:
            await request.accept()
            METRICS.calls.start()
        finally:
            starting -= 1

    return admit


def load_of_calls(limit: int) -> Callable[[AgentServer], float]:
    """Make the function that tells the media server how busy this agent is, from the calls that are in progress.

    By default that is the CPU of the whole host. The media server (v1.13.5) sends no call to an agent whose load is 1,
    whatever its `load_threshold`, so no call would be answered while something else keeps the CPU busy. This load is at
    most one half, since livekit-agents adds as much again for calls that are about to begin.
    """
    return lambda server: min(1.0, len(server.active_jobs) / limit) / 2


async def serve(server: AgentServer, drain_grace: int, prosody: ProsodyProcess) -> int:
    """Take calls until a signal to stop comes, then let those in progress end within `drain_grace` seconds.

    A call that goes on after that is closed: its agent says goodbye, and its room is deleted.

    Returns:
        An exit code: 1 when the media server could not be reached for minutes or refused this agent, else 0.
    """
    set_heartbeat_interval(HEARTBEAT)
    stop_requested = asyncio.Event()
    for name in SIGNALS:
        asyncio.get_running_loop().add_signal_handler(name, stop_requested.set)
    complaint = "Could not start or stop the prosody process"
    beside = [
        repeat(_HealthReport(server).update, health.TOUCHED_EVERY, "Could not update the health file"),
        repeat(_ProsodySupervisor(prosody, server).update, PROSODY_CHECKED_EVERY, complaint, begin_at_once=False),
    ]
    tasks = [asyncio.create_task(work) for work in beside]
    running = asyncio.create_task(server.run())
    stopping = asyncio.create_task(stop_requested.wait())
    await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
    for name in SIGNALS:
        asyncio.get_running_loop().remove_signal_handler(name)  # a second signal stops at once

    if not running.done():
        await _drain(server, drain_grace)
    await server.aclose()
    for task in (*tasks, stopping):
        task.cancel()
    await prosody.stop()
    with contextlib.suppress(OSError):  # the file will soon be stale in any case
        health.mark(registered=False)
    return await _outcome(running)


async def _drain(server: AgentServer, grace: int) -> None:
    logger.info("Stopping: no new calls are taken, and those in progress have %d s to end", grace)
    with contextlib.suppress(asyncio.TimeoutError):
        await server.drain(timeout=grace)


async def _outcome(running: "asyncio.Task[None]") -> int:
    try:
        await running
    except Exception:
        logger.exception("The agent stopped because of an error")
        return 1
    logger.info("Stopped")
    return 0


class _ProsodySupervisor:
    """Runs the prosody process while there are calls."""

    def __init__(self, prosody: ProsodyProcess, server: AgentServer) -> None:
        self._prosody, self._server = prosody, server
        self._had_calls = False

    async def update(self) -> None:
        """Start the process when there were calls twice in a row: the start takes a core that the greeting needs."""
        had_calls, self._had_calls = self._had_calls, bool(self._server.active_jobs)
        if self._had_calls and had_calls:
            await self._prosody.ensure_running()
        elif not self._had_calls:
            await self._prosody.stop_if_idle()


class _HealthReport:
    """Keeps the health file up to date, and logs a registration."""

    def __init__(self, server: AgentServer) -> None:
        self._server = server
        self._was_registered = False

    async def update(self) -> None:
        """Note whether the agent is registered now."""
        was, self._was_registered = self._was_registered, is_registered(self._server)
        if self._was_registered and not was:
            logger.info("Registered with the media server: calls are answered")
        health.mark(registered=self._was_registered)
