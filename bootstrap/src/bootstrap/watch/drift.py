"""What differs on Twilio's side is told, and not changed: once, and again when it is something else.

Twilio is asked in a process of its own every few minutes, and not in the watcher's. Its package takes more memory than
the watcher itself, and whatever goes wrong with it leaves the watcher alone.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from typing import NoReturn

logger = logging.getLogger(__name__)

EVERY = 300.0  # seconds
ANSWERS_WITHIN = 60.0  # seconds
ASK = (sys.executable, "-m", "bootstrap.watch.ask_twilio")


class TwilioDrift:
    """Compares Twilio's side with the settings, and knows what it has told of that."""

    def __init__(self, command: tuple[str, ...] = ASK) -> None:
        self._command = command
        self._told: list[str] = []

    async def watch(self) -> NoReturn:
        while True:
            self.tell(await self.ask())
            await asyncio.sleep(EVERY)

    async def ask(self) -> list[str]:
        """Return a sentence for each difference, or one that says why Twilio could not be asked."""
        process = await asyncio.create_subprocess_exec(
            *self._command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
        try:
            async with asyncio.timeout(ANSWERS_WITHIN):
                printed, _ = await process.communicate()
            return [str(sentence) for sentence in json.loads(printed)]
        except TimeoutError:
            return [f"Twilio did not answer within {ANSWERS_WITHIN:g} s."]
        except (ValueError, TypeError):
            return ["Twilio could not be asked. docker compose run --rm bootstrap show says why."]
        finally:
            if process.returncode is None:
                process.kill()
                await process.communicate()  # until it is gone

    def tell(self, sentences: list[str]) -> None:
        """Log what is new since the last time."""
        if sentences != self._told and sentences:
            logger.warning(
                "Twilio's side is not as the settings lead to: %s make up brings it there.", " ".join(sentences)
            )
        elif self._told and not sentences:
            logger.info("Twilio's side is as the settings lead to again.")
        self._told = sentences
