"""The index of calls: a database by which the list is shown, and calls are found, without opening their files.

It holds nothing that is not in the files, so it may be deleted at any time: what is damaged is made anew. It is brought
up to date on demand, at most once a second, by a thread that looks only into the folders of days that have changed, the
newest first. While that takes long, the list shows what is known so far; while nothing can be written, as on a full
disk, it shows what was known before.
"""

import contextlib
import logging
import math
import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from desk.clock import zone_of
from desk.records import scan
from desk.records.folders import Folders
from desk.records.name import CallName
from desk.records.search import PAGE, Page, Place, Row, Search, select

logger = logging.getLogger(__name__)

T = TypeVar("T")

VERSION = 1
SCHEMA = """
CREATE TABLE calls (
    id INTEGER PRIMARY KEY, line TEXT NOT NULL, record TEXT NOT NULL, looks TEXT NOT NULL,
    began REAL NOT NULL, seconds REAL NOT NULL, caller TEXT NOT NULL, name TEXT NOT NULL, dialled TEXT NOT NULL,
    direction TEXT NOT NULL, came_by TEXT NOT NULL, kept INTEGER NOT NULL, rejected TEXT NOT NULL,
    outcome TEXT NOT NULL, summary TEXT NOT NULL, messages INTEGER NOT NULL, transfers INTEGER NOT NULL, cost REAL,
    currency TEXT NOT NULL, draft TEXT NOT NULL, problem TEXT NOT NULL
);
CREATE UNIQUE INDEX by_time ON calls (record, line);
CREATE INDEX by_line ON calls (line, record);
CREATE INDEX by_outcome ON calls (outcome, record, line);
CREATE INDEX by_caller ON calls (caller, record, line);
CREATE VIRTUAL TABLE words USING fts5(said, tokenize = "unicode61 remove_diacritics 2 categories 'L* N* M* Co'");
CREATE VIRTUAL TABLE numbers USING fts5(digits, tokenize = 'trigram');
CREATE TABLE days (line TEXT NOT NULL, day TEXT NOT NULL, looks TEXT NOT NULL, PRIMARY KEY (line, day)) WITHOUT ROWID;
"""
LOOKED_EVERY = 1.0  # seconds
WAITED = 1.0  # seconds for which a page waits for the index to be brought up to date, or for whoever has locked it
PATIENT = 60.0  # seconds for which a deletion or an export waits for it
LOCKED = 10.0  # seconds
LITTLE = 1_000_000  # bytes; with no more than that on the disk, SQLite says "disk I/O error"
READING = "Calls are still being read in: the newest are shown first, and more follow."


@dataclass(frozen=True, slots=True)
class State:
    """Whether the index has all calls; if not, `why` says so in a whole sentence."""

    whole: bool
    why: str = ""


class Index:
    """Finds calls. Every method blocks; they may be called from several threads."""

    def __init__(self, folders: Folders, lines: Path, file: Path) -> None:
        """Index the calls in `folders`; `lines` has the lines' settings, and the database is at `file`."""
        self._folders, self._lines, self._file = folders, lines, file
        self._writing = threading.Lock()  # held while a day is written, and while calls are being deleted
        self._starting = threading.Lock()
        self._scan: threading.Thread | None = None
        self._looked = -LOOKED_EVERY
        self._checked = False
        self._state = State(whole=False)
        self._whole_at = math.nan

    @property
    def age(self) -> float:
        """The seconds since it last had all calls; NaN if it never had since this was made."""
        return time.monotonic() - self._whole_at

    def refresh(self, wait: float = WAITED) -> State:
        """Bring the index up to date, and return after `wait` seconds at the latest."""
        with self._starting:
            running = self._scan and self._scan.is_alive()
            if not running and time.monotonic() - self._looked >= LOOKED_EVERY:
                self._scan = threading.Thread(target=self._bring_up_to_date, name="index of calls", daemon=True)
                self._scan.start()
            scan_now = self._scan
        if scan_now:
            scan_now.join(wait)
            if scan_now.is_alive() and not self._state.why:
                return State(whole=False, why=READING)
        return self._state

    def look_again(self) -> State:
        """Bring the index up to date with all that is there now, and return after two minutes at the latest."""
        self.refresh(PATIENT)  # a look that has begun already may have passed the newest call
        self._looked = -LOOKED_EVERY
        return self.refresh(PATIENT)

    def page(self, search: Search, place: Place | None = None, size: int = PAGE) -> Page:
        """Return a page of the calls that are looked for, the newest first.

        Raises:
            sqlite3.Error: there is no index, and none can be made.
        """
        return self._asked(lambda database: self._page(database, search, place, size))

    def all_rows(self, search: Search, most: int) -> list[Row]:
        """Return the newest `most` calls that are looked for; raises as `page` does."""
        return self._asked(lambda database: self._rows(database, search, None, most))

    def outcomes(self) -> list[str]:
        """Return every outcome that a call has had; raises as `page` does."""
        sql = "SELECT DISTINCT outcome FROM calls WHERE outcome <> '' ORDER BY outcome"
        return self._asked(lambda database: [outcome for (outcome,) in database.execute(sql)])

    def is_empty(self) -> bool:
        """Return whether no call is known at all; raises as `page` does."""
        return self._asked(lambda database: database.execute("SELECT 1 FROM calls LIMIT 1").fetchone() is None)

    def of_caller(self, caller: str) -> list[CallName]:
        """Return the calls of a number, on all lines, the newest first; raises as `page` does."""
        sql = "SELECT line, record FROM calls WHERE caller = ? ORDER BY record DESC, line DESC"
        found = self._asked(lambda database: database.execute(sql, (caller,)).fetchall())
        return [name for line, record in found if (name := CallName.of_record(line, record))]

    def damaged(self) -> list[CallName]:
        """Return the calls of which something cannot be read, and the caller is not known; raises as `page` does."""
        sql = "SELECT line, record FROM calls WHERE caller = '' AND problem <> '' ORDER BY record DESC, line DESC"
        found = self._asked(lambda database: database.execute(sql).fetchall())
        return [name for line, record in found if (name := CallName.of_record(line, record))]

    @contextlib.contextmanager
    def deleting(self) -> Iterator[None]:
        """Keep the index from reading calls in while their files are being deleted."""
        with self._writing:
            yield

    def forget(self, names: list[CallName]) -> None:
        """Leave nothing of these calls in the index: if it cannot be written, it is deleted whole and made anew later.

        The caller of this function is inside `deleting`.
        """
        try:
            with contextlib.closing(self._open()) as database:
                database.execute("BEGIN IMMEDIATE")
                for name in names:
                    scan.forget(database, name)
                database.execute("COMMIT")
                scan.wipe(database)
        except sqlite3.Error as error:
            logger.error("The index of calls cannot be written (%s): it is deleted, and made anew later", error)
            self._discard()

    def lines(self) -> list[str]:
        """Return the lines of which calls are known; raises as `page` does."""
        sql = "SELECT DISTINCT line FROM calls ORDER BY line"
        return self._asked(lambda database: [line for (line,) in database.execute(sql)])

    def _page(self, database: sqlite3.Connection, search: Search, place: Place | None, size: int) -> Page:
        rows = self._rows(database, search, place, size + 1)
        more, rows = len(rows) > size, rows[:size]
        back = place is not None and place.towards == "newer"
        if back:
            rows.reverse()
        if not rows:
            return Page()
        has_older = more if not back else True
        has_newer = more if back else place is not None
        first, last = rows[0].name, rows[-1].name
        return Page(
            rows,
            older=Place(last.record, last.line, "older").written() if has_older else "",
            newer=Place(first.record, first.line, "newer").written() if has_newer else "",
        )

    def _rows(self, database: sqlite3.Connection, search: Search, place: Place | None, most: int) -> list[Row]:
        zones = {}
        if search.since or search.until:
            known = database.execute("SELECT DISTINCT line FROM calls").fetchall()
            zones = {line: zone_of(line, self._lines) for (line,) in known}
        sql, values = select(search, zones, place, most)
        return [row for found in database.execute(sql, values) if (row := _row(*found))]

    def _asked(self, question: Callable[[sqlite3.Connection], T]) -> T:
        """Ask the database; one that is damaged is deleted, and read in again, and on a full disk it is only read."""
        try:
            with contextlib.closing(self._open(WAITED)) as database:
                return question(database)
        except sqlite3.Error as error:
            if _is_damaged(error):
                self._make_anew()
                again = self._open()
            elif self._is_at_rest():
                again = sqlite3.connect(f"{self._file.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
            else:
                raise
            with contextlib.closing(again) as database:
                return question(database)

    def _is_at_rest(self) -> bool:
        """Return whether all that was written is in the file itself, which can then be read without its companions."""
        try:
            return self._file.is_file() and not self._file.with_name(f"{self._file.name}-wal").stat().st_size
        except FileNotFoundError:
            return True

    def _make_anew(self) -> None:
        logger.warning("The index of calls is damaged: it is deleted and made anew")
        with self._writing:
            self._discard()
        self._looked = -LOOKED_EVERY
        self.refresh()

    def _bring_up_to_date(self) -> None:
        try:
            try:
                self._read_changes()
            except sqlite3.Error as error:
                if not _is_damaged(error):
                    raise
                logger.warning("The index of calls is damaged: it is deleted and made anew")
                with self._writing:
                    self._discard()
                self._read_changes()
            self._state, self._whole_at = State(whole=True), time.monotonic()
        except (sqlite3.Error, OSError) as error:
            logger.error("The index of calls cannot be brought up to date: %s", error)
            self._state = State(whole=False, why=self._sentence(error))
        except Exception:
            logger.exception("The index of calls cannot be brought up to date")
            self._state = State(whole=False, why="This list may lack the newest calls: the desk's log says why.")
        finally:
            self._looked = time.monotonic()

    def _read_changes(self) -> None:
        with contextlib.closing(self._open()) as database:
            taken_out, failed = False, None
            for line, day, looks in scan.changed_days(database, self._folders):
                try:
                    with self._writing:
                        taken_out |= scan.read_day(database, self._folders, line, day, looks)
                except OSError as error:  # with the files of this day; the others are read in
                    failed = failed or error
            if taken_out:
                with self._writing:
                    scan.wipe(database)
            if failed:
                raise failed

    def _open(self, patience: float = LOCKED) -> sqlite3.Connection:
        """Open the index; make it if it is not there, or if another release has made it.

        Another process that has locked it is waited for, for as many seconds as `patience` says.
        """
        try:
            self._file.parent.mkdir(mode=0o770, parents=True, exist_ok=True)
            if not self._file.exists():
                with contextlib.suppress(FileExistsError):
                    os.close(os.open(self._file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o660))
        except OSError as error:
            raise sqlite3.OperationalError(f"unable to open the index: {error.strerror}") from error
        database = sqlite3.connect(self._file, timeout=patience, isolation_level=None)
        try:
            database.execute("PRAGMA secure_delete = ON")
            if database.execute("PRAGMA user_version").fetchone()[0] != VERSION:
                _make_tables(database)
            if not self._checked:
                self._check(database)
        except BaseException:
            database.close()
            raise
        return database

    def _check(self, database: sqlite3.Connection) -> None:
        """Look for damage once; SQLite finds it only in what it reads."""
        found = database.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise sqlite3.DatabaseError(f"the index is malformed: {found}")
        self._checked = True

    def _sentence(self, error: Exception) -> str:
        text = str(error)
        if "full" in text or "No space" in text or ("disk I/O" in text and self._is_full()):
            what = "the disk is full"
        elif isinstance(error, OSError):
            what = f"something below calls/ or noted/ on the data volume cannot be read ({error.strerror})"
        elif "readonly" in text or "unable to open" in text:
            what = "the desk's folder on the data volume cannot be written"
        else:
            what = f"its index cannot be written ({text})"
        return (
            f"This list may lack the newest calls, because {what}. Calls are answered and kept as far as there is room."
        )

    def _is_full(self) -> bool:
        with contextlib.suppress(OSError):
            return shutil.disk_usage(self._file.parent).free < LITTLE
        return False

    def _discard(self) -> None:
        for suffix in ("", "-wal", "-shm", "-journal"):
            self._file.with_name(self._file.name + suffix).unlink(missing_ok=True)
        self._checked = False


def _make_tables(database: sqlite3.Connection) -> None:
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("BEGIN IMMEDIATE")
    if database.execute("PRAGMA user_version").fetchone()[0] != VERSION:  # another thread has made them meanwhile
        tables = database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name IN ('calls', 'words', 'numbers', 'days')"
        ).fetchall()
        for (table,) in tables:
            database.execute(f"DROP TABLE {table}")
        for statement in SCHEMA.split(";"):
            database.execute(statement)
        database.execute(f"PRAGMA user_version = {VERSION}")
    database.execute("COMMIT")


def _is_damaged(error: sqlite3.Error) -> bool:
    """Return whether the file is no database, or not the index: full disks and locks are OperationalErrors."""
    return type(error) is sqlite3.DatabaseError or str(error).startswith(("no such table", "no such column"))


def _row(line: str, record: str, began: float, seconds: float, *rest: Any) -> Row | None:
    """Return a row of the table as a call; its columns are those of `search.COLUMNS`."""
    name = CallName.of_record(line, record)
    return Row(name, datetime.fromtimestamp(began, UTC), seconds, *rest) if name else None
