"""Delivering the events in the outbox to the webhook, trying again until each has been accepted."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
from tenacity import AsyncRetrying, RetryCallState, RetryError, retry_if_exception, stop_never, wait_random_exponential

from agent.background import repeat
from agent.records.folders import Folders
from agent.records.webhook.outbox import signature_headers
from agent.storage.private_files import make_folder

logger = logging.getLogger(__name__)

LOOKED_EVERY = 1.0  # seconds
ANSWER_WITHIN = 10.0  # seconds, from the first connection to the answer's headers
FIRST_WAIT, LONGEST_WAIT = 1.0, 300.0  # seconds between attempts
GIVEN_UP_AFTER = 3 * 86_400  # seconds since the event was written
AT_ONCE = 4
GONE = 410


class NotAcceptedError(Exception):
    """The receiver could not be reached, or did not accept an event; both may change."""


class Delivery:
    """Delivers for as long as `run` runs. The files hold all state, so what a stop interrupts goes on afterwards."""

    def __init__(self, url: str, secret: str, folders: Folders, first_wait: float = FIRST_WAIT) -> None:
        self._url = url
        self._secret = secret
        self._folders = folders
        self._first_wait = first_wait
        self._places = asyncio.Semaphore(AT_ONCE)
        self._under_way: dict[Path, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Look for new events and deliver them, until this is cancelled."""
        try:
            async with httpx2.AsyncClient(timeout=None) as client:  # `_post` limits the whole request
                await repeat(lambda: self._look(client), LOOKED_EVERY, "Could not look for events for the webhook")
        finally:
            for task in self._under_way.values():
                task.cancel()

    async def _look(self, client: httpx2.AsyncClient) -> None:
        for event in await asyncio.to_thread(self._waiting):
            if event not in self._under_way:
                task = self._under_way[event] = asyncio.create_task(self._deliver_safely(event, client))
                task.add_done_callback(lambda _, event=event: self._under_way.pop(event))  # type: ignore[misc]

    def _waiting(self) -> list[Path]:
        return sorted(self._folders.outbox.glob("*.json"))

    async def _deliver_safely(self, event: Path, client: httpx2.AsyncClient) -> None:
        try:
            await self._deliver(event, client)
        except Exception:
            logger.exception("Could not deliver the event %s; this will be tried again later", event.stem)
            await asyncio.sleep(LONGEST_WAIT)

    async def _deliver(self, event: Path, client: httpx2.AsyncClient) -> None:
        """Send an event until it is accepted or three days old, then take it out of the outbox.

        Each of the two steps is repeated until it succeeds. An event that could not be removed is not sent again.
        """
        not_accepted = "Could not deliver an event to the webhook; this will be tried again"
        stuck = f"Could not take the event {event.stem} out of the outbox; it will be removed later, and not sent again"
        with contextlib.suppress(FileNotFoundError):
            try:
                until = await _given_up_at(event)
                await self._persist(not_accepted, self._send, event, client, until=until)
                await self._persist(stuck, asyncio.to_thread, event.unlink)
            except RetryError:
                await self._persist(stuck, asyncio.to_thread, self._give_up, event)

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

    async def _send(self, event: Path, client: httpx2.AsyncClient) -> None:
        body = await asyncio.to_thread(event.read_text, encoding="utf-8")
        async with self._places:
            try:
                status = await self._post(event.stem, body, client)
            except (httpx2.HTTPError, TimeoutError) as error:
                raise NotAcceptedError(type(error).__name__) from None
        if status == GONE:
            logger.warning("The webhook wants no more events (status 410): the event %s is dropped", event.stem)
        elif not httpx2.codes.is_success(status):
            raise NotAcceptedError(f"status {status}")

    async def _post(self, event: str, body: str, client: httpx2.AsyncClient) -> int:
        """Return the answer's status. The body is not read, since an endless one would block the outbox."""
        headers = signature_headers(event, body, self._secret, datetime.now(UTC))
        async with (
            asyncio.timeout(ANSWER_WITHIN),
            client.stream("POST", self._url, content=body.encode(), headers=headers) as answer,
        ):
            return answer.status_code

    def _give_up(self, event: Path) -> None:
        make_folder(self._folders.failed)
        event.replace(self._folders.failed / event.name)
        days = GIVEN_UP_AFTER // 86_400
        logger.error(
            "The webhook did not accept the event %s for %d days: it has been moved to outbox/failed", event.stem, days
        )


async def _given_up_at(event: Path) -> float:
    return (await asyncio.to_thread(event.stat)).st_mtime + GIVEN_UP_AFTER


def _may_change(error: BaseException) -> bool:
    return isinstance(error, Exception) and not isinstance(error, FileNotFoundError)


def _log_first(complaint: str, state: RetryCallState) -> None:
    if state.attempt_number == 1 and state.outcome:
        error = state.outcome.exception()
        reason = error if isinstance(error, NotAcceptedError | OSError) else type(error).__name__
        logger.warning("%s: %s", complaint, reason)
