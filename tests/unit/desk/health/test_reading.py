"""Notes of some days are read, and read anew only where something has changed."""

from __future__ import annotations

import os
import time
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from desk.health import reading
from desk.health.charts import charts_of
from desk.health.figures import Folder, read_folder
from desk.health.reading import Notes
from desk.places import Places
from tests.unit.desk.health.made import note, write

if TYPE_CHECKING:
    from pathlib import Path
    from zoneinfo import ZoneInfo

NOW = datetime(2026, 11, 25, 18, 0, tzinfo=UTC)


@pytest.fixture
def notes(data: Path, lines: Path) -> Notes:
    return Notes(Places(data, lines))


def settle(folder: Path) -> None:
    """Have the folder changed long ago, as far as its time says."""
    os.utime(folder, ns=(1, 1))


def test_every_day_is_there_in_order_and_today_is_the_last(notes: Notes, data: Path) -> None:
    write(data, note())
    write(data, note("2026-11-23T09:00:00+00:00"))
    write(data, note("2026-10-01T09:00:00+00:00"))
    found = notes.read(7, now=NOW)
    assert [day.isoformat() for day in found.days][::6] == ["2026-11-19", "2026-11-25"]
    assert [its.calls.total() for its in found.days.values()] == [0, 0, 0, 0, 1, 0, 1]
    assert found.sum.calls == {"phone": 2}


def test_without_any_note_all_days_are_empty(notes: Notes) -> None:
    found = notes.read(7, now=NOW)
    assert len(found.days) == 7
    assert found.sum.hours.total() == 0
    assert notes.lines() == []


def test_lines_are_told_apart(notes: Notes, data: Path) -> None:
    write(data, note())
    write(data, note(), line="dentist")
    (data / "noted" / "..strange").mkdir()
    assert notes.lines() == ["coffee", "dentist"]
    assert notes.read(7, "dentist", NOW).sum.calls.total() == 1
    assert notes.read(7, "nobody", NOW).sum.calls.total() == 0
    assert notes.read(7, now=NOW).sum.calls.total() == 2


def test_a_folder_is_read_again_only_when_something_in_it_has_changed(
    notes: Notes, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def noted(path: Path, zone: ZoneInfo) -> Folder:
        read.append(path.name)
        return read_folder(path, zone)

    monkeypatch.setattr(reading, "read_folder", noted)
    folder = write(data, note()).parent
    before = write(data, note("2026-11-24T09:00:00+00:00")).parent
    for its in (folder, before):
        settle(its)
    notes.read(7, now=NOW)
    assert sorted(read) == ["2026-11-24", "2026-11-25"]
    read.clear()
    notes.read(14, now=NOW)
    assert read == []
    write(data, note())
    assert notes.read(7, now=NOW).sum.calls.total() == 3
    assert read == ["2026-11-25"]


def test_of_two_changes_at_the_same_moment_the_second_is_seen(notes: Notes, data: Path) -> None:
    folder = write(data, note()).parent
    moment = time.time_ns()
    os.utime(folder, ns=(moment, moment))
    assert notes.read(7, now=NOW).sum.calls.total() == 1
    write(data, note())
    os.utime(folder, ns=(moment, moment))
    assert notes.read(7, now=NOW).sum.calls.total() == 2


@pytest.mark.parametrize("days", [1, 7])
def test_each_line_has_its_own_last_days(notes: Notes, data: Path, lines: Path, days: int) -> None:
    """On Kiritimati, it is Thursday already, and in Honolulu still Wednesday."""
    for name, zone in (("east", "Pacific/Kiritimati"), ("west", "Pacific/Honolulu")):
        (lines / name).mkdir()
        (lines / name / "line.toml").write_text(f'timezone = "{zone}"')
        write(data, note("2026-11-25T17:00:00+00:00"), line=name)
        write(data, note(f"{datetime(2026, 11, 25, 17, tzinfo=UTC) - timedelta(days=days)}"), line=name)
    found = notes.read(days, now=NOW)
    assert list(found.days)[-2:] == [date(2026, 11, 25), date(2026, 11, 26)]
    assert len(found.days) == days + 1
    assert found.sum.calls.total() == 2
    assert len(notes.read(days, "west", NOW).days) == days
    assert notes.read(days, "west", NOW).sum.calls.total() == 1


def test_a_line_that_is_gone_is_still_counted(notes: Notes, data: Path) -> None:
    write(data, note("2026-11-25T17:00:00+00:00"), line="gone")
    assert [its.calls.total() for its in notes.read(1, now=NOW).days.values()] == [1]


def test_a_deleted_call_is_counted_no_more(notes: Notes, data: Path) -> None:
    path = write(data, note())
    assert notes.read(7, now=NOW).sum.calls.total() == 1
    path.unlink()
    assert notes.read(7, now=NOW).sum.calls.total() == 0


@pytest.mark.parametrize("text", ["", "timezone = 1", 'timezone = "Mars/Base"', "timezone = ", 'timezone = "../etc"'])
def test_a_line_without_a_usable_time_zone_has_utc(notes: Notes, lines: Path, data: Path, text: str) -> None:
    (lines / "coffee" / "line.toml").write_text(text)
    write(data, note("2026-11-24T23:30:00+00:00"))
    found = notes.read(7, now=NOW)
    assert [day.day for day, its in found.days.items() if its.calls] == [24]


def test_damaged_notes_of_other_days_do_not_count(notes: Notes, data: Path) -> None:
    write(data, "{", started="2026-11-25T09:00:00+00:00")
    write(data, "{", started="2026-01-25T09:00:00+00:00")
    assert notes.read(7, now=NOW).damaged == 1


def test_ten_thousand_notes_are_fast_once_they_were_read(notes: Notes, data: Path) -> None:
    one = note(turns=note()["turns"] * 8)
    for day in range(1, 26):
        for _ in range(40):
            write(data, one, started=f"2026-11-{day:02}T09:00:00+00:00")
    notes.read(30, now=NOW)
    began = time.perf_counter()
    charts = charts_of(notes.read(30, now=NOW))
    assert time.perf_counter() - began < 0.5  # whatever else the machine does
    assert charts["replies"] == 8000
