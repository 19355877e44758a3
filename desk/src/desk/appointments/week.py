"""A week of a line's calendar, laid out for a page: its days, and what is in each hour of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

DAY = timedelta(days=1)
FIRST_HOUR, LAST_HOUR = 9, 17  # that are shown in any case


@dataclass(frozen=True, slots=True)
class Entry:
    """An appointment of a caller's, or an entry of the owner's in their own calendar (`ours` is False).

    Times are those of the line's clock. Who it is, is left out of `repr`, so that it is in no log.
    """

    uid: str
    version: str  # by which the agent knows whether it has been changed meanwhile
    ours: bool
    called: str  # what its kind is called; "" for an entry of the owner's
    begins: datetime
    ends: datetime
    whole_day: bool
    name: str = field(repr=False)
    number: str = field(repr=False)
    note: str = field(repr=False)
    agreed: datetime | None

    @classmethod
    def told(cls, its: Mapping[str, Any]) -> "Entry":
        """Read it from the agent's answer."""
        return cls(
            uid=str(its["uid"]),
            version=str(its["version"]),
            ours=its["ours"] is True,
            called=str(its["called"]),
            begins=datetime.fromisoformat(its["begins"]),
            ends=datetime.fromisoformat(its["ends"]),
            whole_day=its["whole_day"] is True,
            name=str(its["name"]),
            number=str(its["number"]),
            note=str(its["note"]),
            agreed=datetime.fromisoformat(its["agreed"]) if its["agreed"] else None,
        )

    @property
    def last_day(self) -> date:
        """The last day of which it takes some time."""
        midnight = self.ends.time() == time() and self.ends > self.begins
        return self.ends.date() - DAY if midnight else self.ends.date()

    @property
    def times(self) -> str:
        """ "09:30-10:00", with the day of the end if it is another one."""
        if self.whole_day:
            return "all day"
        end = f"{self.ends:%H:%M}" if self.last_day == self.begins.date() else f"{self.ends:%a %H:%M}"
        return f"{self.begins:%H:%M}\N{EN DASH}{end}"


@dataclass(frozen=True, slots=True)
class Day:
    date: date
    is_today: bool
    closed: str  # the holiday's name, or "day off"; "" if only the weekday decides
    whole: list[Entry]  # takes all of the day, or has begun on a day before
    timed: list[Entry]

    @property
    def entries(self) -> list[Entry]:
        return [*self.whole, *self.timed]

    def within(self, hour: int) -> list[Entry]:
        """Return what begins in this hour."""
        return [it for it in self.timed if it.begins.hour == hour]


def days_of_week(day: date) -> list[date]:
    """Return the seven days of the week that a day is in, from Monday on."""
    monday = day - day.weekday() * DAY
    return [monday + it * DAY for it in range(7)]


def lay_out(days: Sequence[date], entries: Iterable[Entry], closed: Mapping[str, str], today: date) -> list[Day]:
    """Return these days with what is in the calendar on each of them."""
    there = list(entries)
    return [
        Day(
            day,
            day == today,
            closed.get(day.isoformat(), ""),
            [it for it in there if it.begins.date() <= day <= it.last_day and _is_whole(it, day)],
            [it for it in there if it.begins.date() == day and not _is_whole(it, day)],
        )
        for day in days
    ]


def hours_of(days: Iterable[Day]) -> range:
    """Return the hours that have to be shown, so that no appointment is missing."""
    hours = [it.begins.hour for day in days for it in day.timed]
    return range(min([FIRST_HOUR, *hours]), max([LAST_HOUR, *hours]) + 1)


def _is_whole(its: Entry, day: date) -> bool:
    """Return whether it stands above the hours of this day; what ends in the night after it began does not."""
    if its.whole_day:
        return True
    return its.begins.date() < day and its.ends - its.begins >= DAY
