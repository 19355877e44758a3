"""A call's slot among the calls at once: taken before a word is spoken, and kept until the call is over."""

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable
from typing import TypeVar

from livekit.agents import JobContext

from agent.admission import ledger
from agent.admission.ledger import Admitted, Ledger
from agent.lines.limits import Limits

logger = logging.getLogger(__name__)

T = TypeVar("T")

ANSWERS_WITHIN = 1.5  # seconds; a ledger that takes longer is not waited for


async def is_free(book: Ledger, limits: Limits, at_once: int) -> bool:
    """Return whether the next call gets a slot, leaving aside the limits per caller. Only `Slot.take` decides."""
    try:
        return await _asked(lambda: book.would_admit(limits, at_once))
    except (sqlite3.Error, OSError):
        return True  # `take` will then let the call in too, and log an error


class Slot:
    """One call's slot. While the ledger cannot be used, every call gets one, because calls are answered in any case."""

    def __init__(self, book: Ledger, call: str, caller: str, limits: Limits, at_once: int) -> None:
        self._book = book
        self._call, self._caller, self._limits, self._at_once = call, caller, limits, at_once
        self._began = time.time()
        self._last_until: float | None = None  # on the event loop's clock
        self._complained = False
        self._keeping: asyncio.Task[None] | None = None

    async def take(self) -> str | None:
        """Take the slot; if there is none, return the name of the sentence in `languages.Sentences` that says so."""
        try:
            admitted = await _asked(lambda: self._book.admit(self._call, self._caller, self._limits, self._at_once))
        except (sqlite3.Error, OSError) as error:
            self._complain(error)
            admitted = Admitted()
        self._may_last(admitted.seconds)
        return admitted.refusal

    def keep(self, ctx: JobContext) -> None:
        """Renew the slot's lease in the ledger until the job ends."""
        self._keeping = asyncio.create_task(self._renew_the_lease())
        ctx.add_shutdown_callback(self._give_back)

    def seconds_left(self) -> float | None:
        """Return the seconds that the day's minutes leave for this call now; None if they are not limited."""
        return None if self._last_until is None else self._last_until - asyncio.get_running_loop().time()

    async def _renew_the_lease(self) -> None:
        while True:
            await asyncio.sleep(ledger.LEASE_RENEWED_EVERY)
            try:
                seconds = await _asked(lambda: self._book.renew(self._call, self._caller, self._began, self._limits))
            except (sqlite3.Error, OSError) as error:
                self._complain(error)
            else:
                self._may_last(seconds)

    async def _give_back(self) -> None:
        if self._keeping:
            self._keeping.cancel()
        try:
            await _asked(lambda: self._book.end(self._call))
        except (sqlite3.Error, OSError) as error:
            self._complain(error)

    def _may_last(self, seconds: float | None) -> None:
        self._last_until = None if seconds is None else asyncio.get_running_loop().time() + seconds

    def _complain(self, error: Exception) -> None:
        if not self._complained:
            logger.error(
                "limits do not hold for this call, because the ledger of calls cannot be used (%s): is the volume at "
                "/data full or read-only? If /data/ledger.db is damaged, delete it",
                str(error) or f"no answer within {ANSWERS_WITHIN:g} s",
            )
        self._complained = True


async def _asked(question: Callable[[], T]) -> T:
    async with asyncio.timeout(ANSWERS_WITHIN):  # a TimeoutError is an OSError
        return await asyncio.to_thread(question)
