"""Which calls a page of the list shows: the search as SQL, and the place where the next page begins."""

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Self
from zoneinfo import ZoneInfo

from desk.places import LINE
from desk.records.name import RECORD, CallName
from desk.records.words import asked_for

PAGE = 50  # calls
COLUMNS = (
    "line, record, began, seconds, caller, name, dialled, direction, came_by, kept, rejected, outcome, summary, "
    "messages, transfers, cost, currency, draft, problem"
)


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for; what is empty does not matter."""

    text: str = ""  # words of the call, a name or a number
    line: str = ""
    outcome: str = ""
    came_by: str = ""  # phone or browser
    kept: str = ""  # yes or no
    rejected: str = ""  # yes or no
    since: date | None = None  # the first and the last day, in the line's time zone
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One call in the list."""

    name: CallName
    began: datetime
    seconds: float
    caller: str
    caller_name: str
    dialled: str
    direction: str
    came_by: str
    kept: int  # 1 or 0
    rejected: str
    outcome: str
    summary: str
    messages: int
    transfers: int
    cost: float | None
    currency: str
    draft: str
    problem: str


@dataclass(frozen=True, slots=True)
class Page:
    """A part of the list, the newest call first; `older` and `newer` say where the pages beside it begin, or are ""."""

    rows: list[Row] = field(default_factory=list)
    older: str = ""
    newer: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins: with the first call after this one, towards the older or the newer ones."""

    record: str
    line: str
    towards: str  # older or newer

    @classmethod
    def read(cls, written: str) -> Self | None:
        """Read what `written` has returned; None if it is something else."""
        found = re.fullmatch(rf"(older|newer)\.({RECORD.pattern})\.({LINE.pattern})", written)
        return cls(found[2], found[5], found[1]) if found else None

    def written(self) -> str:
        return f"{self.towards}.{self.record}.{self.line}"


def select(search: Search, zones: dict[str, ZoneInfo], place: Place | None, limit: int) -> tuple[str, list[Any]]:
    """Return the SQL that finds at most `limit` calls, and its values.

    `zones` has every line of which there are calls, since a day begins at another moment in each time zone.
    """
    conditions, values = _conditions(search, zones, place)
    order = "DESC"
    if place:
        order = "DESC" if place.towards == "older" else "ASC"
        conditions.append(f"(record, line) {'<' if order == 'DESC' else '>'} (?, ?)")
        values += [place.record, place.line]
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return (
        f"SELECT {COLUMNS} FROM calls{where} ORDER BY record {order}, line {order} LIMIT ?",  # noqa: S608
        [*values, limit],
    )


def _conditions(search: Search, zones: dict[str, ZoneInfo], place: Place | None) -> tuple[list[str], list[Any]]:
    conditions: list[str] = []
    values: list[Any] = []
    for column, value in (("line", search.line), ("outcome", search.outcome), ("came_by", search.came_by)):
        if value:
            conditions.append(f"{column} = ?")
            values.append(value)
    if search.kept:
        conditions.append("kept = ?")
        values.append(int(search.kept == "yes"))
    if search.rejected:
        conditions.append("rejected <> ''" if search.rejected == "yes" else "rejected = ''")
    for more, given in (_days(search, zones, place), _text(search.text)):
        conditions += more
        values += given
    return conditions, values


def _text(typed: str) -> tuple[list[str], list[Any]]:
    """Find every number and every word; a word may be the beginning of a longer one."""
    numbers, words = asked_for(typed)
    conditions: list[str] = []
    values: list[Any] = []
    if typed.strip() and not numbers and not words:
        return ["0"], []
    for number in numbers:
        conditions.append(
            "(id IN (SELECT rowid FROM numbers WHERE digits MATCH ?)"
            " OR id IN (SELECT rowid FROM words WHERE said MATCH ?))"
        )
        values += [f'"{number}"', f'"{number}"*']
    if words:
        conditions.append("id IN (SELECT rowid FROM words WHERE said MATCH ?)")
        values.append(" ".join(f'"{word}"*' for word in words))
    return conditions, values


def _days(search: Search, zones: dict[str, ZoneInfo], place: Place | None) -> tuple[list[str], list[Any]]:
    """Limit the calls to days, each line's in its own time zone; records are named after the time in UTC.

    The database begins to read at one of these limits, so they are not wider than where the page begins.
    """
    if not search.since and not search.until:
        return [], []
    lines = {search.line: zones.get(search.line, UTC)} if search.line else dict(zones)
    bounds = {line: (_start(search.since, zone), _end(search.until, zone)) for line, zone in lines.items()}
    if not bounds:
        return ["0"], []
    least, most = min(first for first, _ in bounds.values()), max(last for _, last in bounds.values())
    if place and place.towards == "older":
        most = min(most, f"{place.record}~")
    elif place:
        least = max(least, place.record)
    conditions, values = ["record >= ? AND record < ?"], [least, most]
    if len(set(bounds.values())) > 1:
        conditions.append(f"({' OR '.join('(line = ? AND record >= ? AND record < ?)' for _ in bounds)})")
        values += [value for line, (first, last) in bounds.items() for value in (line, first, last)]
    return conditions, values


def _start(day: date | None, zone: Any) -> str:
    return _record_at(datetime.combine(day, time(), zone)) if day else "0"


def _end(day: date | None, zone: Any) -> str:
    return _record_at(datetime.combine(day + timedelta(days=1), time(), zone)) if day and day < date.max else "~"


def _record_at(moment: datetime) -> str:
    """Return what sorts before the records of calls that began then or later, and after all others."""
    try:
        utc = moment.astimezone(UTC)
        return f"{utc.date()}_{utc:%H%M%S}"  # %Y would write the year 33 with two digits
    except OverflowError:  # the first or the last days of the calendar
        return "0" if moment.year < 1000 else "~"
