"""The rules by which appointments are made, whatever keeps them: what is free, and whose appointment it is.

Two callers may want the last place at the same time, and each call is a process of its own. So everything that is
changed is changed under the line's lock, and what is free is read anew under it. A calendar on another server has other
writers, which do not know the lock. So the calendar is read once more after the write, and whoever made the appointment
by phone gives way.
"""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

from agent.appointments.appointment import (
    Appointment,
    AppointmentError,
    Backend,
    ChangedError,
    UnknownError,
    UnreachableError,
)
from agent.appointments.caldav import CalDAV
from agent.appointments.embedded import FOLDER, Embedded, store_of
from agent.appointments.free import (
    fits,
    has_a_place,
    is_in_time,
    is_overbooked,
    later,
    possible_times,
    time_of,
)
from agent.appointments.wish import Wish
from agent.calendar.hours import OpeningHours, opening_hours
from agent.lines.appointments import Kind
from agent.lines.line import Line
from agent.storage.lock import locked
from agent.storage.private_files import DATA

DAY = timedelta(days=1)
WAITS = 20.0  # seconds for other calls that book just now; a CalDAV server may take some for each of them


NOT_KNOWN = (
    "The calendar stopped working while it was changed, so it is not known whether it was done. Tell the caller so. "
    "They can try the very same once more, or call again later; nothing is booked twice by that."
)


class TakenError(AppointmentError):
    """No place is free at this time, or none any more."""


class Desk:
    """Makes the appointments of one line. Every method raises an `AppointmentError` if it cannot do its work.

    Of these only an `UnknownError` leaves open whether anything was done.

    `now` is always the present moment in the line's time zone.
    """

    def __init__(self, line: Line, backend: Backend, lock: Path) -> None:
        self.kinds = line.appointments
        self._line, self._backend, self._lock = line, backend, lock

    def kind(self, name: str) -> Kind:
        """Return a kind of appointment by its name."""
        if name not in self.kinds:
            raise AppointmentError(f"There is no kind {name!r}. The kinds are: {', '.join(self.kinds)}.")
        return self.kinds[name]

    def called(self, name: str) -> str:
        """Return what a kind of appointment is called when people speak of it; its name if the line has it no more."""
        kind = self.kinds.get(name)
        return (kind and kind.called) or name

    def opening(self, name: str) -> OpeningHours:
        """Return when a kind of appointment can be had."""
        return opening_hours(self._line, self.kind(name))

    async def between(self, begins: datetime, ends: datetime) -> list[Appointment]:
        """Return all that is in the calendar between two moments, in order; entries of the owner's as well."""
        return await self._backend.between(begins, ends)

    async def free_times(self, name: str, wish: Wish, now: datetime, own: Appointment | None = None) -> list[datetime]:
        """Return the beginnings that are free in the days and the part of the day that are wished for.

        `own` is an appointment that makes way for the new time.
        """
        kind, opening = self.kind(name), self.opening(name)
        possible = [
            its for its in possible_times(kind, opening, wish.first, wish.last, now) if wish.includes(its.begins)
        ]
        if not possible:
            return []
        there = await self._between(possible[0].begins, possible[-1].ends)
        there = _without(own, there) if own else there
        return [its.begins for its in possible if has_a_place(name, self.kinds, its, there)]

    async def is_free(self, name: str, begins: datetime, now: datetime, own: Appointment | None = None) -> bool:
        """Return whether an appointment could begin at this moment; `own` is one that makes way for it."""
        if self.why_not(name, begins, now):
            return False
        its = time_of(self.kind(name), begins)
        there = await self._between(its.begins, its.ends)
        return has_a_place(name, self.kinds, its, _without(own, there) if own else there)

    def why_not(self, name: str, begins: datetime, now: datetime) -> str | None:
        """Return why no appointment of this kind can begin at this moment, whoever else has one; None if it can."""
        kind, opening = self.kind(name), self.opening(name)
        if begins.timestamp() <= now.timestamp():
            return "That time is over already."
        if not is_in_time(kind, begins, now):
            return f"It has to be {kind.notice} minutes from now or later."
        if begins.date() > now.date() + kind.ahead * DAY:
            return f"It can be made up to {kind.ahead} days from today, and that is later."
        if not fits(kind, opening, begins):
            return f"It cannot be had at that time: {_hours_of(begins.date(), opening)}."
        beginnings = possible_times(kind, opening, begins.date() - DAY, begins.date(), now)
        if not any(_same(its.begins, begins) for its in beginnings):
            return f"It can begin every {kind.every} minutes from the opening on, and not in between."
        return None

    async def book(self, wanted: Appointment, now: datetime) -> Appointment:
        """Keep a new appointment; one that this person has already at this time is returned as it is.

        Raises:
            TakenError: the place has been taken meanwhile.
        """
        self._refuse(wanted.kind, wanted.begins, now)
        async with self._locked():
            theirs = await self._upcoming(now, wanted.number)
            for one in theirs:
                if _same(one.begins, wanted.begins) and (one.kind, one.name) == (wanted.kind, wanted.name):
                    return one
            if len(theirs) >= (most := self.kind(wanted.kind).per_caller):
                raise AppointmentError(f"This caller has {len(theirs)} appointments, and {most} are the most.")
            await self._take_a_place(wanted)
            booked = replace(wanted, agreed=now.replace(microsecond=0))
            with _changing():
                await self._backend.add(booked)
                await self._give_way(booked, self._backend.remove)
        return booked

    async def find(self, now: datetime, number: str, name: str = "") -> list[Appointment]:
        """Return the appointments to come under a number; with a name, only those of this person."""
        if not number:
            return []
        found = await self._upcoming(now, number)
        return [one for one in found if one.belongs_to(name)] if name else found

    async def beginning_between(self, now: datetime, until: datetime) -> list[Appointment]:
        """Return callers' appointments that begin after `now`, and at `until` or before."""
        there = await self._backend.between(now, until)
        return [its for its in there if its.is_ours and now.timestamp() < its.begins.timestamp() <= until.timestamp()]

    async def move(self, appointment: Appointment, begins: datetime, now: datetime) -> Appointment:
        """Give an appointment another time, if there is a place; else it keeps the one that it has.

        Raises:
            TakenError: the place has been taken meanwhile.
            ChangedError: somebody else has changed or cancelled the appointment.
        """
        self._refuse_late_change(appointment, now)
        self._refuse(appointment.kind, begins, now)
        its = time_of(self.kind(appointment.kind), begins)
        moved = replace(appointment, begins=its.begins, ends=its.ends, agreed=now.replace(microsecond=0))
        async with self._locked():
            there = await self._as_it_is(appointment)
            await self._take_a_place(moved)
            with _changing():
                await self._backend.move(there, moved)
                await self._give_way(moved, lambda stored: self._backend.move(stored, there))
        return moved

    async def cancel(self, appointment: Appointment, now: datetime) -> None:
        """Delete an appointment; raises `ChangedError` if somebody else has changed or cancelled it."""
        self._refuse_late_change(appointment, now)
        async with self._locked():
            there = await self._as_it_is(appointment)
            with _changing():
                await self._backend.remove(there)

    def _refuse(self, name: str, begins: datetime, now: datetime) -> None:
        if reason := self.why_not(name, begins, now):
            raise AppointmentError(reason)

    def _refuse_late_change(self, appointment: Appointment, now: datetime) -> None:
        if not is_in_time(self.kind(appointment.kind), appointment.begins, now):
            raise AppointmentError("It is too late to change this appointment by phone: it begins soon, or has begun.")

    async def _take_a_place(self, wanted: Appointment) -> None:
        its = time_of(self.kind(wanted.kind), wanted.begins)
        there = await self._between(its.begins, its.ends)
        if not has_a_place(wanted.kind, self.kinds, its, _without(wanted, there)):
            raise TakenError("Somebody else has taken this time, so nothing was done.")

    async def _give_way(self, wanted: Appointment, undo: Callable[[Appointment], Awaitable[None]]) -> None:
        """Read again what was written: if a writer from outside has taken the last place meanwhile, undo it."""
        its = time_of(self.kind(wanted.kind), wanted.begins)
        there = await self._between(its.begins, its.ends)
        stored = next((one for one in there if one.uid == wanted.uid), None)
        if stored is None:
            raise ChangedError("The calendar did not keep the appointment, so nothing was done.")
        if is_overbooked(wanted.kind, self.kinds, its, there):
            try:
                await undo(stored)
            except AppointmentError as error:
                raise UnknownError(NOT_KNOWN) from error
            raise TakenError("Somebody else has taken this time meanwhile, so nothing was done.")

    async def _as_it_is(self, appointment: Appointment) -> Appointment:
        there = await self._between(appointment.begins, appointment.ends)
        for one in there:
            if (one.uid, one.number) == (appointment.uid, appointment.number) and _same(one.begins, appointment.begins):
                return one
        raise ChangedError("This appointment has been changed or cancelled meanwhile, so nothing was done.")

    async def _upcoming(self, now: datetime, number: str) -> list[Appointment]:
        ahead = max((kind.ahead for kind in self.kinds.values()), default=0) + 2
        there = await self._backend.under(number, now, now + ahead * DAY)
        return [one for one in there if one.kind in self.kinds and one.begins.timestamp() > now.timestamp()]

    async def _between(self, begins: datetime, ends: datetime) -> list[Appointment]:
        """Return what may take a place in this time: an entry's buffer is after it, and a new one's own is, too."""
        longest = max((kind.buffer for kind in self.kinds.values()), default=0)
        return await self._backend.between(later(begins, -longest), later(ends, longest))

    @contextlib.asynccontextmanager
    async def _locked(self) -> AsyncIterator[None]:
        try:
            async with locked(self._lock, WAITS):
                yield
        except (TimeoutError, OSError) as error:
            raise UnreachableError("The calendar is busy or cannot be used now, so nothing was done.") from error


def new_desk(line: Line, data: Path = DATA) -> Desk:
    """Make the desk of a line, with the backend that its settings name."""
    its = line.calendar
    if its.url and its.password:
        address, password = its.url.get_secret_value(), its.password.get_secret_value()
        backend: Backend = CalDAV(address, its.username, password, line)
    else:
        backend = Embedded(store_of(line.name, data), line.timezone)
    return Desk(line, backend, data / FOLDER / f"{line.name}.lock")


@contextlib.contextmanager
def _changing() -> Iterator[None]:
    try:
        yield
    except UnreachableError as error:
        raise UnknownError(NOT_KNOWN) from error


def _same(one: datetime, other: datetime) -> bool:
    """Compare moments: two datetimes of one zone would be compared by what the clock shows."""
    return one.timestamp() == other.timestamp()


def _without(one: Appointment, there: Iterable[Appointment]) -> list[Appointment]:
    return [other for other in there if other.uid != one.uid]


def _hours_of(day: date, opening: OpeningHours) -> str:
    if reason := opening.why_closed(day):
        return f"closed on that day, {reason}"
    spans = ", ".join(f"{its.begins:%H:%M}-{its.ends:%H:%M}" for its in opening.of_day(day))
    return f"the hours of that day are {spans}" if spans else "closed on that day"
