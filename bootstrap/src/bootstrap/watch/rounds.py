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
        self._failing = False

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
            self._begin_to_fail(f"LiveKit at {self._url} {explain(error)}: nothing is watched until it answers again.")
        except Exception:
            logger.exception("The watcher could not look at the server; this will be tried again")
        else:
            if self._failing:
                logger.info("LiveKit at %s answers again: calls, trunks and rules are watched.", self._url)
            self._failing = False

    def _begin_to_fail(self, sentence: str) -> None:
        if not self._failing:
            logger.warning("%s", sentence)
        self._failing = True
