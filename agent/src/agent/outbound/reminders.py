"""Reminders of appointments: each is due some hours before the appointment begins, until it does."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from agent.appointments.appointment import Appointment
from agent.appointments.desk import Desk, new_desk
from agent.lines.line import Line


@dataclass(frozen=True, slots=True)
class Reminder:
    """One call that is due. Whom it is for is left out of `repr`, so that it cannot slip into a log."""

    id: str  # of the appointment as it is now: one that has been moved is another one
    number: str = field(repr=False)  # E.164
    name: str = field(repr=False)
    about: str = field(repr=False)  # what the person is reminded of, for the model
    until: datetime  # when the appointment begins; after that, nobody is called


class Reminders(Protocol):
    """Where the reminders of one line come from."""

    async def due(self, now: datetime) -> list[Reminder]:
        """Return those that are due at this moment, also if they have been due before; `now` has a time zone."""


class AppointmentReminders:
    """The reminders of the appointments that callers have made on one line."""

    def __init__(self, line: Line, desk: Desk) -> None:
        self._line, self._desk = line, desk

    async def due(self, now: datetime) -> list[Reminder]:
        """Return those of the appointments that begin within `outbound.remind_before` hours.

        Somebody without a name is left out: whoever answers would be told of the appointment.

        Raises:
            UnreachableError: the calendar cannot be used now.
        """
        until = now + timedelta(hours=self._line.outbound.remind_before)
        return [
            self._reminder(its) for its in await self._desk.beginning_between(now, until) if its.number and its.name
        ]

    def _reminder(self, its: Appointment) -> Reminder:
        begins = its.begins.astimezone(ZoneInfo(self._line.timezone))
        about = f"{its.kind}, on {begins:%A, %d %B %Y, at %H:%M}"
        return Reminder(f"{its.uid}-{begins:%Y%m%d%H%M}", its.number, its.name, about, begins)


def reminders_of(line: Line) -> Reminders | None:
    """Return the reminders of a line that has appointments; None if it has none."""
    return AppointmentReminders(line, new_desk(line)) if line.appointments else None
