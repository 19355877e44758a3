"""Delivering what waits in a folder of the outbox, trying again until each file has been accepted."""

import asyncio
import contextlib
import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from tenacity import AsyncRetrying, RetryCallState, RetryError, retry_if_exception, stop_never, wait_random_exponential

from agent.background import repeat
from agent.storage.private_files import make_folder

logger = logging.getLogger(__name__)

LOOKED_EVERY = 1.0  # seconds
FIRST_WAIT, LONGEST_WAIT = 1.0, 300.0  # seconds between attempts
GIVEN_UP_AFTER = 3 * 86_400  # seconds since the file was written
AT_ONCE = 4


class NotAcceptedError(Exception):
    """The receiver could not be reached, or did not accept something; both may change. The text is safe to log."""


class Delivery(ABC):
    """Delivers for as long as `run` runs. The files hold all state, so what a stop interrupts goes on afterwards."""

    def __init__(self, folder: Path, failed: Path, *, what: str, receiver: str, first_wait: float) -> None:
        """Deliver the files of `folder`, and move to `failed` what is never accepted.

        `what` (such as "event") and `receiver` (such as "the webhook") are words for the log.
        """
        self._folder, self._failed = folder, failed
        self._what, self._receiver = what, receiver
        self._first_wait = first_wait
        self._places = asyncio.Semaphore(AT_ONCE)
        self._under_way: dict[Path, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Look for new files and deliver them, until this is cancelled."""
        try:
            await repeat(self._look, LOOKED_EVERY, f"Could not look for {self._what}s for {self._receiver}")
        finally:
            for task in self._under_way.values():
                task.cancel()

    @abstractmethod
    async def _send(self, file: Path) -> None:
        """Send what is in the file; raise NotAcceptedError if it has to be sent again."""

    async def _look(self) -> None:
        for file in await asyncio.to_thread(self._waiting):
            if file not in self._under_way:
                task = self._under_way[file] = asyncio.create_task(self._deliver_safely(file))
                task.add_done_callback(lambda _, file=file: self._under_way.pop(file))  # type: ignore[misc]

    def _waiting(self) -> list[Path]:
        return sorted(self._folder.glob("*.json"))

    async def _deliver_safely(self, file: Path) -> None:
        try:
            await self._deliver(file)
        except Exception:
            logger.exception("Could not deliver the %s %s; this will be tried again later", self._what, file.stem)
            await asyncio.sleep(LONGEST_WAIT)

    async def _deliver(self, file: Path) -> None:
        """Send a file until it is accepted or three days old, then take it out of the outbox.

        Each of the two steps is repeated until it succeeds. A file that could not be removed is not sent again.
        """
        its = f"the {self._what} {file.stem}"
        not_accepted = f"Could not deliver {its} to {self._receiver}; this will be tried again"
        stuck = f"Could not take {its} out of the outbox; it will be removed later, and not sent again"
        with contextlib.suppress(FileNotFoundError):
            try:
                until = await _given_up_at(file)
                await self._persist(not_accepted, self._send_in_turn, file, until=until)
                await self._persist(stuck, asyncio.to_thread, file.unlink)
            except RetryError:
                await self._persist(stuck, asyncio.to_thread, self._give_up, file)

    async def _send_in_turn(self, file: Path) -> None:
        async with self._places:
            await self._send(file)

    async def _persist(
        self, complaint: str, step: Callable[..., Awaitable[None]], *given: Any, until: float | None = None
    ) -> None:
        """Repeat `step`, with growing waits, until it succeeds; log the first error and give up if the file is gone."""
        attempts = AsyncRetrying(
            retry=retry_if_exception(_may_change),
            wait=wait_random_exponential(self._first_wait, LONGEST_WAIT),
            stop=stop_never if until is None else lambda _: time.time() >= until,
            before_sleep=lambda state: _log_first(complaint, state),
        )
        await attempts(step, *given)

    def _give_up(self, file: Path) -> None:
        make_folder(self._failed)
        file.replace(self._failed / file.name)
        logger.error(
            "The %s %s was not accepted by %s for %d days: it has been moved to outbox/failed",
            *(self._what, file.stem, self._receiver, GIVEN_UP_AFTER // 86_400),
        )


async def _given_up_at(file: Path) -> float:
    return (await asyncio.to_thread(file.stat)).st_mtime + GIVEN_UP_AFTER


def _may_change(error: BaseException) -> bool:
    return isinstance(error, Exception) and not isinstance(error, FileNotFoundError)


def _log_first(complaint: str, state: RetryCallState) -> None:
    if state.attempt_number == 1 and state.outcome:
        error = state.outcome.exception()
        reason = error if isinstance(error, NotAcceptedError | OSError) else type(error).__name__
        logger.warning("%s: %s", complaint, reason)
