"""Bringing the index up to date: which days have changed, and which of their calls."""

import json
import logging
import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from desk.records.folders import TRANSCRIPT, Folders, entries
from desk.records.name import CALL, MESSAGE, CallName
from desk.records.read import Record, read
from desk.records.words import digits_in, words_of

logger = logging.getLogger(__name__)

# A folder that has changed so recently may change again without a later time: clocks of file systems are coarse.
SETTLED = 2.0  # seconds
STILL_WRITTEN = 60.0  # seconds within which a damaged file may still be written, without its folder's time changing
SHOWN_OF_SUMMARY = 200  # characters
UNSETTLED = ""
INSERT = """
INSERT INTO calls (line, record, looks, began, seconds, caller, name, dialled, direction, came_by, kept, rejected,
    outcome, summary, messages, transfers, cost, currency, draft, problem)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


def changed_days(database: sqlite3.Connection, folders: Folders) -> Iterator[tuple[str, str, str]]:
    """Return the days that look otherwise than when they were read, as (line, day, how it looks now), the newest first.

    A day that is gone looks like "gone".
    """
    now: dict[tuple[str, str], list[int]] = {}
    for line, day, path in folders.days():
        try:
            now.setdefault((line, day), []).append(path.stat().st_mtime_ns)
        except FileNotFoundError:
            continue
    known = {(line, day): looks for line, day, looks in database.execute("SELECT line, day, looks FROM days")}
    for line, day in sorted({*now, *known}, key=lambda each: (each[1], each[0]), reverse=True):
        times = now.get((line, day))
        looks = ",".join(map(str, times)) if times else "gone"
        if known.get((line, day)) != looks:
            settled = not times or max(times) < (time.time() - SETTLED) * 1e9
            yield line, day, looks if settled else UNSETTLED


def read_day(database: sqlite3.Connection, folders: Folders, line: str, day: str, looks: str) -> bool:
    """Bring what is known of one day up to date, in one transaction; return whether calls were taken out."""
    found = _calls_of(folders, line, day)
    sql = "SELECT record, looks FROM calls WHERE line = ? AND record >= ? AND record < ?"
    known = dict(database.execute(sql, (line, f"{day}_", f"{day}_~")).fetchall())
    changed = [name for name in found if known.get(name.record) != found[name]]
    gone = known.keys() - {name.record for name in found}
    records = [read(folders, name) for name in changed]
    if any(record.problems and _is_young(folders, record.name) for record in records):
        looks = UNSETTLED
    database.execute("BEGIN IMMEDIATE")
    try:
        for record in gone:
            if name := CallName.of_record(line, record):
                forget(database, name)
        for record in records:
            forget(database, record.name)
            if record.exists:
                _insert(database, record, found[record.name])
        if looks == "gone":
            database.execute("DELETE FROM days WHERE line = ? AND day = ?", (line, day))
        else:
            database.execute("INSERT OR REPLACE INTO days (line, day, looks) VALUES (?, ?, ?)", (line, day, looks))
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise
    return bool(gone)


def forget(database: sqlite3.Connection, name: CallName) -> None:
    """Take a call out of the index; `wipe` then removes its words from the file, too."""
    found = database.execute("SELECT id FROM calls WHERE record = ? AND line = ?", (name.record, name.line)).fetchone()
    if found:
        database.execute("DELETE FROM words WHERE rowid = ?", found)
        database.execute("DELETE FROM numbers WHERE rowid = ?", found)
        database.execute("DELETE FROM calls WHERE id = ?", found)


def wipe(database: sqlite3.Connection) -> None:
    """Remove the words of calls that were taken out: the search keeps them in its file until it is put in order."""
    database.execute("INSERT INTO words (words) VALUES ('optimize')")
    database.execute("INSERT INTO numbers (numbers) VALUES ('optimize')")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _insert(database: sqlite3.Connection, record: Record, looks: str) -> None:
    facts, note = record.facts, record.note
    cost = note.cost if note else None
    cursor = database.execute(
        INSERT,
        (
            *(record.name.line, record.name.record, looks, record.began.timestamp(), facts.seconds),
            *(record.caller, record.caller_name, facts.dialled, facts.direction, record.came_by, int(record.kept)),
            *(record.rejected, facts.outcome, facts.summary[:SHOWN_OF_SUMMARY], len(record.messages)),
            len(facts.transfers),
            *((cost.total, cost.currency) if cost else (None, "")),
            note.draft if note else "",
            " ".join(record.problems),
        ),
    )
    database.execute("INSERT INTO words (rowid, said) VALUES (?, ?)", (cursor.lastrowid, words_of(record)))
    database.execute("INSERT INTO numbers (rowid, digits) VALUES (?, ?)", (cursor.lastrowid, digits_in(record)))


def _calls_of(folders: Folders, line: str, day: str) -> dict[CallName, str]:
    """Return the calls of which something is kept, and how it looks: a text that changes when a file is replaced."""
    found: dict[CallName, list[str]] = {}

    def add(call: str, path: str | Path) -> None:
        if name := CallName.checked(line, day, call):
            found.setdefault(name, []).append(_looks(path))

    for entry in sorted(entries(folders.noted / line / day), key=lambda each: each.name):
        if entry.name.endswith(".json") and CALL.fullmatch(entry.name[:-5]):
            add(entry.name[:-5], entry.path)
    for entry in sorted(entries(folders.calls / line / day), key=lambda each: each.name):
        taken = MESSAGE.fullmatch(entry.name)
        if CALL.fullmatch(entry.name):
            add(entry.name, Path(entry.path, TRANSCRIPT))
        elif taken:
            add(taken[1], entry.path)
    return {name: json.dumps(parts) for name, parts in found.items()}


def _looks(path: str | Path) -> str:
    try:
        seen = os.lstat(path)
    except OSError:
        return f"none of {Path(path).name}"
    return f"{Path(path).name} {seen.st_mtime_ns} {seen.st_size}"


def _is_young(folders: Folders, name: CallName) -> bool:
    """Return whether one of a call's files has been written to within the last minute."""
    files = (folders.note_of(name), folders.record_of(name), folders.record_of(name) / TRANSCRIPT)
    return any(_written_at(file) > time.time() - STILL_WRITTEN for file in files)


def _written_at(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except (FileNotFoundError, NotADirectoryError):
        return 0.0
