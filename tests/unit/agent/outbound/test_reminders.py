"""Which appointments somebody is to be reminded of."""

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
    assert due.about == "table, on Friday, 27 November 2026, at 18:00"
    assert ANNA not in repr(due)


async def test_one_that_is_moved_is_another_one(book: Embedded, tmp_path: Path) -> None:
    its = appointment(5)
    await book.add(its)
    [before] = await reminders(book, tmp_path).due(NOW)
    [kept] = await book.between(its.begins, its.ends)
    await book.move(kept, its.begins + timedelta(hours=1), its.ends + timedelta(hours=1))
    [after] = await reminders(book, tmp_path).due(NOW)
    assert before.id != after.id
    assert await reminders(book, tmp_path).due(NOW) == [after]


def test_a_line_without_appointments_has_no_reminders() -> None:
    assert reminders_of(line()) is None
