"""When a business is open: by weekday, over midnight, on days off and holidays, and when the clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from agent.calendar.hours import OpeningHours
from agent.lines.hours import Hours, Week

BERLIN = ZoneInfo("Europe/Berlin")
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")


def hours(own: Week | None = None, timezone: str = "Europe/Berlin", **settings: Any) -> OpeningHours:
    return OpeningHours(Hours.model_validate(settings), timezone, own)


def at(text: str, zone: ZoneInfo = BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def written(opening: OpeningHours, day: str) -> list[str]:
    return [f"{it.begins:%a %H:%M}-{it.ends:%a %H:%M}" for it in opening.of_day(date.fromisoformat(day))]


WEEK: dict[str, Any] = {day: ["09:00-12:30", "14:00-18:00"] for day in DAYS} | {"saturday": ["18:00-02:00"]}


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-11-27 08:59", False),
        ("2026-11-27 09:00", True),
        ("2026-11-27 12:30", False),  # the end is not part of it
        ("2026-11-27 13:00", False),
        ("2026-11-27 17:59", True),
        ("2026-11-28 23:30", True),
        ("2026-11-29 01:59", True),  # Saturday's hours end on Sunday
        ("2026-11-29 02:00", False),
        ("2026-11-29 18:30", False),
    ],
)
def test_it_is_open_within_its_spans(moment: str, is_open: bool) -> None:
    assert hours(**WEEK).is_open(at(moment)) is is_open


def test_the_same_moment_in_another_zone_is_the_same() -> None:
    assert hours(**WEEK).is_open(datetime(2026, 11, 27, 8, 0, tzinfo=UTC))
    assert not hours(**WEEK).is_open(datetime(2026, 11, 27, 7, 59, tzinfo=UTC))


def test_the_next_opening_is_the_next_beginning_of_a_span() -> None:
    opening = hours(**WEEK)
    assert opening.next_opening(at("2026-11-27 10:00")) == at("2026-11-27 14:00")
    assert opening.next_opening(at("2026-11-27 19:00")) == at("2026-11-28 18:00")
    assert opening.next_opening(at("2026-11-29 01:00")) == at("2026-11-30 09:00")
    assert hours().next_opening(at("2026-11-27 10:00")) is None


def test_it_closes_at_the_end_of_the_last_span_without_a_gap() -> None:
    whole: dict[str, Any] = {day: ["00:00-24:00"] for day in ("friday", "saturday")}
    assert hours(**whole).closing(at("2026-11-27 10:00")) == at("2026-11-29 00:00")
    assert hours(**WEEK).closing(at("2026-11-27 10:00")) == at("2026-11-27 12:30")
    assert hours(**WEEK).closing(at("2026-11-27 13:00")) is None


def test_days_off_are_closed_by_date_by_range_and_every_year() -> None:
    opening = hours(**WEEK, days_off=["2026-12-07", "2026-12-14..2026-12-16", "12-24..01-01"])
    closed = [day for day in range(1, 32) if not opening.of_day(date(2026, 12, day))]
    assert closed == [6, 7, 13, 14, 15, 16, 20, 24, 25, 26, 27, 28, 29, 30, 31]
    assert opening.why_closed(date(2026, 12, 14)) == "day off"
    assert not opening.of_day(date(2030, 1, 1))
    assert opening.of_day(date(2030, 1, 2))


def test_a_regions_public_holidays_are_closed_and_named() -> None:
    given = Hours(**WEEK, holidays="DE-BY")
    bavaria, germany = OpeningHours(given, "Europe/Berlin", language="de"), hours(**WEEK, holidays="DE")
    epiphany = date(2027, 1, 6)  # a Wednesday, and a holiday in Bavaria alone
    assert (bavaria.of_day(epiphany), bool(germany.of_day(epiphany))) == ([], True)
    assert bavaria.why_closed(epiphany) == "Heilige Drei Könige"
    assert OpeningHours(given, "Europe/Berlin", language="en").why_closed(epiphany) == "Epiphany"
    assert OpeningHours(given, "Europe/Berlin", language="fr").why_closed(epiphany) == "Heilige Drei Könige"
    assert bavaria.why_closed(date(2027, 1, 7)) is None


def test_special_hours_come_before_days_off_and_holidays() -> None:
    opening = hours(**WEEK, holidays="DE", days_off=["2026-12-24"], special={"12-24": ["09:00-12:00"], "12-28": []})
    assert written(opening, "2026-12-24") == ["Thu 09:00-Thu 12:00"]
    assert written(opening, "2026-12-25") == []
    assert written(opening, "2026-12-28") == []


def test_own_hours_replace_the_weekdays_and_keep_the_days_off() -> None:
    own = Week(thursday=["10:00-16:00"])
    opening = hours(own, **WEEK, days_off=["2026-12-10"], special={"2026-12-24": ["09:00-12:00"]})
    assert written(opening, "2026-12-03") == ["Thu 10:00-Thu 16:00"]
    assert written(opening, "2026-12-04") == []
    assert written(opening, "2026-12-10") == []
    assert written(opening, "2026-12-24") == ["Thu 10:00-Thu 12:00"]  # what both have


def test_hours_that_are_not_known_are_never_closed() -> None:
    assert not hours().is_known
    assert hours().is_open(at("2026-11-27 03:00"))


@pytest.mark.parametrize(
    ("day", "zone", "span", "lasts"),
    [
        ("2026-03-29", "Europe/Berlin", "00:00-24:00", 23),  # the clocks go forward
        ("2026-10-25", "Europe/Berlin", "00:00-24:00", 25),
        ("2026-03-28", "Europe/Berlin", "22:00-04:00", 5),  # over the night in which they do
        ("2026-10-24", "Europe/Berlin", "22:00-04:00", 7),
        ("2026-10-25", "Europe/Berlin", "09:00-17:00", 8),
        ("2026-11-01", "America/New_York", "00:00-24:00", 25),
        ("2026-11-01", "Asia/Kolkata", "00:00-24:00", 24),
    ],
)
def test_a_day_has_its_hours_when_the_clocks_change(day: str, zone: str, span: str, lasts: int) -> None:
    weekday = f"{date.fromisoformat(day):%A}".lower()
    week: dict[str, Any] = {weekday: [span]}
    [interval] = hours(timezone=zone, **week).of_day(date.fromisoformat(day))
    assert interval.ends.timestamp() - interval.begins.timestamp() == lasts * 3600


def test_it_is_open_through_both_of_the_hours_that_the_clock_shows_twice() -> None:
    opening = hours(sunday=["02:00-03:00"])
    first = datetime(2026, 10, 25, 0, 0, tzinfo=UTC)  # 2:00 for the first time
    assert [opening.is_open(first + timedelta(minutes=30) + timedelta(hours=it)) for it in (-1, 0, 1, 2)] == [
        False,
        True,
        True,
        False,
    ]
