"""The pages of the appointments: a week of a line's calendar, and moving or cancelling one.

The agent keeps the calendar and has the rules. What it refuses is shown in its own words.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from desk.access.guard import checked_form
from desk.appointments.week import DAY, Entry, days_of_week, hours_of, lay_out
from desk.clock import UTC_ZONE, spoken_day, spoken_moment
from desk.desk import desk_of
from desk.pages import render
from desk.places import LINE
from desk.problem import Problem

AGENT = "/desk/appointments"
ONE = "/appointments/{line}/one"
GONE = "This appointment is not there any more: somebody has moved or cancelled it meanwhile. Nothing was changed."
CONFLICT = 409
YEARS = range(2000, 2200)


def routes() -> list[BaseRoute]:
    return [
        Route("/appointments", show_week),
        Route(ONE, show),
        Route(f"{ONE}/move", move, methods=["POST"]),
        Route(f"{ONE}/cancel", ask_before_cancelling),
        Route(f"{ONE}/cancel", cancel, methods=["POST"]),
    ]


@dataclass(frozen=True, slots=True)
class Seen:
    """An appointment as a page has shown it: by this the agent knows it, and whether it has been changed since."""

    line: str
    uid: str
    begins: str  # ISO 8601
    version: str = ""

    @classmethod
    def read(cls, request: Request, given: Mapping[str, Any]) -> "Seen":
        """Read it from an address or a form.

        Raises:
            Problem: 400, it is not named; 404, there is no such line.
        """
        line = _checked(request.path_params["line"])
        uid, begins = str(given.get("uid", "")), str(given.get("begins", ""))
        try:
            is_known = bool(uid) and datetime.fromisoformat(begins).year in YEARS
        except ValueError:
            is_known = False
        if not is_known:
            raise Problem(400, "The address names no appointment. Choose one in the calendar.")
        return cls(line, uid, begins, str(given.get("version", "")))

    def address(self, more: str = "", **query: str) -> str:
        """Return the address of its page, or of one below it."""
        return f"/appointments/{self.line}/one{more}?{urlencode({'uid': self.uid, 'begins': self.begins, **query})}"

    @property
    def body(self) -> dict[str, str]:
        """What the agent is told."""
        return {"uid": self.uid, "begins": self.begins, "version": self.version}


async def show_week(request: Request) -> Response:
    """Show a week of one line."""
    agent = desk_of(request).agent
    lines = (await agent.get(AGENT))["lines"]
    with_some = [it["line"] for it in lines if it["kinds"]]
    line = request.query_params.get("line") or next(iter(with_some), "")
    if not line:
        return render(request, "appointments/none.html", lines=[it["line"] for it in lines])
    _checked(line)
    zone = next((ZoneInfo(it["timezone"]) for it in lines if it["line"] == line), UTC_ZONE)
    days = days_of_week(_day(request.query_params.get("week", ""), datetime.now(zone).date()))
    begins, ends = days[0].isoformat(), (days[-1] + DAY).isoformat()
    told = await agent.get(f"{AGENT}/{line}", **{"from": begins, "to": ends})
    week = lay_out(
        days,
        (Entry.told(it) for it in told["appointments"]),
        told["closed"],
        datetime.fromisoformat(told["now"]).date(),
    )
    return render(
        request,
        "appointments/week.html",
        line=line,
        lines=with_some,
        zone=told["timezone"],
        elsewhere=told["elsewhere"],
        week=week,
        hours=hours_of(week),
        title=f"{_short(days[0])} to {_short(days[-1])} {days[-1].year}",
        count=len({it.uid for day in week for it in day.entries if it.ours}),
        previous=_week(line, days[0] - 7 * DAY),
        following=_week(line, days[0] + 7 * DAY),
        this_week=_week(line, None),
        address=lambda its: Seen(line, its.uid, its.begins.isoformat()).address(),
        short=_short,
        said={"cancelled": "The appointment is cancelled."}.get(request.query_params.get("said", ""), ""),
    )


async def show(request: Request) -> Response:
    """Show one appointment, with the times of a day to which it can be moved."""
    return await _details(request, Seen.read(request, request.query_params))


async def move(request: Request) -> Response:
    """Move one to a time that was chosen or typed."""
    form = await checked_form(request)
    seen, to = Seen.read(request, form), str(form.get("to", "")).strip()
    try:
        if not to:
            raise Problem(400, "Choose a time, or type one.")
        told = await desk_of(request).agent.post(f"{AGENT}/{seen.line}/move", {**seen.body, "to": to})
    except Problem as refused:
        return await _refused(request, seen, refused, form)
    moved = Entry.told(told["appointment"])
    its = Seen(seen.line, moved.uid, moved.begins.isoformat())
    return RedirectResponse(its.address(said="moved"), 303)


async def ask_before_cancelling(request: Request) -> Response:
    """Ask whether one is really to be cancelled."""
    seen = Seen.read(request, request.query_params)
    entry = await _entry(request, seen)
    return render(request, "appointments/cancel.html", seen=seen, its=entry, when=_when(entry))


async def cancel(request: Request) -> Response:
    """Cancel one, after the operator has been asked."""
    form = await checked_form(request)
    seen = Seen.read(request, form)
    try:
        await desk_of(request).agent.post(f"{AGENT}/{seen.line}/cancel", seen.body)
    except Problem as refused:
        return await _refused(request, seen, refused, form)
    day = datetime.fromisoformat(seen.begins).date()
    return RedirectResponse(f"{_week(seen.line, day)}&said=cancelled", 303)


async def _refused(request: Request, seen: Seen, refused: Problem, form: FormData) -> Response:
    """Show the appointment as it is now below the agent's sentence."""
    try:
        return await _details(request, seen, refused, typed=str(form.get("to", "")), day=str(form.get("day", "")))
    except Problem as error:
        raise refused if error.status != CONFLICT else error from None


async def _details(
    request: Request, seen: Seen, refused: Problem | None = None, *, typed: str = "", day: str = ""
) -> Response:
    entry = await _entry(request, seen)
    wanted = _day(day or request.query_params.get("day", ""), entry.begins.date())
    free, closed, no_times = await _free(request, seen, entry, wanted) if entry.ours else ([], "", "")
    return render(
        request,
        "appointments/one.html",
        refused.status if refused else 200,
        problem=refused.sentence if refused else "",
        seen=seen,
        its=entry,
        when=_when(entry),
        agreed=spoken_moment(entry.agreed) if entry.agreed else "",
        day=wanted,
        on=spoken_day(wanted),
        free=free,
        closed=closed,
        no_times=no_times,
        typed=typed if len(typed) == len("2026-11-30T09:30") else f"{entry.begins:%Y-%m-%dT%H:%M}",
        week=_week(seen.line, entry.begins.date()),
        said={"moved": "The appointment is moved."}.get(request.query_params.get("said", ""), ""),
    )


async def _entry(request: Request, seen: Seen) -> Entry:
    """Return the appointment as it is now.

    Raises:
        Problem: 409, it is not there any more.
    """
    begins = datetime.fromisoformat(seen.begins)
    until = (begins + timedelta(minutes=1)).isoformat()
    told = await desk_of(request).agent.get(f"{AGENT}/{seen.line}", **{"from": seen.begins, "to": until})
    for its in map(Entry.told, told["appointments"]):
        if its.uid == seen.uid and its.begins.replace(tzinfo=None) == begins.replace(tzinfo=None):
            return its
    raise Problem(CONFLICT, GONE)


async def _free(request: Request, seen: Seen, entry: Entry, day: date) -> tuple[list[datetime], str, str]:
    """Return the free times of a day, why the line is closed on it, and what the agent says if it cannot tell them."""
    asked = {"uid": seen.uid, "begins": seen.begins, "version": entry.version, "day": day.isoformat()}
    try:
        told = await desk_of(request).agent.get(f"{AGENT}/{seen.line}/free", **asked)
    except Problem as refused:
        return [], "", refused.sentence
    return [datetime.fromisoformat(it) for it in told["free"]], str(told["closed"] or ""), ""


def _checked(line: str) -> str:
    """Return the name of a line, which becomes part of an address at the agent."""
    if not LINE.fullmatch(line):
        raise Problem(404, f"There is no line {line!r}.")
    return line


def _when(entry: Entry) -> str:
    return f"{spoken_day(entry.begins.date())}, {entry.times}"


def _short(day: date) -> str:
    return f"{day:%a} {day.day} {day:%b}"


def _day(text: str, otherwise: date) -> date:
    try:
        day = date.fromisoformat(text) if text else otherwise
    except ValueError:
        raise Problem(400, "The address has no date such as 2026-11-30.") from None
    if day.year not in YEARS:
        raise Problem(400, "There is no calendar for that year.")
    return day


def _week(line: str, day: date | None) -> str:
    return f"/appointments?{urlencode({'line': line, **({'week': day.isoformat()} if day else {})})}"
