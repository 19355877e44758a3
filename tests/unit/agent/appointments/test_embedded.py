"""The store on the data volume: private, of one version, and brought to it from the version before."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from agent.appointments import embedded
from agent.appointments.appointment import Appointment, UnreachableError
from agent.appointments.embedded import Embedded, store_of
from agent.storage.schema import open_database
from tests.unit.agent.appointments.conftest import at

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real_time
VERSION = len(embedded.VERSIONS)
BEGINS, ENDS = at("2026-11-30 09:00"), at("2026-11-30 09:30")
AGREED = at("2026-11-27 10:00")
ANNA = Appointment("haircut", BEGINS, ENDS, "Anna", "+493012345", "short", "a1", agreed=AGREED)


async def test_an_appointment_is_there_after_a_restart_with_everything_that_was_said(tmp_path: Path) -> None:
    file = store_of("coffee", tmp_path)
    await Embedded(file, "Europe/Berlin").add(ANNA)
    assert await Embedded(file, "Europe/Berlin").between(BEGINS, ENDS) == [ANNA]
    assert (
        await Embedded(file, "Europe/Berlin").between(ENDS, at("2026-12-01 00:00")) == []
    )  # the end is not part of it
    assert file == tmp_path / "appointments/coffee.db"
    assert stat.S_IMODE(file.stat().st_mode) == 0o660
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o2770


async def test_a_store_of_the_version_before_is_brought_to_this_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = store_of("coffee", tmp_path)
    await Embedded(file, "Europe/Berlin").add(ANNA)
    assert version_of(file) == VERSION
    newer = (*embedded.VERSIONS, "ALTER TABLE appointments ADD COLUMN colour TEXT NOT NULL DEFAULT 'red'")
    monkeypatch.setattr(embedded, "VERSIONS", newer)
    assert await Embedded(file, "Europe/Berlin").between(BEGINS, ENDS) == [ANNA]
    assert version_of(file) == VERSION + 1
    with closing(sqlite3.connect(file)) as database:
        assert database.execute("SELECT colour FROM appointments").fetchall() == [("red",)]
    assert version_of(file.with_name(f"coffee.db.v{VERSION}")) == VERSION  # as it was before


async def test_an_appointment_of_the_first_version_is_kept_and_nobody_knows_when_it_was_booked(tmp_path: Path) -> None:
    file = store_of("coffee", tmp_path)
    file.parent.mkdir()
    row = ("a1", "haircut", BEGINS.timestamp(), ENDS.timestamp(), "Anna", "+493012345", "short")
    with closing(open_database(file, embedded.VERSIONS[:1])) as database:
        database.execute("INSERT INTO appointments VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    assert await Embedded(file, "Europe/Berlin").between(BEGINS, ENDS) == [replace(ANNA, agreed=None)]


async def test_a_store_of_a_later_release_is_left_as_it_is(tmp_path: Path) -> None:
    file = store_of("coffee", tmp_path)
    await Embedded(file, "Europe/Berlin").add(ANNA)
    with closing(sqlite3.connect(file)) as database:
        database.execute(f"PRAGMA user_version = {VERSION + 1}")
    before = file.read_bytes()
    with pytest.raises(UnreachableError):
        await Embedded(file, "Europe/Berlin").add(ANNA)
    assert file.read_bytes() == before


async def test_a_broken_file_is_said_to_be_so(tmp_path: Path) -> None:
    file = store_of("coffee", tmp_path)
    file.parent.mkdir()
    file.write_text("not a database, but long enough to be taken for one" * 40)
    with pytest.raises(UnreachableError, match="cannot be used"):
        await Embedded(file, "Europe/Berlin").between(BEGINS, ENDS)


def version_of(file: Path) -> int:
    with closing(sqlite3.connect(file)) as database:
        return int(database.execute("PRAGMA user_version").fetchone()[0])
