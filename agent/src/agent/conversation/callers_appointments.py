"""What the caller of one call can do with appointments. Each result is for the language model.

The model passes on the caller's words for a day and a time, and they are understood here. An appointment can be changed
only if this call has found or made it: under the caller's own number, or by a name and a number that were said.
"""

import itertools
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from livekit.agents import ToolError

from agent.admission.caller import Caller
from agent.admission.written_number import country_of, read_number
from agent.appointments.appointment import Appointment, AppointmentError, UnknownError
from agent.appointments.desk import TakenError, new_desk
from agent.appointments.free import time_of
from agent.appointments.wish import DAYS_LOOKED_AT, Wish, wish_of
from agent.calendar.expressions import NotUnderstoodError, understand
from agent.calendar.spoken import say_date, say_moment, say_time
from agent.conversation.not_known import NotKnownError
from agent.conversation.session import region_of_line
from agent.lines.line import Line
from agent.settings import Settings
from agent.storage.private_files import DATA

SHOWN, OFFERED = 6, 3  # times of a day that the model is told, and times that are offered in place of one
DAYS_SHOWN = 4


class CallersAppointments:
    """Every method raises a `ToolError` that tells the model what is wrong and what to ask."""

    def __init__(self, line: Line, settings: Settings, caller: Caller, data: Path = DATA) -> None:
        self._line, self._settings, self._own_number = line, settings, caller.number
        self._desk = new_desk(line, data)
        # What the caller may have moved or cancelled, by the number that the model is told.
        self._known: dict[str, Appointment] = {}
        self._numbers = itertools.count(1)

    def now(self) -> datetime:
        """Return the present moment at the business."""
        return datetime.now(ZoneInfo(self._line.timezone))

    def called(self, kind: str) -> str:
        """Return what a kind of appointment is called."""
        return self._desk.called(kind)

    def say(self, moment: datetime) -> str:
        """Return a moment in the line's language."""
        return say_moment(moment, self._line.language)

    async def free_times(self, kind: str, when: str) -> str:
        """Say which times are free for a kind of appointment, in the caller's words for a day or a time."""
        try:
            wish = self._wish(kind, when)
            if wish.moments:
                return f"Free: {self.say(await self._free_moment(kind, wish))}."
            free = await self._desk.free_times(kind, wish, self.now())
            return self._listed(free) if free else f"Nothing is free then. {await self._others(kind, wish)}"
        except AppointmentError as error:
            raise ToolError(str(error)) from None

    async def wanted(self, kind: str, when: str, name: str, number: str, note: str) -> Appointment:
        """Return the appointment that the caller wants, if the time is free now."""
        try:
            begins = await self._free_moment(kind, self._wish(kind, when))
            its = time_of(self._desk.kind(kind), begins)
        except AppointmentError as error:
            raise ToolError(str(error)) from None
        if not any(letter.isalpha() for letter in name):
            raise ToolError("Ask the caller for the name.")
        return Appointment(kind, its.begins, its.ends, name.strip(), self._number(number), note.strip())

    async def book(self, wanted: Appointment) -> str:
        """Make an appointment that the caller has said yes to."""
        try:
            booked = await self._desk.book(wanted, self.now())
        except AppointmentError as error:
            raise await self._instead(error, wanted.kind, wanted.begins) from None
        return f"Booked: {self._told(booked)}"

    async def find(self, name: str, number: str) -> str:
        """Say which appointments to come the caller has: under their own number, or under a name and a number."""
        own = self._own_number
        under = self._number(number)
        if under != own and not name.strip():
            raise ToolError("Ask the caller for the name as well: it is another number than the one they call from.")
        try:
            found = await self._desk.find(self.now(), under, "" if under == own else name)
        except AppointmentError as error:
            raise ToolError(str(error)) from None
        if not found:
            return "There is no appointment to come. Perhaps it is under another name or number: ask the caller."
        return "\n".join(self._told(one) for one in found)

    async def which(self, said: str) -> str:
        """Return the number by which an appointment is meant: the one that was said, or that of the caller's only one.

        A small model knows the caller's words alone, and they do not say the number that the model is told.
        """
        if said.strip().isdecimal():
            return said.strip()
        if not self._known:
            found = await self.find("", "")
            if not self._known:
                raise ToolError(found)
        if len(self._known) > 1:
            raise ToolError(f"Ask the caller which they mean: {' '.join(map(self._told, [*self._known.values()]))}")
        return next(iter(self._known))

    def known(self, which: str) -> Appointment:
        """Return an appointment that this call has found or made."""
        if appointment := self._known.get(which.strip()):
            return appointment
        raise ToolError(f"No appointment {which!r} has been found. Call find_appointments first, and use its number.")

    async def new_time(self, appointment: Appointment, when: str) -> datetime:
        """Return the time to which the caller wants to have an appointment moved, if it is free now."""
        try:
            wish = self._wish(appointment.kind, when)
            return await self._free_moment(appointment.kind, wish, appointment)
        except AppointmentError as error:
            raise ToolError(str(error)) from None

    async def move(self, which: str, begins: datetime) -> str:
        """Give an appointment the time that the caller has said yes to."""
        appointment = self.known(which)
        try:
            moved = await self._desk.move(appointment, begins, self.now())
        except AppointmentError as error:
            raise await self._instead(error, appointment.kind, begins) from None
        self._known[which.strip()] = moved
        return f"Moved: {self._told(moved)}"

    async def cancel(self, which: str) -> str:
        """Cancel an appointment, which the caller has said yes to."""
        appointment = self.known(which)
        try:
            await self._desk.cancel(appointment, self.now())
        except AppointmentError as error:
            raise _told_error(error) from None
        del self._known[which.strip()]
        return f"Cancelled: {self.called(appointment.kind)} {self.say(appointment.begins)}."

    def _wish(self, kind: str, when: str) -> Wish:
        now, region = self.now(), region_of_line(self._line, self._settings) or ""
        try:
            expression = understand(when, self._line.language, now, region)
        except NotUnderstoodError as error:
            raise ToolError(str(error)) from None
        return wish_of(expression, self._desk.kind(kind), self._desk.opening(kind), now)

    async def _free_moment(self, kind: str, wish: Wish, own: Appointment | None = None) -> datetime:
        """Return the one moment that is wished for, if it is free; `own` is an appointment that makes way for it."""
        now = self.now()
        possible = [moment for moment in wish.moments if not self._desk.why_not(kind, moment, now)]
        if len(possible) > 1:
            raise AppointmentError(f"Ask the caller which they mean: {' or '.join(map(self.say, possible))}.")
        if not possible:
            if not wish.moments:
                raise AppointmentError(f"The caller has to choose a time. {await self._others(kind, wish)}")
            moment = wish.moments[0]
            reason = self._desk.why_not(kind, moment, now)
            raise AppointmentError(f"Not possible {self.say(moment)}: {reason} {await self._others(kind, wish)}")
        if not await self._desk.is_free(kind, possible[0], now, own):
            raise TakenError(f"Not free {self.say(possible[0])}. {await self._near(kind, possible[0])}")
        return possible[0]

    async def _others(self, kind: str, wish: Wish) -> str:
        """Say which times are free in the days that are wished for, or else in those after them."""
        now = self.now()
        free = await self._desk.free_times(kind, Wish(wish.first, wish.last, wish.window), now)
        if not free:
            after = Wish(wish.first, wish.last + timedelta(days=DAYS_LOOKED_AT))
            free = await self._desk.free_times(kind, after, now)
        return self._listed(free) if free else "No other time is free in the weeks after that either."

    async def _near(self, kind: str, moment: datetime) -> str:
        """Say which free times are nearest to one that is taken."""
        day = Wish(moment.date(), moment.date())
        free = await self._desk.free_times(kind, day, self.now())
        if not free:
            return await self._others(kind, day)
        nearest = sorted(free, key=lambda it: abs(it.timestamp() - moment.timestamp()))[:OFFERED]
        return f"Free on that day, nearest first: {', '.join(say_time(it, self._line.language) for it in nearest)}."

    async def _instead(self, error: AppointmentError, kind: str, begins: datetime) -> ToolError:
        """Add what can be offered if the time has been taken since it was read out."""
        if not isinstance(error, TakenError):
            return _told_error(error)
        try:
            return ToolError(f"{error} Tell the caller, and offer another time. {await self._near(kind, begins)}")
        except AppointmentError:
            return ToolError(str(error))

    def _number(self, said: str) -> str:
        """Return a number in E.164 form: the one that was said, or that of the caller."""
        own = self._own_number
        if not said.strip():
            if own.startswith("+"):
                return own
            raise ToolError("The caller's number is not known. Ask for a name and a phone number.")
        try:
            return read_number(said, country_of(self._line, self._settings))
        except ValueError:
            raise ToolError("That is no complete phone number. Ask the caller for it again, digit by digit.") from None

    def _told(self, appointment: Appointment) -> str:
        """Return an appointment as the model is told it, and let the caller change it from now on."""
        known = next((which for which, one in self._known.items() if one.uid == appointment.uid), None)
        which = known or str(next(self._numbers))
        self._known[which] = appointment
        called, when = self.called(appointment.kind), self.say(appointment.begins)
        return f"appointment {which}: {called} for {appointment.name} {when}."

    def _listed(self, free: Sequence[datetime]) -> str:
        """List free times day by day, but no more than can be said."""
        days: dict[str, list[datetime]] = {}
        for moment in free:
            days.setdefault(say_date(moment.date(), self._line.language), []).append(moment)
        rows = [f"Free on {day}: {self._of_day(times)}." for day, times in list(days.items())[:DAYS_SHOWN]]
        return " ".join([*rows, "Other days are free, too."] if len(days) > DAYS_SHOWN else rows)

    def _of_day(self, times: Sequence[datetime]) -> str:
        said = [say_time(it, self._line.language) for it in times]
        if len(said) <= SHOWN:
            return ", ".join(said)
        return f"{', '.join(said[: SHOWN - 1])} and {len(said) - SHOWN + 1} later ones until {said[-1]}"


def _told_error(error: AppointmentError) -> ToolError:
    return (NotKnownError if isinstance(error, UnknownError) else ToolError)(str(error))
