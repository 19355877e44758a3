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
        self._process = ""  # the id of the main process at the other end; after a restart, it is another
        self._heard = 0.0  # when that process named its jobs last
        self._seen: dict[str, tuple[str, float]] = {}  # by the id of a job: the process that had it, and until when
        self._ended: dict[str, float] = {}  # by the id of a process: when its connection was closed

    async def follow(self) -> NoReturn:
        """Keep the connection."""
        async with aiohttp.ClientSession(timeout=TIMEOUT) as client:
            while True:
                try:
                    async with client.get(self._url) as answer:
                        answer.raise_for_status()
                        async for text in answer.content:
                            row = json.loads(text)
                            self.hear(row["process"], frozenset(row["jobs"]))
                    self.close()
                except TimeoutError:
                    logger.debug("the agent is silent")
                except (aiohttp.ClientError, OSError, ValueError, KeyError, TypeError):
                    self.close()
                await asyncio.sleep(TRIED_EVERY)

    def hear(self, process: str, jobs: frozenset[str]) -> None:
        """Note the ids of the jobs that the agent has now, and of its process."""
        now = self._heard = time.monotonic()
        self._process = process
        self._ended.pop(process, None)
        self._seen |= dict.fromkeys(jobs, (process, now))
        self._seen = {job: (its, at) for job, (its, at) in self._seen.items() if now - at < KNOWN_FOR}
        self._ended = {its: at for its, at in self._ended.items() if now - at < KNOWN_FOR}

    def close(self) -> None:
        """Note that the connection was closed, or could not be made again."""
        if self._process:
            self._ended.setdefault(self._process, time.monotonic())

    def has_lost(self, job: str) -> bool:
        """Return whether this agent had this job, and certainly does not have it any more.

        One that says nothing, and one that another container of the same name has answered for since, may have it.
        """
        process, seen = self._seen.get(job, ("", 0.0))
        now = time.monotonic()
        if not process:
            return False
        if process in self._ended:
            return now - self._ended[process] > LOST_AFTER
        return process == self._process and now - self._heard < SILENT_FOR and now - seen > LOST_AFTER
