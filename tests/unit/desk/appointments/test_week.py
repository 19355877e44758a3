"""A week as it is laid out: every entry is on its days, and no hour that is needed is missing."""

from __future__ import annotations

from datetime import date
from typing import Any

from desk.appointments.week import Entry, days_of_week, hours_of, lay_out

MONDAY = date(2026, 11, 30)
WEEK = days_of_week(MONDAY)


def entry(begins: str, ends: str, uid: str = "a", *, whole_day: bool = False, **changes: Any) -> Entry:
    """An entry in Berlin, in winter."""
    given: dict[str, Any] = {
        "uid": uid,
        "version": "",
        "ours": True,
        "called": "a haircut",
        "begins": f"{begins}+01:00",
        "ends": f"{ends}+01:00",
        "whole_day": whole_day,
        "name": "Anna",
        "number": "+493012345",
        "note": "",
        "agreed": None,
    }
    return Entry.told(given | changes)


def where(*entries: Entry) -> list[tuple[str, list[str], list[str]]]:
    """The days on which there is something: their weekday, what is above the hours, what is in them."""
    days = lay_out(WEEK, entries, {}, MONDAY)
    return [(f"{it.date:%a}", [e.uid for e in it.whole], [e.uid for e in it.timed]) for it in days if it.entries]


def test_a_week_begins_on_monday_whatever_day_is_asked_for() -> None:
    assert [days_of_week(day) for day in (MONDAY, date(2026, 12, 2), date(2026, 12, 6))] == [WEEK] * 3
    assert (WEEK[0], WEEK[6]) == (MONDAY, date(2026, 12, 6))


def test_an_appointment_is_in_the_hour_in_which_it_begins() -> None:
    [monday, *_] = lay_out(WEEK, [entry("2026-11-30T09:30", "2026-11-30T10:00")], {}, MONDAY)
    assert [[it.uid for it in monday.within(hour)] for hour in (8, 9, 10)] == [[], ["a"], []]
    assert monday.is_today


def test_one_that_ends_in_the_night_is_on_its_first_day_alone() -> None:
    its = entry("2026-12-04T23:00", "2026-12-05T01:00")
    assert where(its) == [("Fri", [], ["a"])]
    assert its.times == "23:00\N{EN DASH}Sat 01:00"
    assert entry("2026-12-04T23:00", "2026-12-05T00:00").times == "23:00\N{EN DASH}00:00"


def test_what_takes_whole_days_is_above_the_hours_of_each() -> None:
    assert where(entry("2026-12-01T00:00", "2026-12-03T00:00", whole_day=True)) == [
        ("Tue", ["a"], []),
        ("Wed", ["a"], []),
    ]
    assert where(entry("2026-11-20T00:00", "2026-12-24T00:00", whole_day=True))[0] == ("Mon", ["a"], [])
    assert where(entry("2026-12-01T15:00", "2026-12-03T11:00")) == [
        ("Tue", [], ["a"]),
        ("Wed", ["a"], []),
        ("Thu", ["a"], []),
    ]


def test_every_hour_that_is_needed_is_shown() -> None:
    early, late = entry("2026-12-01T05:45", "2026-12-01T06:00"), entry("2026-12-06T23:59", "2026-12-07T00:30", "b")
    assert hours_of(lay_out(WEEK, [], {}, MONDAY)) == range(9, 18)
    assert hours_of(lay_out(WEEK, [early, late], {}, MONDAY)) == range(5, 24)


def test_a_day_that_is_closed_says_why() -> None:
    days = lay_out(days_of_week(date(2026, 12, 25)), [], {"2026-12-25": "Christmas Day"}, MONDAY)
    assert [it.closed for it in days] == ["", "", "", "", "Christmas Day", "", ""]
    assert not any(it.is_today for it in days)


def test_who_it_is_is_in_no_log() -> None:
    assert not any(word in repr(entry("2026-11-30T09:30", "2026-11-30T10:00")) for word in ("Anna", "+4930"))
