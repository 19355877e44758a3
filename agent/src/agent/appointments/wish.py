"""Which times a caller's words mean, given when the business is open."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from agent.appointments.free import fits
from agent.calendar.expressions import Expression
from agent.calendar.hours import OpeningHours
from agent.lines.appointments import Kind

DAY = timedelta(days=1)
WHOLE_DAY = (0, 24 * 60)
DAYS_LOOKED_AT = 28  # for a caller who names no last day


@dataclass(frozen=True, slots=True)
class Wish:
    """The days and the part of the day that are meant, and the moments, if a time was said."""

    first: date
    last: date
    window: tuple[int, int] = WHOLE_DAY  # minutes from midnight
    moments: tuple[datetime, ...] = ()  # several if it is not certain whether morning or evening is meant

    def includes(self, moment: datetime) -> bool:
        """Return whether a moment is in the part of the day that is meant."""
        minutes = moment.hour * 60 + moment.minute
        return self.window[0] <= minutes < self.window[1]


def wish_of(expression: Expression, kind: Kind, opening: OpeningHours, now: datetime) -> Wish:
    """Work out the times for a kind of appointment; of seven and nineteen the one is meant at which it can be had."""
    if expression.moment:
        day = expression.moment.date()
        return Wish(day, day, moments=(expression.moment,))
    if expression.first is None:
        first = last = _day_of_times(expression.times, now)
    else:
        first, last = expression.first, expression.last or expression.first + DAYS_LOOKED_AT * DAY
    if not expression.times:
        return Wish(first, last, expression.window or WHOLE_DAY)
    moments = [moment for day in _days(first, last) for moment in _moments(day, expression.times, opening)]
    return Wish(first, last, moments=tuple(_likely(moments, kind, opening, now)))


def _day_of_times(times: Sequence[int], now: datetime) -> date:
    """Return today; tomorrow if the time that was said is over for today."""
    over = times and max(times) <= now.hour * 60 + now.minute
    return now.date() + DAY if over else now.date()


def _days(first: date, last: date) -> Iterator[date]:
    for days in range(min((last - first).days, DAYS_LOOKED_AT) + 1):
        yield first + days * DAY


def _moments(day: date, times: Sequence[int], opening: OpeningHours) -> list[datetime]:
    """Return the moments at which the clock shows these times on a day."""
    clocks = [datetime(day.year, day.month, day.day, it // 60, it % 60, tzinfo=opening.zone) for it in times]
    return [clock.astimezone(UTC).astimezone(opening.zone) for clock in clocks]


def _likely(moments: list[datetime], kind: Kind, opening: OpeningHours, now: datetime) -> list[datetime]:
    """Return those at which it can be had; all of them if it can be had at none."""
    ahead = [moment for moment in moments if moment.timestamp() > now.timestamp()] or moments
    return [moment for moment in ahead if fits(kind, opening, moment)] or ahead
