"""What differs on Twilio's side is told, and not changed: once, and again when it has come back.

Twilio is asked in a process of its own every few minutes, and not in the watcher's. Its package takes more memory than
the watcher itself, and whatever goes wrong with it leaves the watcher alone.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from typing import NoReturn

from bootstrap.watch.own_process import NotPrintedError, printed_by

logger = logging.getLogger(__name__)

EVERY = 300.0  # seconds
ANSWERS_WITHIN = 90.0  # seconds; bootstrap.twilio waits for 40 s at most
ASK = (sys.executable, "-m", "bootstrap.watch.ask_twilio")
UNKNOWN = "docker compose run --rm bootstrap show says why"


class NotComparedError(Exception):
    """Twilio could not be asked; the end of a sentence says why."""


class TwilioDrift:
    """Compares Twilio's side with the settings, and knows what it has told of that."""

    def __init__(self, command: tuple[str, ...] = ASK) -> None:
        self._command = command
        self._differences: list[str] = []
        self._problem = ""

    async def watch(self) -> NoReturn:
        while True:
            await self.look()
            await asyncio.sleep(EVERY)

    async def look(self) -> None:
        """Compare once, and log what is new since the last time."""
        try:
            differences = await self.ask()
        except NotComparedError as error:
            if str(error) != self._problem:
                logger.warning("Twilio's side could not be compared with the settings: %s.", error)
            self._problem = str(error)
            return
        for new in [sentence for sentence in differences if sentence not in self._differences]:
            logger.warning("Twilio's side is not as the last make up wanted it: %s.", new)
        if self._differences and not differences:
            logger.info("Twilio's side is as the last make up wanted it again.")
        elif self._problem:
            logger.info("Twilio's side can be compared with the settings again.")
        self._differences, self._problem = differences, ""

    async def ask(self) -> list[str]:
        """Return a sentence without a full stop for each difference; NotComparedError if that is not known."""
        try:
            printed = await printed_by(self._command, ANSWERS_WITHIN)
        except NotPrintedError as error:
            raise NotComparedError(str(error)) from None
        try:
            told = json.loads(printed)
            problem, differences = str(told["problem"]), [str(sentence) for sentence in told["differences"]]
        except (ValueError, TypeError, KeyError):
            raise NotComparedError(UNKNOWN) from None
        if problem:
            raise NotComparedError(problem)
        return differences
