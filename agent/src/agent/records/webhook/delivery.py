"""What lies in the outbox is told to the webhook, again and again until it has been understood."""

import asyncio
import contextlib
import logging
import time
from pathlib import Path

import httpx2
from tenacity import AsyncRetrying, RetryCallState, RetryError, retry_if_exception_type, wait_random_exponential

from agent.records.folders import Folders
from agent.records.webhook.outbox import signed
from agent.storage.private_files import make_folder

logger = logging.getLogger(__name__)

LOOKED_EVERY = 1.0  # seconds
ANSWER_WITHIN = 10.0  # seconds
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
            async with httpx2.AsyncClient(timeout=ANSWER_WITHIN) as client:
                while True:
                    for news in await asyncio.to_thread(self._waiting):
                        if news not in self._under_way:
                            self._begin(news, client)
                    await asyncio.sleep(LOOKED_EVERY)
        finally:
            for task in self._under_way.values():
                task.cancel()

    def _waiting(self) -> list[Path]:
        return sorted(self._folders.outbox.glob("*.json"))

    def _begin(self, news: Path, client: httpx2.AsyncClient) -> None:
        task = self._under_way[news] = asyncio.create_task(self._deliver(news, client))
        task.add_done_callback(lambda task: self._end(news, task))

    def _end(self, news: Path, task: "asyncio.Task[None]") -> None:
        del self._under_way[news]
        if not task.cancelled() and (error := task.exception()):
            logger.error("the webhook's news %s could not be looked after: %s", news.stem, error)

    async def _deliver(self, news: Path, client: httpx2.AsyncClient) -> None:
        with contextlib.suppress(FileNotFoundError):
            until = (await asyncio.to_thread(news.stat)).st_mtime + GIVEN_UP_AFTER
            attempts = AsyncRetrying(
                retry=retry_if_exception_type(NotUnderstoodError),
                wait=wait_random_exponential(self._first_wait, LONGEST_WAIT),
                stop=lambda _: time.time() >= until,
                before_sleep=_say_so,
            )
            try:
                await attempts(self._tell, news, client)
            except RetryError:
                await asyncio.to_thread(self._give_up, news)

    async def _tell(self, news: Path, client: httpx2.AsyncClient) -> None:
        body = await asyncio.to_thread(news.read_bytes)
        async with self._places:
            try:
                answer = await client.post(
                    self._url, content=body, headers=signed(news.stem, body, self._secret, int(time.time()))
                )
            except httpx2.HTTPError as error:
                raise NotUnderstoodError(type(error).__name__) from None
        if answer.status_code == GONE:
            logger.warning("the webhook wants no more news (410): %s is dropped", news.stem)
        elif not answer.is_success:
            raise NotUnderstoodError(f"status {answer.status_code}")
        await asyncio.to_thread(news.unlink, missing_ok=True)

    def _give_up(self, news: Path) -> None:
        make_folder(self._folders.failed)
        news.replace(self._folders.failed / news.name)
        logger.error(
            "the webhook did not take %s for %d days: it is in outbox/failed", news.stem, GIVEN_UP_AFTER // 86_400
        )


def _say_so(state: RetryCallState) -> None:
    if state.attempt_number == 1 and state.outcome:
        logger.warning("the webhook did not take news and is tried again: %s", state.outcome.exception())
