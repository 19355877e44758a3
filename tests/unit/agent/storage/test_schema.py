"""A store of an older release is brought up to date, wholly or not at all; one of a newer release is left as it is."""

from __future__ import annotations

import contextlib
import multiprocessing
import shutil
import sqlite3
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from agent.admission.ledger import VERSIONS, Ledger, open_ledger
from agent.lines.limits import Limits
from agent.storage.schema import (
    MARK,
    StoreError,
    copy_database,
    open_database,
    open_folder,
    version_of_database,
    version_of_folder,
)

FIRST = "CREATE TABLE books (title TEXT); INSERT INTO books VALUES ('a; b');"
SECOND = """
ALTER TABLE books ADD COLUMN pages INTEGER NOT NULL DEFAULT 0;
CREATE TRIGGER empty AFTER INSERT ON books BEGIN
    UPDATE books SET pages = 1 WHERE pages = 0; UPDATE books SET title = trim(title);
END;
-- a comment at the end; with a semicolon
"""
BEFORE_VERSIONS = Path(__file__).parent / "before_versions"  # a data volume of the release before there were versions


def rows(path: Path) -> list[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(path)) as database:
        return database.execute("SELECT * FROM books").fetchall()


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if not path.name.endswith(("-wal", "-shm"))}


def test_a_new_database_is_private_and_has_the_newest_version_and_no_copy(tmp_path: Path) -> None:
    path = tmp_path / "books.db"
    open_database(path, [FIRST, SECOND]).close()
    assert version_of_database(path) == 2
    assert rows(path) == [("a; b", 0)]
    assert path.stat().st_mode & 0o777 == 0o660
    assert files(tmp_path) == {"books.db"}


def test_an_older_database_is_brought_up_to_date_and_a_copy_of_it_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "books.db"
    open_database(path, [FIRST]).close()
    with contextlib.closing(open_database(path, [FIRST, SECOND])) as database:
        database.execute("INSERT INTO books (title) VALUES (' c ')")
    assert rows(path) == [("a; b", 1), ("c", 1)]
    assert (version_of_database(path), version_of_database(tmp_path / "books.db.v1")) == (2, 1)
    assert rows(tmp_path / "books.db.v1") == [("a; b",)]
    assert (tmp_path / "books.db.v1").stat().st_mode & 0o777 == 0o660


def test_only_the_copy_of_the_last_upgrade_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "books.db"
    for known in (1, 2, 3):
        open_database(path, [FIRST, SECOND, "DELETE FROM books"][:known]).close()
    assert files(tmp_path) == {"books.db", "books.db.v2"}
    assert rows(path) == []


def test_an_upgrade_that_fails_leaves_the_database_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "books.db"
    open_database(path, [FIRST]).close()
    with pytest.raises(sqlite3.OperationalError, match="no such table: lost"):
        open_database(path, [FIRST, SECOND, "DELETE FROM lost"])
    assert version_of_database(path) == 1
    assert rows(path) == [("a; b",)]
    open_database(path, [FIRST, SECOND]).close()
    assert rows(path) == [("a; b", 0)]


@pytest.mark.parametrize("sql", ["DELETE FROM books WHERE (", "CREATE TRIGGER t AFTER INSERT ON books BEGIN SELECT 1;"])
def test_sql_that_is_not_whole_is_an_error(tmp_path: Path, sql: str) -> None:
    with pytest.raises(sqlite3.OperationalError, match="syntax error"):
        open_database(tmp_path / "books.db", [FIRST, sql])


def test_a_newer_database_is_refused_and_not_changed(tmp_path: Path) -> None:
    path = tmp_path / "books.db"
    open_database(path, [FIRST, SECOND]).close()
    before = path.read_bytes()
    with pytest.raises(StoreError) as refused:
        open_database(path, [FIRST])
    assert path.read_bytes() == before
    assert files(tmp_path) == {"books.db"}
    assert "books.db has version 2" in str(refused.value)
    assert "only up to version 1" in str(refused.value)
    assert "Run that release again" in str(refused.value)


def test_a_newer_database_is_also_refused_while_its_version_is_in_the_log_only(tmp_path: Path) -> None:
    path = tmp_path / "books.db"
    with contextlib.closing(open_database(path, [FIRST])):  # open elsewhere: nothing is written back into the file
        open_database(path, [FIRST, SECOND]).close()
        assert b"pages" not in path.read_bytes()
        assert version_of_database(path) == 2
        with pytest.raises(StoreError):
            open_database(path, [FIRST])


def upgrade(path: Path) -> int:
    with contextlib.closing(open_database(path, [FIRST, SECOND], waits=20)) as database:
        return int(database.execute("SELECT count(*) FROM books").fetchone()[0])


def test_several_processes_upgrade_it_once(tmp_path: Path) -> None:
    path = tmp_path / "books.db"
    open_database(path, [FIRST]).close()
    with multiprocessing.get_context("spawn").Pool(4) as processes:
        assert processes.map(upgrade, [path] * 8, chunksize=1) == [1] * 8
    assert rows(path) == [("a; b", 0)]


def test_a_copy_is_of_one_moment_and_one_file(tmp_path: Path) -> None:
    path = tmp_path / "books.db"
    with contextlib.closing(open_database(path, [FIRST])) as database:
        database.execute("INSERT INTO books VALUES ('committed')")
        database.execute("BEGIN IMMEDIATE")
        database.execute("INSERT INTO books VALUES ('not yet')")
        copy_database(path, tmp_path / "copy.db")
        database.execute("COMMIT")
    assert rows(tmp_path / "copy.db") == [("a; b",), ("committed",)]
    assert files(tmp_path) == {"books.db", "copy.db"}


def write_b(folder: Path) -> None:
    (folder / "a").unlink()
    (folder / "b").write_text("new")


def fail(_: Path) -> None:
    raise OSError("the disk is full")


def test_a_folder_without_a_mark_has_version_1_and_gets_a_mark(tmp_path: Path) -> None:
    (tmp_path / "calls").mkdir()
    (tmp_path / "calls/a").write_text("old")
    assert version_of_folder(tmp_path / "calls") == 1
    open_folder(tmp_path / "calls")
    assert (tmp_path / "calls" / MARK).read_text() == "1\n"
    assert (tmp_path / "calls/a").read_text() == "old"


def test_a_folder_is_brought_up_to_date(tmp_path: Path) -> None:
    open_folder(tmp_path / "calls")
    (tmp_path / "calls/a").write_text("old")
    open_folder(tmp_path / "calls", [write_b])
    assert files(tmp_path) == {"calls"}
    assert files(tmp_path / "calls") == {"b", MARK}
    assert version_of_folder(tmp_path / "calls") == 2


def test_steps_that_fail_leave_the_folder_as_it_was(tmp_path: Path) -> None:
    open_folder(tmp_path / "calls")
    (tmp_path / "calls/a").write_text("old")
    with pytest.raises(OSError, match="full"):
        open_folder(tmp_path / "calls", [write_b, fail])
    assert files(tmp_path / "calls") == {"a", MARK}
    assert version_of_folder(tmp_path / "calls") == 1
    open_folder(tmp_path / "calls", [write_b])
    assert files(tmp_path / "calls") == {"b", MARK}
    assert files(tmp_path) == {"calls"}


def test_an_upgrade_that_was_interrupted_between_its_two_renames_is_repeated(tmp_path: Path) -> None:
    open_folder(tmp_path / "calls")
    (tmp_path / "calls/a").write_text("old")
    (tmp_path / "calls").rename(tmp_path / ".calls.old")
    open_folder(tmp_path / "calls", [write_b])
    assert files(tmp_path / "calls") == {"b", MARK}
    assert files(tmp_path) == {"calls"}


@pytest.mark.parametrize(("mark", "what"), [("2", "has version 2"), ("x", "is damaged")])
def test_a_newer_folder_and_one_with_a_damaged_mark_are_refused(tmp_path: Path, mark: str, what: str) -> None:
    open_folder(tmp_path / "calls")
    (tmp_path / "calls" / MARK).write_text(mark)
    with pytest.raises(StoreError, match=what):
        open_folder(tmp_path / "calls")
    assert (tmp_path / "calls" / MARK).read_text() == mark


def counted(folder: Path) -> list[tuple[str, str, str]]:
    with contextlib.closing(sqlite3.connect(folder / "ledger.db")) as database:
        return database.execute("SELECT call, caller, line FROM calls ORDER BY call").fetchall()


def test_a_ledger_of_the_release_without_versions_counts_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = shutil.copytree(BEFORE_VERSIONS, tmp_path / "data")
    before = counted(data)
    assert [line for _, _, line in before] == ["coffee"] * 3
    noon = datetime(2026, 11, 25, 17, tzinfo=ZoneInfo("Europe/Berlin")).timestamp()
    monkeypatch.setattr("agent.admission.ledger.time.time", lambda: noon)
    ledger = Ledger(data, "coffee", "Europe/Berlin")
    assert ledger.admit("AJ_9", "+12025550123", Limits(calls_per_caller=2), at_once=10).refusal == "caller_limit"
    assert ledger.admit("AJ_9", "+12025550124", Limits(calls_per_caller=2), at_once=10).refusal is None
    assert counted(data)[:3] == before
    assert version_of_database(data / "ledger.db") == len(VERSIONS)


def test_a_ledger_of_release_0_1_0_counts_on(tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "ledger.db")) as database:
        database.execute(VERSIONS[0])
        database.execute("INSERT INTO calls VALUES ('AJ_0', 'x', '2026-11-25', 1, 2, 1)")
        database.commit()
    open_ledger(tmp_path / "ledger.db").close()
    assert counted(tmp_path) == [("AJ_0", "x", "")]
    assert version_of_database(tmp_path / "ledger.db") == len(VERSIONS)
    assert (tmp_path / "ledger.db.v1").exists()
