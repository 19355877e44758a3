"""What callers say of days and times is understood against the call's own clock, in every language."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from agent.calendar.expressions import Expression, NotUnderstoodError, understand
from tests.unit.agent.calendar.expressions import TOLD

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 27, 10, 0, tzinfo=BERLIN)  # a Friday
ROWS = [(language, *row) for language, rows in TOLD.items() for row in rows]


def written(expression: Expression) -> tuple[str, str]:
    """An expression as the table has it."""
    days = [day for day in (expression.first, expression.last) if day]
    texts = [day.isoformat().removeprefix("2026-") for day in days]
    times = [_clock(minutes) for minutes in expression.times]
    if expression.window:
        times = ["-".join(map(_clock, expression.window))]
    return " ".join(dict.fromkeys(texts)), " ".join(times)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def test_there_are_sixty_expressions_or_more() -> None:
    assert len(ROWS) >= 60


@pytest.mark.parametrize(("language", "said", "day", "times"), ROWS)
def test_it_is_understood_as_it_is_meant(language: str, said: str, day: str, times: str) -> None:
    assert written(understand(said, language, NOW)) == (day, times)


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("this Friday", "2026-11-27"),
        ("Friday", "2026-12-04"),  # on a Friday, people say today for today
        ("the weekend", "2026-11-28 2026-11-29"),
        ("next month", "2026-12-01 2026-12-31"),
        ("in January", "2027-01-01 2027-01-31"),
        ("the 26th", "2026-12-26"),
        ("the 29th of February 2028", "2028-02-29"),
        ("the third", "2026-12-03"),
        ("two weeks from tomorrow", "2026-12-12"),
        ("in a month", "2026-12-27"),
        ("in a fortnight", "2026-12-11"),
    ],
)
def test_other_days(said: str, day: str) -> None:
    found = understand(said, "en", NOW)
    assert " ".join(dict.fromkeys(str(it) for it in (found.first, found.last))) == day


def test_a_day_from_which_on_any_will_do_has_no_last_day() -> None:
    assert understand("from Monday on", "en", NOW).first == datetime(2026, 11, 30, tzinfo=BERLIN).date()
    assert understand("from Monday on", "en", NOW).last is None
    for said in ("", "as soon as possible"):
        assert understand(said, "en", NOW) == Expression(first=NOW.date())


@pytest.mark.parametrize(
    ("said", "language", "minutes"),
    [("in two hours", "en", 120), ("in zehn Minuten", "de", 10), ("dans deux heures", "fr", 120)],
)
def test_hours_and_minutes_from_now_are_a_moment(said: str, language: str, minutes: int) -> None:
    assert understand(said, language, NOW).moment == NOW + timedelta(minutes=minutes)


def test_hours_from_now_are_hours_also_while_the_clocks_change() -> None:
    before = datetime(2027, 3, 28, 1, 30, tzinfo=BERLIN)  # half an hour before two o'clock becomes three
    moment = understand("in two hours", "en", before).moment
    assert moment
    assert (moment.timestamp() - before.timestamp(), f"{moment:%H:%M}") == (7200, "04:30")


@pytest.mark.parametrize(("region", "day"), [("US", "2026-12-04"), ("GB", "2027-04-12")])
def test_a_date_in_figures_is_read_as_the_country_writes_it(region: str, day: str) -> None:
    assert str(understand("12/4", "en", NOW, region).first) == day


@pytest.mark.parametrize(
    ("said", "about"),
    [
        ("a haircut with Anna", "No day and no time"),
        ("Friday the fifth of December", "2026-12-05 is a Saturday"),
        ("the 31st of November", "no day 31"),
        ("tomorrow at 27:00", "no time 27:00"),
        ("between 30 and 40 people", "No day and no time"),
        ("for 45 people", "No day and no time"),
        ("in 9999999999 days", "no such day"),
        ("in 99999999999999 hours", "no such day"),
        ("in 200000 months", "no such day"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_to_ask(said: str, about: str) -> None:
    with pytest.raises(NotUnderstoodError, match=about):
        understand(said, "en", NOW)


def test_words_that_say_no_time_do_not_disturb_it() -> None:
    assert written(understand("a table for four people tomorrow at eight", "en", NOW)) == ("11-28", "08:00 20:00")
    assert written(understand("the one on Monday at nine", "en", NOW)) == ("11-30", "09:00 21:00")
