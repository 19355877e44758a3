"""A line's appointments for the desk: what is booked and what is free, moving one and cancelling one. All is JSON.

GET  /desk/appointments                                       the lines, with the kinds of appointments that each has
GET  /desk/appointments/{line}?from=…&to=…                    what is in the line's calendar between two moments
GET  /desk/appointments/{line}/free?kind=…&day=…              beginnings that are free; &uid=…&begins=… moves that one
POST /desk/appointments/{line}/move    {uid, begins, version, to}
POST /desk/appointments/{line}/cancel  {uid, begins, version}

What holds for callers holds here, too: hours, holidays, places and notice. Whoever changes an appointment names the
time and the version at which they have seen it, so that of two people the second is told. An error is
{"error": "<sentence>", "reason": "<one word>"}.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.appointments.appointment import (
    Appointment,
    AppointmentError,
    ChangedError,
    UnknownError,
    UnreachableError,
)
from agent.appointments.desk import Desk, TakenError, new_desk
from agent.appointments.free import is_in_time
from agent.appointments.wish import Wish
from agent.calendar.hours import opening_hours
from agent.lines.folder import LinesFolder
from agent.lines.line import Line
from agent.settings import Settings
from agent.storage import private_files
from agent.worker.desk_right import check_desk
from agent.worker.request_body import BodyError, read_body

logger = logging.getLogger(__name__)

PATH = "/desk/appointments"
LARGEST = 16_384  # bytes of a request
LONGEST_TIME = timedelta(days=62)  # that is asked for at once
YEARS = range(2000, 2200)
CHANGED = "This appointment has been changed or cancelled meanwhile, so nothing was done."
NOT_KNOWN = "The calendar stopped working while it was changed, so it is not known whether it was done. Look again."

D = TypeVar("D", bound=date)
Handler = Callable[[web.Request], Awaitable[web.Response]]


class _Seen(BaseModel):
    """An appointment as the desk has shown it; the body of a cancellation."""

    model_config = ConfigDict(extra="forbid", strict=True)

    uid: str = Field(min_length=1, max_length=1000)
    begins: str
    version: str = ""


class _Move(_Seen):
    to: str  # ISO 8601; without a zone it is what the clock shows at the line's place


class _ProblemError(Exception):
    def __init__(self, status: int, sentence: str, reason: str = "request") -> None:
        super().__init__(sentence)
        self.status, self.reason = status, reason


def routes(settings: Settings, lines: LinesFolder) -> list[web.RouteDef]:
    """Make the routes."""
    endpoint = _Endpoint(settings, lines)
    line = f"{PATH}/{{line}}"
    return [
        web.get(PATH, endpoint.answer(endpoint.lines)),
        web.get(line, endpoint.answer(endpoint.between)),
        web.get(f"{line}/free", endpoint.answer(endpoint.free)),
        web.post(f"{line}/move", endpoint.answer(endpoint.move)),
        web.post(f"{line}/cancel", endpoint.answer(endpoint.cancel)),
    ]


class _Endpoint:
    def __init__(self, settings: Settings, lines: LinesFolder) -> None:
        self._settings, self._lines = settings, lines

    def answer(self, work: Callable[[web.Request], Awaitable[Any]]) -> Handler:
        """Answer with what `work` returns, or say in a sentence why it cannot."""

        async def handle(request: web.Request) -> web.Response:
            check_desk(request, self._settings)
            try:
                return web.json_response(await work(request))
            except _ProblemError as error:
                return _problem(error.status, str(error), error.reason)
            except AppointmentError as error:
                return _told(error)
            except ValidationError:
                return _problem(400, "The address names an appointment in a way that is not possible.", "request")

        return handle

    async def lines(self, _: web.Request) -> dict[str, Any]:
        found = await asyncio.to_thread(lambda: list(self._lines.all()))
        return {"lines": [_line(line) for line in found]}

    async def between(self, request: web.Request) -> dict[str, Any]:
        line = await self._line(request)
        zone = ZoneInfo(line.timezone)
        begins, ends = _moment(_asked(request, "from"), zone), _moment(_asked(request, "to"), zone)
        if not timedelta() < ends - begins <= LONGEST_TIME:
            raise _ProblemError(400, f"to should be after from, by {LONGEST_TIME.days} days or less.")
        desk = _desk(line)
        there = await desk.between(begins, ends)
        return {
            **_line(line),
            "now": datetime.now(zone).isoformat(timespec="seconds"),
            "closed": await asyncio.to_thread(_closed, line, begins.date(), ends.date()),
            "appointments": [_shown(one, desk) for one in there],
        }

    async def free(self, request: web.Request) -> dict[str, Any]:
        line = await self._line(request)
        desk, now = _desk(line), _now(line)
        day = _day(_asked(request, "day"))
        own, kind = None, request.query.get("kind", "")
        if "uid" in request.query:
            seen = _Seen(uid=_asked(request, "uid"), begins=_asked(request, "begins"), version=_version(request))
            own = await _as_seen(desk, line, seen)
            kind = own.kind
        found = await desk.free_times(kind, Wish(day, day), now, own)
        return {
            "kind": kind,
            "called": desk.called(kind),
            "day": day.isoformat(),
            "free": [it.isoformat() for it in found if own is None or it.timestamp() != own.begins.timestamp()],
            "closed": await asyncio.to_thread(desk.opening(kind).why_closed, day),
        }

    async def move(self, request: web.Request) -> dict[str, Any]:
        line = await self._line(request)
        asked = await _read(request, _Move)
        desk, to, now = _desk(line), _moment(asked.to, ZoneInfo(line.timezone)), _now(line)
        there = await _as_seen(desk, line, asked)
        _refuse_late_change(desk, there, now)
        return {"appointment": _shown(await desk.move(there, to, now), desk)}

    async def cancel(self, request: web.Request) -> dict[str, Any]:
        line = await self._line(request)
        asked = await _read(request, _Seen)
        desk, now = _desk(line), _now(line)
        there = await _as_seen(desk, line, asked)
        _refuse_late_change(desk, there, now)
        await desk.cancel(there, now)
        return {"cancelled": _shown(there, desk)}

    async def _line(self, request: web.Request) -> Line:
        """Return the line that the address names, which has to have appointments."""
        name, names = request.match_info["line"], self._lines.names()
        if name not in names:
            raise _ProblemError(404, f"There is no line {name!r}; this host's lines are: {', '.join(names)}.", "line")
        try:
            line = await asyncio.to_thread(self._lines.read, name)
        except ValueError as error:
            logger.error("%s", error)
            problem = f"The settings of the line {name} cannot be used. make check says why."
            raise _ProblemError(503, problem, "line") from None
        if not line.appointments:
            problem = f"The line {name} has no appointments: its line.toml names no kind of them."
            raise _ProblemError(404, problem, "none")
        return line


def _desk(line: Line) -> Desk:
    return new_desk(line, private_files.DATA)


def _now(line: Line) -> datetime:
    return datetime.now(ZoneInfo(line.timezone))


async def _as_seen(desk: Desk, line: Line, seen: _Seen) -> Appointment:
    """Return the appointment of a caller's that the desk has shown, if it is still as it was then."""
    begins = _moment(seen.begins, ZoneInfo(line.timezone))
    for one in await desk.between(begins, begins + timedelta(minutes=1)):
        if (one.uid, one.version) == (seen.uid, seen.version) and one.begins.timestamp() == begins.timestamp():
            if not one.is_ours:
                raise AppointmentError("It is an entry of the owner's own calendar, which is changed there.")
            return one
    raise ChangedError(CHANGED)


def _refuse_late_change(desk: Desk, its: Appointment, now: datetime) -> None:
    kind = desk.kind(its.kind)
    if not is_in_time(kind, its.begins, now):
        raise AppointmentError(
            f"It is too late to change this appointment: that is possible up to {kind.notice} minutes before it "
            "begins (notice in line.toml)."
            if kind.notice and its.begins.timestamp() > now.timestamp()
            else "It is too late to change this appointment: it has begun."
        )


def _closed(line: Line, first: date, last: date) -> dict[str, str]:
    """Return the days on which the line is closed for a reason that has a name, such as a public holiday."""
    opening = opening_hours(line)
    days = (first + timedelta(days=it) for it in range((last - first).days + 1))
    return {day.isoformat(): reason for day in days if (reason := opening.why_closed(day))}


def _line(line: Line) -> dict[str, Any]:
    kinds = [
        {"name": name, "called": kind.called or name, "length": kind.length} for name, kind in line.appointments.items()
    ]
    return {"line": line.name, "timezone": line.timezone, "kinds": kinds, "elsewhere": line.calendar.url is not None}


def _shown(its: Appointment, desk: Desk) -> dict[str, Any]:
    return {
        "uid": its.uid,
        "version": its.version,
        "ours": its.is_ours,
        "kind": its.kind,
        "called": desk.called(its.kind),
        "begins": its.begins.isoformat(),
        "ends": its.ends.isoformat(),
        "whole_day": its.whole_day,
        "name": its.name,
        "number": its.number,
        "note": its.note,
        "agreed": its.agreed.isoformat() if its.agreed else None,
    }


async def _read(request: web.Request, shape: type[Any]) -> Any:
    try:
        body = await read_body(request, LARGEST)
    except BodyError as error:
        raise _ProblemError(error.status, str(error)) from None
    try:
        return shape.model_validate(json.loads(body))
    except ValidationError as error:
        first: Any = error.errors(include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the body"
        raise _ProblemError(400, f"{where}: {first['msg']}.") from None
    except (ValueError, RecursionError):
        raise _ProblemError(400, "The body is not JSON.") from None


def _asked(request: web.Request, name: str) -> str:
    if not (value := request.query.get(name, "")):
        raise _ProblemError(400, f"The address lacks {name}.")
    return value


def _version(request: web.Request) -> str:
    return request.query.get("version", "")


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise _ProblemError(400, "The day should be a date such as 2026-11-30.") from None
    return _in_calendar(day)


def _moment(text: str, zone: ZoneInfo) -> datetime:
    """Return a moment in the line's zone; one that the clock skips is taken as an hour later."""
    try:
        moment = _in_calendar(datetime.fromisoformat(text))
    except ValueError:
        raise _ProblemError(400, "A time should be like 2026-11-30T09:30.") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC).astimezone(zone)


def _in_calendar(day: D) -> D:
    """Return a day or a moment, from which one can go on by months without leaving the calendar."""
    if day.year not in YEARS:
        raise _ProblemError(400, f"The year should be from {YEARS[0]} to {YEARS[-1]}.")
    return day


def _told(error: AppointmentError) -> web.Response:
    if isinstance(error, UnreachableError):
        return _problem(503, f"{str(error).rstrip('.')}. Nothing was done; try it again in a minute.", "unreachable")
    if isinstance(error, UnknownError):
        return _problem(503, NOT_KNOWN, "unknown")
    if isinstance(error, ChangedError):
        return _problem(409, str(error), "changed")
    if isinstance(error, TakenError):
        return _problem(409, str(error), "taken")
    return _problem(422, str(error), "refused")


def _problem(status: int, sentence: str, reason: str) -> web.Response:
    return web.json_response({"error": sentence, "reason": reason}, status=status)
