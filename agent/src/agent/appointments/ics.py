"""Appointments as iCalendar has them (RFC 5545), for CalDAV servers and for the feed."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr
from icalendar import Calendar, Event

from agent.appointments.appointment import Appointment
from agent.calendar.hours import Interval

PRODUCT = "-//Landline//appointments//EN"
LINE, KIND, NAME, NUMBER = "X-LANDLINE-LINE", "X-LANDLINE-KIND", "X-LANDLINE-NAME", "X-LANDLINE-NUMBER"
NOTE, AGREED = "X-LANDLINE-NOTE", "X-LANDLINE-AGREED"
MOMENT = "%Y%m%dT%H%M%SZ"  # in UTC
MOST_REPETITIONS = 5000


def written(appointments: Iterable[Appointment], line: str, called: dict[str, str]) -> bytes:
    """Return a calendar with these appointments; `called` has what each kind is called."""
    calendar = _new_calendar()
    calendar.add("x-wr-calname", line)
    for appointment in appointments:
        calendar.add_component(_event(appointment, line, called.get(appointment.kind) or appointment.kind))
    return bytes(calendar.to_ical())


def with_times_of(moved: Appointment, text: str) -> bytes:
    """Return the calendar in which this appointment's event has these times, and is otherwise as it was."""
    calendar = Calendar.from_ical(text)
    event: Any
    for event in calendar.walk("VEVENT"):
        if str(event.get("UID")) == moved.uid:
            for name in ("DTSTART", "DTEND", "DURATION", AGREED):
                event.pop(name, None)
            _add_times(event, moved)
            event["SEQUENCE"] = int(event.get("SEQUENCE", 0)) + 1
    return bytes(calendar.to_ical())


def read(text: str, line: str, zone: ZoneInfo, within: Interval, address: str, version: str) -> Iterator[Appointment]:
    """Return what takes time in a calendar between two moments: appointments of this line, and entries of the owner's.

    Raises:
        ValueError: this is no calendar.
    """
    events: list[Any] = [event for event in Calendar.from_ical(text).walk("VEVENT") if _takes_time(event)]
    replaced = {_moment(event["RECURRENCE-ID"].dt, zone) for event in events if "RECURRENCE-ID" in event}
    for event in events:
        for its in _occurrences(event, zone, within, replaced):
            if its.begins.timestamp() < within.ends.timestamp() and its.ends.timestamp() > within.begins.timestamp():
                yield _appointment(event, its, line, address, version)


def _new_calendar() -> Calendar:
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    return calendar


def _event(its: Appointment, line: str, called: str) -> Event:
    event = Event()
    event.add("uid", its.uid)
    event.add("dtstamp", datetime.now(UTC))
    _add_times(event, its)
    event.add("summary", f"{called}: {its.name}")
    event.add("description", "\n".join(filter(None, (its.number, its.note))))
    event.add("categories", [its.kind])
    for name, value in ((LINE, line), (KIND, its.kind), (NAME, its.name), (NUMBER, its.number), (NOTE, its.note)):
        event.add(name, value)
    return event


def _add_times(event: Any, its: Appointment) -> None:
    event.add("dtstart", its.begins.astimezone(UTC))
    event.add("dtend", its.ends.astimezone(UTC))
    if its.agreed:
        event.add(AGREED, its.agreed.astimezone(UTC).strftime(MOMENT))


def _appointment(event: Any, its: Interval, line: str, address: str, version: str) -> Appointment:
    ours = str(event.get(LINE, "")) == line and "RRULE" not in event
    return Appointment(
        kind=str(event.get(KIND, "")) if ours else "",
        begins=its.begins,
        ends=its.ends,
        name=str(event.get(NAME, "")),
        number=str(event.get(NUMBER, "")) if ours else "",
        note=str(event.get(NOTE, "")),
        uid=str(event.get("UID", "")),
        whole_day=not isinstance(event["DTSTART"].dt, datetime),
        version=version,
        address=address,
        agreed=_agreed(str(event.get(AGREED, ""))),
    )


def _agreed(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, MOMENT).replace(tzinfo=UTC)
    except ValueError:
        return None


def _takes_time(event: Any) -> bool:
    free = str(event.get("TRANSP", "OPAQUE")).upper() == "TRANSPARENT"
    return "DTSTART" in event and not free and str(event.get("STATUS", "")).upper() != "CANCELLED"


def _occurrences(event: Any, zone: ZoneInfo, within: Interval, replaced: set[datetime]) -> Iterator[Interval]:
    """Return the times of an event; a server that was asked to has worked out those of one that is repeated."""
    start = event["DTSTART"].dt
    begins, lasts = _moment(start, zone), _length(event)
    if "RRULE" not in event:
        yield Interval(begins, (begins.astimezone(UTC) + lasts).astimezone(zone))
        return
    own_zone = start.tzinfo if isinstance(start, datetime) and start.tzinfo else zone
    clock = start.replace(tzinfo=None) if isinstance(start, datetime) else datetime.combine(start, time())
    rule = event["RRULE"]
    if until := rule.get("UNTIL"):  # the library wants it in the same form as the beginning
        last = until[0]
        last = last.astimezone(own_zone).replace(tzinfo=None) if isinstance(last, datetime) and last.tzinfo else last
        rule["UNTIL"] = [last if isinstance(last, datetime) else datetime.combine(last, time(23, 59))]
    left_out = {_moment(it.dt, zone) for dates in _listed(event.get("EXDATE")) for it in dates.dts} | replaced
    from_ = (within.begins.astimezone(own_zone) - lasts).replace(tzinfo=None) - timedelta(days=1)
    to = within.ends.astimezone(own_zone).replace(tzinfo=None) + timedelta(days=1)
    repeated = rrulestr(rule.to_ical().decode(), dtstart=clock)
    for count, at in enumerate(repeated.xafter(from_, inc=True)):
        if at > to or count > MOST_REPETITIONS:
            return
        moment = _moment(at.replace(tzinfo=own_zone), zone)
        if moment not in left_out:
            yield Interval(moment, (moment.astimezone(UTC) + lasts).astimezone(zone))


def _length(event: Any) -> timedelta:
    start = event["DTSTART"].dt
    if "DURATION" in event:
        return event["DURATION"].dt  # type: ignore[no-any-return]
    if "DTEND" not in event:
        return timedelta() if isinstance(start, datetime) else timedelta(days=1)
    end = event["DTEND"].dt
    if isinstance(start, datetime) and start.tzinfo and end.tzinfo:
        start, end = start.astimezone(UTC), end.astimezone(UTC)
    return end - start  # type: ignore[no-any-return]


def _moment(value: date, zone: ZoneInfo) -> datetime:
    """Return a moment in the line's zone; a time without a zone is what the clock shows there."""
    if not isinstance(value, datetime):
        return datetime.combine(value, time(), zone)
    return value.astimezone(zone) if value.tzinfo else value.replace(tzinfo=zone)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value] if value else []
