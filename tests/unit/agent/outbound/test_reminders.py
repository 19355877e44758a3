"""Which appointments somebody is to be reminded of."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from agent.appointments.appointment import Appointment
from agent.appointments.desk import Desk
from agent.appointments.embedded import Embedded
from agent.outbound.reminders import AppointmentReminders, reminders_of
from tests.unit.agent.fakes import line

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 26, 18, 0, tzinfo=UTC)
ANNA = "+491711234567"


@pytest.fixture
def book(tmp_path: Path) -> Embedded:
    return Embedded(tmp_path / "coffee.db", "Europe/Berlin")


def reminders(book: Embedded, tmp_path: Path) -> AppointmentReminders:
    its = line(remind_before=24, timezone="Europe/Berlin")
    return AppointmentReminders(its, Desk(its, book, tmp_path / "lock"))


def appointment(hours: float, kind: str = "table", number: str = ANNA, name: str = "Anna") -> Appointment:
    begins = NOW.astimezone(BERLIN) + timedelta(hours=hours)
    return Appointment(kind, begins, begins + timedelta(hours=1), name, number)


async def test_those_that_begin_within_the_hours_are_due(book: Embedded, tmp_path: Path) -> None:
    wanted = appointment(23)
    for its in (appointment(-0.5), wanted, appointment(25), appointment(3, number=""), appointment(4, name="")):
        await book.add(its)
    [due] = await reminders(book, tmp_path).due(NOW)
    assert (due.number, due.name, due.until.timestamp()) == (ANNA, "Anna", wanted.begins.timestamp())
    assert due.purpose == "I am calling to remind you of table on Friday, the 27th of November, at 6 PM. Will you come?"
    assert ANNA not in repr(due)


async def test_one_that_is_moved_is_another_one(book: Embedded, tmp_path: Path) -> None:
    its = appointment(5)
    await book.add(its)
    [before] = await reminders(book, tmp_path).due(NOW)
    [kept] = await book.between(its.begins, its.ends)
    await book.move(kept, replace(kept, begins=its.begins + timedelta(hours=1), ends=its.ends + timedelta(hours=1)))
    [after] = await reminders(book, tmp_path).due(NOW)
    assert before.id != after.id
    assert await reminders(book, tmp_path).due(NOW) == [after]


MONDAY_MORNING = datetime(2026, 11, 30, 8, 30, tzinfo=BERLIN)


async def called_at(book: Embedded, tmp_path: Path, remind_before: int, *moments: str) -> list[str]:
    """At which of these moments, of the clock in Berlin, a reminder is due."""
    its = line(remind_before=remind_before, timezone="Europe/Berlin")
    source = AppointmentReminders(its, Desk(its, book, tmp_path / "lock"))
    clocks = {text: datetime.fromisoformat(text).replace(tzinfo=BERLIN) for text in moments}
    return [text for text, moment in clocks.items() if await source.due(moment)]


async def booked(book: Embedded, begins: datetime, agreed: datetime | None = None) -> None:
    await book.add(Appointment("table", begins, begins + timedelta(hours=1), "Anna", ANNA, agreed=agreed))


async def test_one_whose_time_is_quiet_is_due_when_the_quiet_time_ends(book: Embedded, tmp_path: Path) -> None:
    await booked(book, datetime(2026, 11, 26, 8, 30, tzinfo=BERLIN))  # a Thursday
    moments = ("2026-11-25 08:29", "2026-11-25 08:59", "2026-11-25 09:00", "2026-11-26 08:29", "2026-11-26 08:30")
    assert await called_at(book, tmp_path, 24, *moments) == ["2026-11-25 09:00", "2026-11-26 08:29"]


async def test_one_without_a_time_after_that_is_due_at_the_end_of_the_last_time_before(
    book: Embedded, tmp_path: Path
) -> None:
    await booked(book, MONDAY_MORNING)  # Sunday is a quiet day, and so is Monday until nine
    moments = ("2026-11-27 19:55", "2026-11-28 19:49", "2026-11-28 19:50", "2026-11-28 19:59")
    assert await called_at(book, tmp_path, 2, *moments) == ["2026-11-28 19:50", "2026-11-28 19:59"]


async def test_if_that_has_passed_it_is_due_when_the_call_is_refused_so_that_the_log_says_why(
    book: Embedded, tmp_path: Path
) -> None:
    await booked(book, MONDAY_MORNING, agreed=datetime(2026, 11, 28, 19, 30, tzinfo=BERLIN))
    moments = ("2026-11-28 19:50", "2026-11-29 12:00", "2026-11-30 06:29", "2026-11-30 06:30")
    assert await called_at(book, tmp_path, 2, *moments) == ["2026-11-30 06:30"]


@pytest.mark.parametrize(
    ("agreed", "due"),
    [
        (timedelta(hours=26), True),
        (timedelta(hours=25), True),  # an hour before the reminder
        (timedelta(hours=24, minutes=59), False),
        (timedelta(hours=3), False),
    ],
)
async def test_whoever_has_just_agreed_to_the_time_is_not_reminded_of_it(
    book: Embedded, tmp_path: Path, agreed: timedelta, due: bool
) -> None:
    begins = datetime(2026, 11, 26, 18, 0, tzinfo=BERLIN)
    await booked(book, begins, begins - agreed)
    assert await called_at(book, tmp_path, 24, "2026-11-26 12:00") == (["2026-11-26 12:00"] if due else [])


def test_a_line_without_appointments_has_no_reminders() -> None:
    assert reminders_of(line()) is None
