"""Delivering the events in the outbox to the webhook."""

import asyncio
import logging
from datetime import UTC, datetime
from pathlib import Path

import httpx2

from agent.records.delivery import FIRST_WAIT, Delivery, NotAcceptedError
from agent.records.folders import Folders
from agent.records.webhook.outbox import signature_headers

logger = logging.getLogger(__name__)

ANSWER_WITHIN = 10.0  # seconds, from the first connection to the answer's headers
GONE = 410


class EventDelivery(Delivery):
    """Delivers the events of one line."""

    def __init__(self, url: str, secret: str, folders: Folders, first_wait: float = FIRST_WAIT) -> None:
        super().__init__(folders.outbox, folders.failed, what="event", receiver="the webhook", first_wait=first_wait)
        self._url = url
        self._secret = secret

    async def run(self) -> None:
        """Look for new events and deliver them, until this is cancelled."""
        async with httpx2.AsyncClient(timeout=None) as self._client:  # `_post` limits the whole request
            await super().run()

    async def _send(self, file: Path) -> None:
        body = await asyncio.to_thread(file.read_text, encoding="utf-8")
        try:
            status = await self._post(file.stem, body)
        except (httpx2.HTTPError, TimeoutError) as error:
            raise NotAcceptedError(type(error).__name__) from None
        if status == GONE:
            logger.warning("The webhook wants no more events (status 410): the event %s is dropped", file.stem)
        elif not httpx2.codes.is_success(status):
            raise NotAcceptedError(f"status {status}")

    async def _post(self, event: str, body: str) -> int:
        """Return the answer's status. The body is not read, since an endless one would block the outbox."""
        headers = signature_headers(event, body, self._secret, datetime.now(UTC))
        async with (
            asyncio.timeout(ANSWER_WITHIN),
            self._client.stream("POST", self._url, content=body.encode(), headers=headers) as answer,
        ):
            return answer.status_code
