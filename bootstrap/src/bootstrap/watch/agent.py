"""Which calls this host's agent has, and whether it is there at all.

When an agent is killed, the server goes on for 20 s as if it were in its calls' rooms: it waits for packets. But the
kernel closes all connections of a process that dies, at once. So the watcher has one connection to the agent, which is
open for as long as the agent's main process lives, and on which the agent names its jobs every second.

An agent that is busy is not taken for one that is gone. Only a connection that was closed, and that nobody takes up
again, says that.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from typing import NoReturn

import aiohttp

logger = logging.getLogger(__name__)

PATH = "/jobs"  # of agent/src/agent/worker/jobs_endpoint.py, which sends a row each second
SILENT_FOR = 5.0  # seconds without a row, after which the connection is made anew
TIMEOUT = aiohttp.ClientTimeout(total=None, connect=3, sock_read=SILENT_FOR)
TRIED_EVERY = 1.0  # seconds
LOST_AFTER = 5.0  # seconds; by then the agent itself has hung up on the caller of a process that died
KNOWN_FOR = 90_000.0  # seconds; no call is longer than a day


class Agent:
    """The agent of this host, as seen through one connection."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/") + PATH
        self._seen: dict[str, float] = {}  # by the id of a job: when the agent named it last
        self._heard = 0.0  # when the agent named its jobs last
        self._gone: float | None = None  # when the connection was closed that nobody has taken up again

    async def follow(self) -> NoReturn:
        """Keep the connection."""
        async with aiohttp.ClientSession(timeout=TIMEOUT) as client:
            while True:
                try:
                    async with client.get(self._url) as answer:
                        answer.raise_for_status()
                        async for row in answer.content:
                            self.hear(frozenset(json.loads(row)["jobs"]))
                    self.close()
                except TimeoutError:
                    logger.debug("the agent is silent")
                except (aiohttp.ClientError, OSError, ValueError, KeyError, TypeError):
                    self.close()
                await asyncio.sleep(TRIED_EVERY)

    def hear(self, jobs: frozenset[str]) -> None:
        """Note the ids of the jobs that the agent has now."""
        now = self._heard = time.monotonic()
        self._gone = None
        self._seen = {job: at for job, at in self._seen.items() if now - at < KNOWN_FOR} | dict.fromkeys(jobs, now)

    def close(self) -> None:
        """Note that the connection was closed, or could not be made."""
        if self._gone is None:
            self._gone = time.monotonic()

    def has_lost(self, job: str) -> bool:
        """Return whether this agent had this job, and certainly does not have it any more."""
        now, seen = time.monotonic(), self._seen.get(job)
        if seen is None:
            return False
        if self._gone is not None:
            return now - self._gone > LOST_AFTER
        return now - self._heard < SILENT_FOR and now - seen > LOST_AFTER
