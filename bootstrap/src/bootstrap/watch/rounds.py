"""One round after the other: look at the callers each time, and at trunks and rules now and then."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from bootstrap.server import ERRORS, explain

if TYPE_CHECKING:
    from bootstrap.watch.callers import Callers
    from bootstrap.watch.routes import Routes

logger = logging.getLogger(__name__)

EVERY = 2.0  # seconds between two rounds
ROUTES_EVERY = 5  # rounds, so that trunks and rules are back well within 30 s
ALIVE = Path("/tmp/watching")  # noqa: S108 - of the container alone; compose.yaml's health check looks at its age


class Rounds:
    """What the watcher asks the server, again and again; a server that is down is waited for, and told of once."""

    def __init__(self, callers: Callers, routes: Routes, url: str) -> None:
        self._callers, self._routes, self._url = callers, routes, url
        self._when_over = ""  # what will be said after the first round that succeeds again

    async def go(self) -> NoReturn:
        number = 0
        while True:
            await self.round(with_routes=number % ROUTES_EVERY == 0)
            ALIVE.touch()  # noqa: ASYNC240 - it is in memory, or nearly so
            number += 1
            await asyncio.sleep(EVERY)

    async def round(self, *, with_routes: bool) -> None:
        """Look once. No error ends the watcher: what is in its way now may be gone in the next round."""
        try:
            await self._callers.look()
            if with_routes:
                await self._routes.look()
        except ERRORS as error:
            sentence = f"LiveKit at {self._url} {explain(error)}: nothing is watched until it answers again."
            self._begin_to_fail(sentence, f"LiveKit at {self._url} answers again: calls, trunks and rules are watched.")
        except Exception as error:
            sentence = "The watcher could not look at the server; this will be tried again"
            self._begin_to_fail(sentence, "Calls, trunks and rules are watched again.", error)
        else:
            if self._when_over:
                logger.info("%s", self._when_over)
            self._when_over = ""

    def _begin_to_fail(self, sentence: str, when_over: str, unexpected: Exception | None = None) -> None:
        if not self._when_over:
            logger.log(logging.ERROR if unexpected else logging.WARNING, "%s", sentence, exc_info=unexpected)
            self._when_over = when_over
