"""Reminders of appointments: each is due some hours before the appointment begins, until it does.

If nobody may be called then, it is due at the next moment at which they may. If there is none before the appointment
begins, it is due at the last one before.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from agent.appointments.appointment import Appointment
from agent.appointments.desk import Desk, new_desk
from agent.calendar.spoken import ask, say_moment
from agent.lines.line import Line
from agent.outbound.rules import first_moment, last_moment

JUST_AGREED = timedelta(hours=1)  # for which nobody has to be reminded of a time that they have said yes to
EARLIER = timedelta(days=7)  # in which there is a time for calls: one day of the week is no quiet day


@dataclass(frozen=True, slots=True)
class Reminder:
    """One call that is due. Whom it is for is left out of `repr`, so that it cannot slip into a log."""

    id: str  # of the appointment as it is now: one that has been moved is another one
    number: str = field(repr=False)  # E.164
    name: str = field(repr=False)
    purpose: str = field(repr=False)  # of the call, as it may be said to the person
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
        """Return those whose time has come.

        Somebody without a name is left out: whoever answers would be told of the appointment. So is somebody who has
        booked or moved theirs so late that the reminder would have come before that, or within an hour.

        Raises:
            UnreachableError: the calendar cannot be used now.
        """
        until = now + self._ahead + EARLIER
        there = [its for its in await self._desk.beginning_between(now, until) if its.number and its.name]
        return [self._reminder(its) for its in there if (at := self._time_of(its)) and at <= now]

    @property
    def _ahead(self) -> timedelta:
        return timedelta(hours=self._line.outbound.remind_before)

    def _time_of(self, its: Appointment) -> datetime | None:
        """Return when somebody is called about their appointment; None if they need no reminder.

        If no call can be made at all, it is the time at which one is refused, so that the log says why.
        """
        begins = its.begins.astimezone(UTC)
        due, agreed = begins - self._ahead, its.agreed or datetime.min.replace(tzinfo=UTC)
        if due < agreed + JUST_AGREED:
            return None
        outbound = self._line.outbound
        if moment := first_moment(its.number, outbound, due, begins):
            return moment
        earlier = last_moment(its.number, outbound, due - EARLIER, due)
        return earlier if earlier and earlier >= agreed + JUST_AGREED else due

    def _reminder(self, its: Appointment) -> Reminder:
        begins = its.begins.astimezone(ZoneInfo(self._line.timezone))
        language = self._line.language
        purpose = ask("remind", language, what=self._desk.called(its.kind), when=say_moment(begins, language))
        return Reminder(f"{its.uid}-{begins:%Y%m%d%H%M}", its.number, its.name, purpose, begins)


def reminders_of(line: Line) -> Reminders | None:
    """Return the reminders of a line that has appointments; None if it has none."""
    return AppointmentReminders(line, new_desk(line)) if line.appointments else None
