"""Reminders are called once each, within the hours in which people are called."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from agent.lines.folder import LinesFolder
from agent.lines.line import Line
from agent.outbound.orders import Orders, RefusedError
from agent.outbound.reminders import Reminder
from agent.outbound.rules import Refusal
from agent.worker import remind as module
from agent.worker.place_calls import Placer, Wanted
from agent.worker.remind import ReminderCalls
from tests.unit.agent.fakes import host
from tests.unit.agent.lines.test_folder import make

ANNA, BEN = "+12025550123", "+12025550124"
ON = "[outbound]\nenabled = true\nremind_before = 24\n"
ALWAYS = 'prefixes = ["+1"]\nquiet_from = "00:00"\nquiet_until = "00:00"\nquiet_days = []\n'


class Book:
    """Somebody who keeps appointments."""

    def __init__(self, *reminders: Reminder) -> None:
        self.reminders, self.error = list(reminders), False

    async def due(self, now: datetime) -> list[Reminder]:
        if self.error:
            raise OSError("scripted")
        return self.reminders


def reminder(number: str, name: str = "Anna", hours: float = 5) -> Reminder:
    until = datetime.now(UTC) + timedelta(hours=hours)
    return Reminder(f"a-{number}", number, name, "I am calling to remind you of a table for two at seven.", until)


class Calls:
    """What was placed, and what is refused."""

    def __init__(self) -> None:
        self.placed: list[tuple[str, Wanted]] = []
        self.asked = 0
        self.refusal: Refusal | None = None

    async def place(self, wanted: Wanted, line: Line) -> None:
        self.asked += 1
        if self.refusal:
            raise RefusedError(self.refusal)
        self.placed.append((line.name, wanted))


@pytest.fixture
def lines(tmp_path: Path) -> LinesFolder:
    make(tmp_path / "lines", "coffee", ON)
    make(tmp_path / "lines", "dentist", "")
    return LinesFolder(tmp_path / "lines", {}, tmp_path / "kept")


def caller(lines: LinesFolder, book: Book, monkeypatch: pytest.MonkeyPatch) -> tuple[ReminderCalls, Calls]:
    calls = Calls()
    monkeypatch.setattr(module, "Placer", lambda _: calls)
    return ReminderCalls(host(lines_folder=lines.path), lines, lambda _: book), calls


async def test_a_reminder_is_a_call_with_a_key_of_its_own(lines: LinesFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    calling, calls = caller(lines, Book(reminder(ANNA), reminder(BEN, "Ben")), monkeypatch)
    await calling.look()
    assert [(line, wanted.number, wanted.name, wanted.key) for line, wanted in calls.placed] == [
        ("coffee", ANNA, "Anna", f"reminder-a-{ANNA}"),
        ("coffee", BEN, "Ben", f"reminder-a-{BEN}"),
    ]
    assert "a table for two at seven" in calls.placed[0][1].purpose


async def test_a_restart_repeats_no_call(lines: LinesFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (lines.path / "coffee/line.toml").write_text(ON + ALWAYS)
    monkeypatch.setattr(Orders.__init__, "__defaults__", ("UTC", tmp_path))
    dispatched: list[str] = []

    async def dispatch(_: Placer, order: object) -> bool:
        dispatched.append(order.id)  # type: ignore[attr-defined]
        return True

    monkeypatch.setattr(Placer, "_dispatch", dispatch)
    book = Book(reminder(ANNA))
    for _ in range(2):  # workers, one after the other
        calling = ReminderCalls(host(lines_folder=lines.path), lines, lambda _: book)
        for _ in range(3):
            await calling.look()
    assert len(dispatched) == 1


@pytest.mark.parametrize(
    ("reason", "again"), [("quiet_hours", True), ("calls_per_number", True), ("server", True), ("do_not_call", False)]
)
async def test_what_passes_is_tried_again_and_nothing_else(
    lines: LinesFolder, monkeypatch: pytest.MonkeyPatch, reason: str, again: bool, caplog: pytest.LogCaptureFixture
) -> None:
    (lines.path / "coffee/line.toml").write_text(ON + ALWAYS)  # any quiet hours end before the appointment begins
    calling, calls = caller(lines, Book(reminder(ANNA)), monkeypatch)
    calls.refusal = Refusal(reason, "It is not possible.")
    for _ in range(3):
        await calling.look()
    assert calls.asked == (3 if again else 1)
    assert caplog.messages == ([] if again else ["Nobody is reminded of an appointment: It is not possible."])


async def test_a_quiet_time_that_lasts_until_the_appointment_is_in_the_log_once(
    lines: LinesFolder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    now = datetime.now(ZoneInfo("America/New_York"))
    first, last = (f"{now + timedelta(hours=hours):%H:%M}" for hours in (-1, 7))
    (lines.path / "coffee/line.toml").write_text(f'{ON}quiet_from = "{first}"\nquiet_until = "{last}"\n')
    calling, calls = caller(lines, Book(reminder(ANNA)), monkeypatch)
    calls.refusal = Refusal("quiet_hours", "It is night there.")
    for _ in range(3):
        await calling.look()
    assert calls.asked == 1
    assert caplog.messages == ["Nobody is reminded of an appointment: It is night there."]


async def test_nobody_is_reminded_of_what_has_begun(lines: LinesFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    calling, calls = caller(lines, Book(reminder(ANNA, hours=-0.1)), monkeypatch)
    await calling.look()
    assert calls.asked == 0


async def test_lines_that_want_no_reminders_make_none(lines: LinesFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    (lines.path / "coffee/line.toml").write_text("[outbound]\nenabled = true\n")
    (lines.path / "dentist/line.toml").write_text("[outbound]\nremind_before = 24\n")
    calling, calls = caller(lines, Book(reminder(ANNA)), monkeypatch)
    await calling.look()
    assert calls.asked == 0


async def test_appointments_that_cannot_be_read_are_an_error_of_that_look(
    lines: LinesFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = Book(reminder(ANNA))
    calling, calls = caller(lines, book, monkeypatch)
    book.error = True
    with pytest.raises(OSError, match="scripted"):
        await calling.look()
    book.error = False
    await calling.look()
    assert calls.asked == 1
