"""Appointments in an SQLite file on the data volume: `/data/appointments/<line>.db`."""

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from agent.appointments.appointment import Appointment, ChangedError, UnreachableError
from agent.storage.private_files import DATA, make_folder
from agent.storage.schema import open_database

T = TypeVar("T")

WAITS = 5.0  # seconds to wait for another call that writes
FOLDER = "appointments"
VERSIONS = (
    """
    CREATE TABLE appointments (
        uid TEXT PRIMARY KEY, kind TEXT NOT NULL, begins REAL NOT NULL, ends REAL NOT NULL,
        name TEXT NOT NULL, number TEXT NOT NULL, note TEXT NOT NULL
    ) WITHOUT ROWID
    """,
    "ALTER TABLE appointments ADD COLUMN agreed REAL",
)
COLUMNS = "uid, kind, begins, ends, name, number, note, agreed"
OVERLAPS = f"SELECT {COLUMNS} FROM appointments WHERE begins < :ends AND ends > :begins"  # noqa: S608
OF_NUMBER, IN_ORDER = " AND number = :number", " ORDER BY begins, uid"
WHERE = "WHERE uid = ? AND begins = ?"


def store_of(line: str, data: Path = DATA) -> Path:
    """Return the file that has the appointments of a line."""
    return data / FOLDER / f"{line}.db"


def open_store(file: Path) -> sqlite3.Connection:
    """Open the file of a line's appointments, whose folder has to exist; raises as `open_database` does."""
    database = open_database(file, VERSIONS, waits=WAITS)
    database.execute("PRAGMA synchronous = FULL")  # what a caller was told is on the disk
    return database


def lines_with_appointments(data: Path = DATA) -> set[str]:
    """Name the lines that have appointments on this host, including those whose folder is gone by now."""
    return {file.stem for file in (data / FOLDER).glob("[!.]*.db")}


def delete_past(file: Path, before: float) -> int:
    """Delete the appointments that ended before this time.time(), and return how many there were.

    A copy that an upgrade left beside the file before that time is deleted as well: it has such appointments, too.

    Raises:
        sqlite3.Error, OSError: the file cannot be used.
    """
    for copy in file.parent.glob(f"{file.name}.v*"):
        if copy.stat().st_mtime < before:
            copy.unlink()
    if not file.exists():
        return 0
    with contextlib.closing(open_store(file)) as database:
        return database.execute("DELETE FROM appointments WHERE ends < ?", (before,)).rowcount


class Embedded:
    """The backend of one line, see `Backend`."""

    def __init__(self, file: Path, timezone: str) -> None:
        self._file = file
        self._zone = ZoneInfo(timezone)

    async def between(self, begins: datetime, ends: datetime) -> list[Appointment]:
        return await self._select(OVERLAPS + IN_ORDER, begins, ends)

    async def under(self, number: str, begins: datetime, ends: datetime) -> list[Appointment]:
        return await self._select(OVERLAPS + OF_NUMBER + IN_ORDER, begins, ends, number)

    async def add(self, appointment: Appointment) -> None:
        its = appointment
        row = (its.uid, its.kind, its.begins.timestamp(), its.ends.timestamp(), its.name, its.number, its.note)
        insert = f"INSERT INTO appointments ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
        await self._do(lambda db: db.execute(insert, (*row, _seconds(its.agreed))))

    async def move(self, appointment: Appointment, moved: Appointment) -> None:
        times = (moved.begins.timestamp(), moved.ends.timestamp(), _seconds(moved.agreed))
        await self._change("UPDATE appointments SET begins = ?, ends = ?, agreed = ?", appointment, *times)

    async def remove(self, appointment: Appointment) -> None:
        await self._change("DELETE FROM appointments", appointment)

    async def _select(self, query: str, begins: datetime, ends: datetime, number: str = "") -> list[Appointment]:
        given = {"begins": begins.timestamp(), "ends": ends.timestamp(), "number": number}
        return [self._read(row) for row in await self._do(lambda db: db.execute(query, given).fetchall())]

    async def _change(self, change: str, appointment: Appointment, *values: float | None) -> None:
        its = appointment
        changed = await self._do(
            lambda db: db.execute(f"{change} {WHERE}", (*values, its.uid, its.begins.timestamp())).rowcount
        )
        if not changed:
            raise ChangedError("This appointment has been changed or cancelled meanwhile, so nothing was done.")

    def _read(self, row: tuple[str, str, float, float, str, str, str, float | None]) -> Appointment:
        uid, kind, begins, ends, name, number, note, agreed = row
        first, last = (datetime.fromtimestamp(moment, self._zone) for moment in (begins, ends))
        when = None if agreed is None else datetime.fromtimestamp(agreed, self._zone)
        return Appointment(kind, first, last, name, number, note, uid, agreed=when)

    async def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do `work`, which executes one statement and so needs no transaction of its own."""
        try:
            return await asyncio.to_thread(self._with_the_store, work)
        except (sqlite3.Error, OSError) as error:
            raise UnreachableError(f"The calendar cannot be used: {type(error).__name__}") from error

    def _with_the_store(self, work: Callable[[sqlite3.Connection], T]) -> T:
        make_folder(self._file.parent)
        with contextlib.closing(open_store(self._file)) as database:
            return work(database)


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()
