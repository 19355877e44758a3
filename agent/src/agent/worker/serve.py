"""The process that offers this agent to the media server, hands each call to a process of its own, and stops kindly."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Awaitable, Callable

from livekit.agents import AgentServer, JobRequest, worker

from agent.background import repeat
from agent.turns.prosody import ProsodyProcess
from agent.worker import health

logger = logging.getLogger(__name__)

HEARTBEAT = 10  # seconds between signs of life of the media server; the default 30 misses its death for up to 45
LOOKED_AFTER_EVERY = 1.0  # seconds
SIGNALS = (signal.SIGTERM, signal.SIGINT)


def admit_up_to(limit: int, server: AgentServer) -> Callable[[JobRequest], Awaitable[None]]:
    """Take calls until `limit` of them are in progress.

    Not by the server's `load_threshold`: its load is the whole host's CPU, which the embedded models or another
    service may fill without a single call here, and then nobody would be answered.
    """
    starting = 0  # taken, but not among the active ones yet: two calls may come at once

    async def admit(request: JobRequest) -> None:
        nonlocal starting
        if len(server.active_jobs) + starting >= limit:
            logger.warning("call not taken: %d are in progress", limit, extra={"room_id": request.room.sid})
            await request.reject(terminate=False)  # another agent of this name may be free
            return
        starting += 1
        try:
            await request.accept()
        finally:
            starting -= 1

    return admit


async def serve(server: AgentServer, drain_grace: int, prosody: ProsodyProcess) -> int:
    """Take calls until told to stop, then let those in progress end within `drain_grace` seconds.

    What still goes on after that is closed, which makes each agent say goodbye and its room go.

    Returns:
        An exit code: 1 when the media server could not be reached for minutes or refused us, else 0.
    """
    worker.HEARTBEAT_INTERVAL = HEARTBEAT
    told_to_stop = asyncio.Event()
    for name in SIGNALS:
        asyncio.get_running_loop().add_signal_handler(name, told_to_stop.set)
    complaint = "Could not look after the process that hears prosody"
    beside = [
        repeat(_HealthReport(server).tell, health.TOUCHED_EVERY, "Could not note whether the agent is registered"),
        repeat(_Minder(prosody, server).look, LOOKED_AFTER_EVERY, complaint, begin_at_once=False),
    ]
    tasks = [asyncio.create_task(work) for work in beside]
    running = asyncio.create_task(server.run())
    stopping = asyncio.create_task(told_to_stop.wait())
    await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
    for name in SIGNALS:
        asyncio.get_running_loop().remove_signal_handler(name)  # a second signal stops at once

    if not running.done():
        await _drain(server, drain_grace)
    await server.aclose()
    for task in (*tasks, stopping):
        task.cancel()
    await prosody.stop()
    with contextlib.suppress(OSError):  # the file is stale soon in any case
        health.mark(registered=False)
    return await _outcome(running)


async def _drain(server: AgentServer, grace: int) -> None:
    logger.info("stopping: no new calls, %d s for those in progress", grace)
    with contextlib.suppress(asyncio.TimeoutError):
        await server.drain(timeout=grace)


async def _outcome(running: "asyncio.Task[None]") -> int:
    try:
        await running
    except Exception:
        logger.exception("the agent stops on an error")
        return 1
    logger.info("stopped")
    return 0


class _Minder:
    """Keeps the process that hears prosody while there are calls."""

    def __init__(self, prosody: ProsodyProcess, server: AgentServer) -> None:
        self._prosody, self._server = prosody, server
        self._before = False

    async def look(self) -> None:
        """Start it at the second look at a call: that takes a core for a second, which the greeting needs."""
        before, self._before = self._before, bool(self._server.active_jobs)
        if self._before and before:
            await self._prosody.wanted()
        elif not self._before:
            await self._prosody.unwanted()


class _HealthReport:
    def __init__(self, server: AgentServer) -> None:
        self._server = server
        self._was_registered = False

    async def tell(self) -> None:
        was, self._was_registered = self._was_registered, _is_registered(self._server)
        if self._was_registered and not was:
            logger.info("registered with the media server: calls are answered")
        health.mark(registered=self._was_registered)


def _is_registered(server: AgentServer) -> bool:
    # There is an event for registration, but none for its loss; only this flag knows that it is being tried again.
    return server.id != "unregistered" and not server._connecting
