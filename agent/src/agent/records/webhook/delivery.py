"""What lies in the outbox is told to the webhook, again and again until it has been understood."""

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
from agent.records.webhook.outbox import signed
from agent.storage.private_files import make_folder

logger = logging.getLogger(__name__)

LOOKED_EVERY = 1.0  # seconds
ANSWER_WITHIN = 10.0  # seconds, from the first connection to the answer's headers
FIRST_WAIT, LONGEST_WAIT = 1.0, 300.0  # seconds between attempts
GIVEN_UP_AFTER = 3 * 86_400  # seconds since it was written
AT_ONCE = 4
GONE = 410


class NotUnderstoodError(Exception):
    """The receiver is not there or does not take it, which may change."""


class Delivery:
    """Delivers as long as `run` runs. The files are the truth: what a stop interrupts goes on at the next start."""

    def __init__(self, url: str, secret: str, folders: Folders, first_wait: float = FIRST_WAIT) -> None:
        self._url = url
        self._secret = secret
        self._folders = folders
        self._first_wait = first_wait
        self._places = asyncio.Semaphore(AT_ONCE)
        self._under_way: dict[Path, asyncio.Task[None]] = {}

    async def run(self) -> None:
        try:
            async with httpx2.AsyncClient(timeout=None) as client:  # `_post` has one, for all of it
                await repeat(lambda: self._look(client), LOOKED_EVERY, "Could not look for news for the webhook")
        finally:
            for task in self._under_way.values():
                task.cancel()

    async def _look(self, client: httpx2.AsyncClient) -> None:
        for news in await asyncio.to_thread(self._waiting):
            if news not in self._under_way:
                task = self._under_way[news] = asyncio.create_task(self._guarded(news, client))
                task.add_done_callback(lambda _, news=news: self._under_way.pop(news))  # type: ignore[misc]

    def _waiting(self) -> list[Path]:
        return sorted(self._folders.outbox.glob("*.json"))

    async def _guarded(self, news: Path, client: httpx2.AsyncClient) -> None:
        try:
            await self._deliver(news, client)
        except Exception:
            logger.exception("The news %s could not be delivered, which is tried again later", news.stem)
            await asyncio.sleep(LONGEST_WAIT)

    async def _deliver(self, news: Path, client: httpx2.AsyncClient) -> None:
        """Post it until it is taken or three days old, then put it away.

        Each of the two is done until it succeeds, and nothing is posted again because it could not be put away.
        """
        told = "the webhook did not take news and is tried again"
        stuck = f"the news {news.stem} cannot be taken out of the outbox, which is tried again; they are not sent again"
        with contextlib.suppress(FileNotFoundError):
            try:
                await self._persist(told, self._tell, news, client, until=await _given_up_at(news))
                await self._persist(stuck, asyncio.to_thread, news.unlink)
            except RetryError:
                await self._persist(stuck, asyncio.to_thread, self._give_up, news)

    async def _persist(
        self, complaint: str, step: Callable[..., Awaitable[None]], *given: Any, until: float | None = None
    ) -> None:
        """Do `step` with growing waits until it succeeds; the first error is logged, a missing file is final."""
        attempts = AsyncRetrying(
            retry=retry_if_exception(lambda error: isinstance(error, Exception) and not _is_missing(error)),
            wait=wait_random_exponential(self._first_wait, LONGEST_WAIT),
            stop=stop_never if until is None else lambda _: time.time() >= until,
            before_sleep=lambda state: _say_so(complaint, state),
        )
        await attempts(step, *given)

    async def _tell(self, news: Path, client: httpx2.AsyncClient) -> None:
        body = await asyncio.to_thread(news.read_text, encoding="utf-8")
        async with self._places:
            try:
                status = await self._post(news.stem, body, client)
            except (httpx2.HTTPError, TimeoutError) as error:
                raise NotUnderstoodError(type(error).__name__) from None
        if status == GONE:
            logger.warning("the webhook wants no more news (410): %s is dropped", news.stem)
        elif not httpx2.codes.is_success(status):
            raise NotUnderstoodError(f"status {status}")

    async def _post(self, event: str, body: str, client: httpx2.AsyncClient) -> int:
        """The answer's status. Its body is not read: who sends one without end holds nothing up."""
        headers = signed(event, body, self._secret, datetime.now(UTC))
        async with (
            asyncio.timeout(ANSWER_WITHIN),
            client.stream("POST", self._url, content=body.encode(), headers=headers) as answer,
        ):
            return answer.status_code

    def _give_up(self, news: Path) -> None:
        make_folder(self._folders.failed)
        news.replace(self._folders.failed / news.name)
        logger.error(
            "the webhook did not take %s for %d days: it is in outbox/failed", news.stem, GIVEN_UP_AFTER // 86_400
        )


async def _given_up_at(news: Path) -> float:
    return (await asyncio.to_thread(news.stat)).st_mtime + GIVEN_UP_AFTER


def _is_missing(error: BaseException) -> bool:
    return isinstance(error, FileNotFoundError)


def _say_so(complaint: str, state: RetryCallState) -> None:
    if state.attempt_number == 1 and state.outcome:
        error = state.outcome.exception()
        reason = error if isinstance(error, NotUnderstoodError | OSError) else type(error).__name__
        logger.warning("%s: %s", complaint, reason)
