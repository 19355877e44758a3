"""When a business is open, in its own time zone and over the changes to daylight-saving time and back."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from agent.lines.hours import LEAP_YEAR, Hours, Week, dates_of, minutes_of
from agent.lines.line import Line

LOOKED_AHEAD = 400  # days
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """From one moment to another, which is not part of it; both are in the business's time zone."""

    begins: datetime
    ends: datetime


class OpeningHours:
    """Answers for one business, or for one of its kinds of appointments, if that has hours of its own."""

    def __init__(self, hours: Hours, timezone: str, own: Week | None = None, language: str = "en") -> None:
        """`own` replaces the weekdays of `hours`, whose days off, holidays and special days hold in any case."""
        self._language = language
        self.zone = ZoneInfo(timezone)
        self._hours = hours
        self._week = (own if own and own.is_given else hours).of_weekdays
        self._replaced = own is not None and own.is_given
        self.is_known = self._replaced or hours.is_given or bool(hours.special)

    def is_open(self, moment: datetime) -> bool:
        """Return whether the business is open at a moment; a business whose hours are not known is always open."""
        return not self.is_known or self.closing(moment) is not None

    def closing(self, moment: datetime) -> datetime | None:
        """Return when the business that is open at a moment closes; None if it is closed, or never closes."""
        ends = None
        for interval in self.between(moment, moment + timedelta(days=8)):
            if not _before(interval.begins, ends or moment, or_at=True):
                break
            ends = interval.ends  # the next one may begin where this ends, at midnight
        return ends

    def next_opening(self, moment: datetime) -> datetime | None:
        """Return when the business opens next after a moment; None if that is more than a year away."""
        day = self._local(moment).date()
        for days in range(-1, LOOKED_AHEAD):
            for interval in self.of_day(day + days * DAY):
                if _before(moment, interval.begins):
                    return interval.begins
        return None

    def of_day(self, day: date) -> list[Interval]:
        """Return when the business is open on a day; what begins on it may end on the next one."""
        special = self._special(day)
        if special is None:
            return [] if self.why_closed(day) else self._intervals(day, self._week[day.weekday()] or [])
        theirs = self._intervals(day, special)
        if not self._replaced:
            return theirs
        own = self._intervals(day, self._week[day.weekday()] or [])
        return [both for one in own for other in theirs if (both := _overlap(one, other))]

    def between(self, begins: datetime, ends: datetime) -> Iterator[Interval]:
        """Return all that overlaps the time between two moments, in order."""
        first, last = self._local(begins).date() - DAY, self._local(ends).date()
        for days in range((last - first).days + 1):
            for interval in self.of_day(first + days * DAY):
                if _before(interval.begins, ends) and _before(begins, interval.ends):
                    yield interval

    def why_closed(self, day: date) -> str | None:
        """Return the name of the public holiday, or "day off"; None for a day on which only the weekday decides."""
        if self._special(day) is not None:
            return None
        if any(_is_among(day, entry) for entry in self._hours.days_off):
            return "day off"
        return self.holiday(day)

    def holiday(self, day: date) -> str | None:
        """Return the name of the public holiday on a day; None if there is none."""
        return _holidays(self._hours.holidays, self._language).get(day) if self._hours.holidays else None

    def _special(self, day: date) -> list[str] | None:
        return next((spans for entry, spans in self._hours.special.items() if _is_among(day, entry)), None)

    def _intervals(self, day: date, spans: list[str]) -> list[Interval]:
        return [Interval(*(self._at(day, minutes) for minutes in minutes_of(span))) for span in sorted(spans)]

    def _at(self, day: date, minutes: int) -> datetime:
        """Return the moment at which the clock on the wall shows this; one that it skips is taken as an hour later."""
        days, rest = divmod(minutes, 24 * 60)
        wall = datetime(day.year, day.month, day.day, rest // 60, rest % 60, tzinfo=self.zone) + days * DAY
        return wall.astimezone(UTC).astimezone(self.zone)

    def _local(self, moment: datetime) -> datetime:
        return moment.astimezone(self.zone)


def opening_hours(line: Line, own: Week | None = None) -> OpeningHours:
    """Return when a line's business is open, or when one of its kinds of appointments can be had."""
    return OpeningHours(line.hours, line.timezone, own, line.language)


@cache
def _holidays(region: str, language: str) -> Any:
    """Return the public holidays of a region, which the library works out year by year as they are asked for.

    Their names are in this language if the library has them in it, or else in the country's.
    """
    import holidays  # whose import takes 0.4 s: reading the line's settings has done it already

    country, _, subdivision = region.partition("-")
    known = holidays.country_holidays(country, subdiv=subdivision or None)
    named = next((it for it in known.supported_languages if it.startswith(language)), known.default_language)
    return holidays.country_holidays(country, subdiv=subdivision or None, language=named)


def _overlap(one: Interval, other: Interval) -> Interval | None:
    begins = max(one.begins, other.begins, key=datetime.timestamp)
    ends = min(one.ends, other.ends, key=datetime.timestamp)
    return Interval(begins, ends) if _before(begins, ends) else None


def _is_among(day: date, entry: str) -> bool:
    first, last, yearly = dates_of(entry)
    if not yearly:
        return first <= day <= last
    same = date(LEAP_YEAR, day.month, day.day)
    return first <= same <= last if first <= last else same >= first or same <= last


def _before(one: datetime, other: datetime, *, or_at: bool = False) -> bool:
    """Compare moments, not what the clock shows: two datetimes of one zone would be compared by the clock."""
    first, second = one.timestamp(), other.timestamp()
    return first <= second if or_at else first < second
