"""Which times are free for a kind of appointment: nothing here asks a calendar or a clock."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from agent.appointments.appointment import Appointment
from agent.calendar.hours import Interval, OpeningHours
from agent.lines.appointments import Kind

Kinds = Mapping[str, Kind]


def possible_times(kind: Kind, opening: OpeningHours, first: date, last: date, now: datetime) -> Iterator[Interval]:
    """Return every time at which an appointment of this kind may be, from the first to the last of these days."""
    day, last = max(first, now.date()), min(last, now.date() + timedelta(days=kind.ahead))
    while day <= last:
        for interval in opening.of_day(day):
            begins = interval.begins
            while (its := time_of(kind, begins)).ends.timestamp() <= interval.ends.timestamp():
                if is_in_time(kind, begins, now):
                    yield its
                begins = later(begins, kind.every)
        day += timedelta(days=1)


def time_of(kind: Kind, begins: datetime) -> Interval:
    """Return from when to when an appointment of this kind is that begins at this moment."""
    return Interval(begins, later(begins, kind.length))


def is_in_time(kind: Kind, begins: datetime, now: datetime) -> bool:
    """Return whether there is enough notice."""
    return begins.timestamp() - now.timestamp() >= kind.notice * 60


def fits(kind: Kind, opening: OpeningHours, begins: datetime) -> bool:
    """Return whether the business is open all the time that an appointment of this kind takes."""
    its = time_of(kind, begins)
    return any(
        interval.begins.timestamp() <= its.begins.timestamp() and its.ends.timestamp() <= interval.ends.timestamp()
        for interval in opening.between(its.begins, its.ends)
    )


def has_a_place(name: str, kinds: Kinds, its: Interval, there: Iterable[Appointment]) -> bool:
    """Return whether one of the places of this kind is free at this time."""
    pool = pool_of(name, kinds)
    return _most_at_once(pool, kinds, _blocked(kinds[name], its), there) < kinds[pool].places


def is_overbooked(name: str, kinds: Kinds, its: Interval, there: Sequence[Appointment]) -> bool:
    """Return whether more than the places of this kind are taken at this time."""
    pool = pool_of(name, kinds)
    return _most_at_once(pool, kinds, _blocked(kinds[name], its), there) > kinds[pool].places


def pool_of(name: str, kinds: Kinds) -> str:
    """Return the kind whose places are taken by this one."""
    return kinds[name].shares or name


def later(moment: datetime, minutes: int) -> datetime:
    """Return the moment that so many minutes later the clock shows, also when the clocks change in between."""
    return (moment.astimezone(UTC) + timedelta(minutes=minutes)).astimezone(moment.tzinfo)


def _most_at_once(pool: str, kinds: Kinds, its: tuple[float, float], there: Iterable[Appointment]) -> float:
    """Return how many places are taken at the busiest moment of a time."""
    taken = [
        (*blocked, math.inf if one.whole_day and not one.is_ours else 1)
        for one in there
        if _takes_from(pool, one, kinds)
        if (blocked := _blocked(kinds.get(one.kind), Interval(one.begins, one.ends)))[1] > its[0]
        and blocked[0] < its[1]
    ]
    moments = [its[0], *(begins for begins, _, _ in taken if begins > its[0])]
    return max(sum(places for begins, ends, places in taken if begins <= moment < ends) for moment in moments)


def _takes_from(pool: str, one: Appointment, kinds: Kinds) -> bool:
    """Return whether an entry takes a place; one of the owner's, or of a kind that is gone, takes one of every kind."""
    return one.kind not in kinds or pool_of(one.kind, kinds) == pool


def _blocked(kind: Kind | None, its: Interval) -> tuple[float, float]:
    """Return from when to when a place is taken, in seconds of the epoch: the buffer is part of it."""
    return its.begins.timestamp(), its.ends.timestamp() + (kind.buffer if kind else 0) * 60
