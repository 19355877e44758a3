"""Today's calls on every line: who has called how often and for how long, and which calls are in progress.

Each call runs in a process of its own, and several may begin in the same second, so all use one SQLite file, and each
reads and writes in one transaction. A call in progress renews its lease every few seconds: if its process crashes, the
call soon stops counting as in progress, and its minutes until then are counted.
"""

import contextlib
import hmac
import logging
import os
import secrets
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from agent.lines.limits import Limits
from agent.storage.private_files import create
from agent.storage.schema import open_database

logger = logging.getLogger(__name__)

WAITS = 1.0  # seconds to wait for another call's transaction, because a caller is waiting too
LEASE_RENEWED_EVERY = 5.0  # seconds
LEASE = 15.0  # seconds; a call that has not renewed its lease for this long is gone
SHORTEST = 30.0  # seconds; a call that could not last this long is not let in
KEY_BYTES = 32

VERSIONS = (
    """
    CREATE TABLE calls (
        call TEXT PRIMARY KEY, caller TEXT NOT NULL, day TEXT NOT NULL,
        began REAL NOT NULL, seen REAL NOT NULL, ended INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID
    """,
    "ALTER TABLE calls ADD COLUMN line TEXT NOT NULL DEFAULT ''",
)
ROW = "INSERT INTO calls (call, caller, day, began, seen, line) VALUES (?, ?, ?, ?, ?, ?)"
IN_PROGRESS = "NOT ended AND seen > :alive"
OLD = 2 * 86_400  # seconds for which a row of a line that is gone is kept
TODAY = "day = :today"
USED = f"total({TODAY}), total((seen - began) * ({TODAY})), total({IN_PROGRESS})"


def open_ledger(file: Path) -> sqlite3.Connection:
    """Open the ledger, or bring it up to date; raises as `open_database` does."""
    database = open_database(file, VERSIONS, before_marks=_version_before_marks, waits=WAITS)
    database.execute("PRAGMA synchronous = NORMAL")
    return database


def _version_before_marks(database: sqlite3.Connection) -> int:
    columns = {name for (name,) in database.execute("SELECT name FROM pragma_table_info('calls')")}
    if not columns:
        return 0
    return 2 if "line" in columns else 1  # release 0.1.0 had one line


@dataclass(frozen=True, slots=True)
class Used:
    """What today's calls of a line, or of one caller on it, amount to; `in_progress` includes yesterday's calls."""

    calls: int
    seconds: float
    in_progress: int


@dataclass(frozen=True, slots=True)
class Admitted:
    """Whether a call is let in: the name of the sentence that rejects it, or None, and the seconds that it may last."""

    refusal: str | None = None
    seconds: float | None = None  # None: as long as any call


class Ledger:
    """One line's view of the ledger. Every method raises sqlite3.Error or OSError if the file cannot be used."""

    def __init__(self, folder: Path, line: str, timezone: str) -> None:
        self._folder = folder
        self._line = line
        self._zone = ZoneInfo(timezone)

    def would_admit(self, limits: Limits, at_once: int) -> bool:
        """Return whether the line has room now, leaving aside the limits per caller. Only `admit` decides."""
        with self._transaction("DEFERRED") as database:
            return self._refusal(database, None, limits, at_once) is None

    def would_refuse(self, caller: str, limits: Limits, at_once: int) -> str | None:
        """Return the name of the sentence that would reject a call of this caller's now, or None; count nothing."""
        key = self._folder / "ledger.key"
        is_whole = key.is_file() and key.stat().st_size == KEY_BYTES  # else nobody has called yet
        hashed = self._hashed(caller) if is_whole else None
        with self._transaction("DEFERRED") as database:
            return self._refusal(database, hashed, limits, at_once)

    def admit(self, call: str, caller: str, limits: Limits, at_once: int) -> Admitted:
        """Let the call in and count it from now on, or reject it and count nothing.

        `call` is an id of the call's own. `caller` is the number, of which only a hash is stored.
        """
        with self._transaction("IMMEDIATE") as database:
            self._forget_old_days(database)
            hashed = self._hashed(caller)
            if refusal := self._refusal(database, hashed, limits, at_once):
                return Admitted(refusal)
            now = time.time()
            database.execute(ROW, (call, hashed, self._today(), now, now, self._line))
            return Admitted(None, self._seconds_left(database, hashed, limits))

    def renew(self, call: str, caller: str, began: float, limits: Limits) -> float | None:
        """Renew a call's lease, even if the ledger has lost the call; return the seconds it may still last, or None."""
        with self._transaction("IMMEDIATE") as database:
            hashed = self._hashed(caller)
            database.execute(
                f"{ROW} ON CONFLICT (call) DO UPDATE SET seen = excluded.seen",
                (call, hashed, self._today(), began, time.time(), self._line),
            )
            return self._seconds_left(database, hashed, limits)

    def end(self, call: str) -> None:
        """Note that the call is over."""
        with self._transaction("IMMEDIATE") as database:
            database.execute("UPDATE calls SET seen = ?, ended = 1 WHERE call = ?", (time.time(), call))

    def _refusal(self, database: sqlite3.Connection, hashed: str | None, limits: Limits, at_once: int) -> str | None:
        line = self._used(database)
        if self._in_progress_anywhere(database) >= at_once or line.in_progress >= (limits.calls_at_once or at_once):
            return "busy"
        if not _has_room(line, limits.calls, limits.minutes):
            return "line_limit"
        if hashed and not _has_room(self._used(database, hashed), limits.calls_per_caller, limits.minutes_per_caller):
            return "caller_limit"
        return None

    def _seconds_left(self, database: sqlite3.Connection, hashed: str, limits: Limits) -> float | None:
        lines = _share(self._used(database), limits.minutes)
        callers = _share(self._used(database, hashed), limits.minutes_per_caller)
        return min((seconds for seconds in (lines, callers) if seconds is not None), default=None)

    def _used(self, database: sqlite3.Connection, hashed: str | None = None) -> Used:
        where = "WHERE line = :line" + (" AND caller = :caller" if hashed else "")
        given = {"today": self._today(), "caller": hashed, "alive": time.time() - LEASE, "line": self._line}
        calls, seconds, in_progress = database.execute(f"SELECT {USED} FROM calls {where}", given).fetchone()  # noqa: S608
        return Used(int(calls), seconds, int(in_progress))

    def _in_progress_anywhere(self, database: sqlite3.Connection) -> int:
        """Count the calls in progress on all lines of this host."""
        given = {"alive": time.time() - LEASE}
        return int(database.execute(f"SELECT total({IN_PROGRESS}) FROM calls", given).fetchone()[0])  # noqa: S608

    def _forget_old_days(self, database: sqlite3.Connection) -> None:
        now = time.time()
        database.execute(
            "DELETE FROM calls WHERE (line = ? AND day < ? AND (ended OR seen <= ?)) OR seen <= ?",
            (self._line, self._today(), now - LEASE, now - OLD),
        )

    def _today(self) -> str:
        return datetime.fromtimestamp(time.time(), self._zone).date().isoformat()

    @contextlib.contextmanager
    def _transaction(self, kind: str) -> Iterator[sqlite3.Connection]:
        with contextlib.closing(open_ledger(self._folder / "ledger.db")) as database:
            database.execute(f"BEGIN {kind}")
            try:
                yield database
                database.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    database.execute("ROLLBACK")
                raise

    def _hashed(self, caller: str) -> str:
        """Hash a number to count by; without the key nobody can find the number by trying every possible one."""
        return hmac.digest(self._key(), caller.encode(), "sha256").hex()

    def _key(self) -> bytes:
        """Return this volume's key, made when first needed. Whoever calls this holds the database's write lock."""
        file = self._folder / "ledger.key"
        with contextlib.suppress(FileNotFoundError):
            key = file.read_bytes()
            if len(key) == KEY_BYTES:
                return key
            logger.warning("/data/ledger.key was damaged and is replaced: today's limits per caller start from zero")
        key = secrets.token_bytes(KEY_BYTES)
        aside = file.with_suffix(f".{os.getpid()}-{secrets.token_hex(4)}")
        create(aside)
        try:
            aside.write_bytes(key)
            aside.replace(file)
        finally:
            aside.unlink(missing_ok=True)
        return key


def _has_room(used: Used, calls: int | None, minutes: int | None) -> bool:
    """Return whether there is room for one more call."""
    if calls is not None and used.calls >= calls:
        return False
    return minutes is None or (minutes * 60 - used.seconds) / (used.in_progress + 1) >= SHORTEST


def _share(used: Used, minutes: int | None) -> float | None:
    """Return one call's share of the seconds left for all calls in progress; None if they are not limited."""
    return None if minutes is None else max(0.0, minutes * 60 - used.seconds) / max(1, used.in_progress)
