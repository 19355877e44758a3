"""Calling people to remind them of their appointments, on the lines that want it (`outbound.remind_before`)."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TypeVar

from agent.background import repeat
from agent.lines.folder import LinesFolder
from agent.lines.line import Line
from agent.outbound.orders import RefusedError
from agent.outbound.reminders import Reminder, Reminders
from agent.outbound.rules import first_moment
from agent.settings import Settings
from agent.worker.place_calls import Placer, Wanted

logger = logging.getLogger(__name__)

T = TypeVar("T")

LOOKED_EVERY = 60.0  # seconds
# A reminder that is refused for one of these is tried again, until the appointment begins.
PASSING = {"calls_a_day", "calls_per_number", "store", "server"}
QUIET = "quiet_hours"  # so is one that is refused for this, unless the quiet time lasts until then

Source = Callable[[Line], Reminders | None]
"""Makes the reminders of a line; None if it has none."""


async def remind_while(work: Awaitable[T], settings: Settings, lines: LinesFolder, source: Source) -> T:
    """Call people until `work` is done, and return its result."""
    caller = ReminderCalls(settings, lines, source)
    calling = asyncio.create_task(repeat(caller.look, LOOKED_EVERY, "Could not look for reminders"))
    try:
        return await work
    finally:
        calling.cancel()


class ReminderCalls:
    """Places one call for each reminder. The order's key is the reminder's, so that a restart repeats no call."""

    def __init__(self, settings: Settings, lines: LinesFolder, source: Source) -> None:
        self._placer, self._lines, self._source = Placer(settings), lines, source
        self._refused: set[str] = set()  # reminders that will never be called, of which the log knows

    async def look(self) -> None:
        """Place the calls that are due now on every line; an error with one line keeps no other from it."""
        failed: Exception | None = None
        for line in await asyncio.to_thread(lambda: list(self._lines.all())):
            if not (line.outbound.enabled and line.outbound.remind_before) or not (reminders := self._source(line)):
                continue
            try:
                now = datetime.now(UTC)
                for reminder in await reminders.due(now):
                    if now < reminder.until and reminder.id not in self._refused:
                        await self._call(reminder, line)
            except Exception as error:
                failed = failed or error
        if failed:
            raise failed

    async def _call(self, reminder: Reminder, line: Line) -> None:
        wanted = Wanted(reminder.number, reminder.purpose, reminder.name, f"reminder-{reminder.id}")
        try:
            await self._placer.place(wanted, line)
        except RefusedError as error:
            if not self._passes(error.refusal.reason, reminder, line):
                self._refused.add(reminder.id)
                logger.warning("Nobody is reminded of an appointment: %s", error)

    def _passes(self, reason: str, reminder: Reminder, line: Line) -> bool:
        if reason == QUIET:
            return first_moment(reminder.number, line.outbound, datetime.now(UTC), reminder.until) is not None
        return reason in PASSING
