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
    """Whether the next call gets a slot, if only the limits of the host and the line matter. `Slot.take` decides."""
    try:
        return await _asked(lambda: book.would_admit(limits, at_once))
    except (sqlite3.Error, OSError):
        return True  # as `take` will say, with an error in the log


class Slot:
    """One call's slot. While the ledger cannot be used there is one for everybody: a call is answered in any case."""

    def __init__(self, book: Ledger, call: str, caller: str, limits: Limits, at_once: int) -> None:
        self._book = book
        self._call, self._caller, self._limits, self._at_once = call, caller, limits, at_once
        self._began = time.time()
        self._last_until: float | None = None  # of the event loop's clock
        self._complained = False
        self._keeping: asyncio.Task[None] | None = None

    async def take(self) -> str | None:
        """Take the slot; where there is none, return the sentence of `languages.Sentences` that tells the caller so."""
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
        """Seconds that the day's minutes leave to this call now; None where they are not limited."""
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
                "limits do not hold for this call, the ledger of calls cannot be used (%s): is the volume at /data "
                "full or read-only? A damaged /data/ledger.db can be deleted",
                str(error) or f"no answer within {ANSWERS_WITHIN:g} s",
            )
        self._complained = True


async def _asked(question: Callable[[], T]) -> T:
    async with asyncio.timeout(ANSWERS_WITHIN):  # a TimeoutError is an OSError
        return await asyncio.to_thread(question)
