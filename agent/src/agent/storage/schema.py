"""The version of each store on the volume: a newer release brings an older store up to date, an older one refuses it.

A database has its version in `user_version`, and a folder in the file `.version`. A store that has none was written by
a release that knew no versions.
"""

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from agent.storage.private_files import create, make_folder, write

WAITS = 1.0  # seconds to wait for another process that writes
MARK = ".version"


class StoreError(sqlite3.DatabaseError):
    """This release cannot open a store; the text says why and what to do. Nothing has been changed."""


def open_database(
    path: Path,
    versions: Sequence[str],
    *,
    before_marks: Callable[[sqlite3.Connection], int] = lambda _: 0,
    waits: float = WAITS,
) -> sqlite3.Connection:
    """Open a database in autocommit mode; make it, or bring it up to date, if that is needed. Its folder has to exist.

    Each of `versions` is the SQL that leads from the version before, and the first one makes the database. A statement
    ends in a semicolon, except for the last one. What is missing is executed in one transaction, after a copy of the
    database has been written beside it (`<name>.v1` for version 1). `before_marks` says which version a database
    without a mark is at, if earlier releases wrote any. `waits` is how many seconds another process may hold a lock.

    Raises:
        StoreError: a newer release has written the database.
        sqlite3.Error: the file cannot be used.
    """
    if not path.exists():
        with contextlib.suppress(OSError):  # which SQLite reports below
            create(path)
    database = sqlite3.connect(path, timeout=waits, isolation_level=None)
    try:
        version = _user_version(database)
        refuse_newer(path, version, len(versions))
        with contextlib.suppress(sqlite3.OperationalError):  # another process is doing it now, or a later one will
            database.execute("PRAGMA journal_mode = WAL")
        if version < len(versions):
            _bring_up_to_date(database, path, versions, before_marks)
    except BaseException:
        database.close()
        raise
    return database


def version_of_database(path: Path) -> int:
    """Return the version of a database that exists, and change nothing; 0 if it has no mark."""
    with contextlib.closing(
        sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=WAITS)
    ) as database:
        return _user_version(database)


def open_folder(folder: Path, steps: Sequence[Callable[[Path], None]] = ()) -> Path:
    """Make a folder of files, or bring it up to date, if that is needed.

    Version 1 is the first one, and each of `steps` leads from one version to the next. A step is given a copy of the
    folder, whose files are hard links: it replaces or deletes files, and never writes into one. When all steps have
    succeeded, the copy takes the folder's place. No other process may use the folder meanwhile.

    Raises:
        StoreError: a newer release has written the folder.
        OSError: the folder cannot be used.
    """
    new, old = (folder.with_name(f".{folder.name}.{which}") for which in ("new", "old"))
    if old.exists() and not folder.exists():  # an earlier attempt was interrupted between the two renames below
        old.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
    make_folder(folder)
    version, known = version_of_folder(folder), 1 + len(steps)
    refuse_newer(folder, version, known)
    if version == known:
        if not (folder / MARK).exists():
            write(folder / MARK, f"{known}\n")
        return folder
    shutil.rmtree(new, ignore_errors=True)
    shutil.copytree(folder, new, copy_function=os.link)
    for step in steps[version - 1 :]:
        step(new)
    write(new / MARK, f"{known}\n")
    folder.rename(old)
    new.rename(folder)
    shutil.rmtree(old)
    return folder


def version_of_folder(folder: Path) -> int:
    """Return the version of a folder that exists, and change nothing; 1 if it has no mark."""
    try:
        return int((folder / MARK).read_text())
    except FileNotFoundError:
        return 1
    except ValueError:
        raise StoreError(
            f"{folder / MARK} is damaged: it has to contain the version of the folder, such as 1. Restore a backup "
            "(make restore)"
        ) from None


def refuse_newer(path: Path, found: int, known: int) -> None:
    """Raise a StoreError if the version that was found is newer than those that this release knows."""
    if found > known:
        raise StoreError(
            f"{path} has version {found}, but this release of Landline knows it only up to version {known}: a newer "
            "release has written it. Run that release again (git checkout, then make up), or restore a backup that was "
            "made before the upgrade (make restore)"
        )


def _bring_up_to_date(
    database: sqlite3.Connection,
    path: Path,
    versions: Sequence[str],
    before_marks: Callable[[sqlite3.Connection], int],
) -> None:
    database.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have done it since the version was read.
        version = _user_version(database) or before_marks(database)
        refuse_newer(path, version, len(versions))
        if 0 < version < len(versions):
            _copy(path, version)
        for sql in versions[version:]:
            for statement in _statements(sql):
                database.execute(statement)
        database.execute(f"PRAGMA user_version = {len(versions)}")
        database.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            database.execute("ROLLBACK")
        raise


def _copy(path: Path, version: int) -> None:
    """Copy a database, whose write lock this process has; a copy that an earlier upgrade has left is deleted."""
    copy = path.with_name(f"{path.name}.v{version}")
    aside = copy.with_name(f".{copy.name}")
    aside.unlink(missing_ok=True)
    copy_database(path, aside)
    for earlier in path.parent.glob(f"{path.name}.v*"):
        earlier.unlink()
    aside.replace(copy)


def copy_database(path: Path, to: Path) -> None:
    """Copy a database as it is at one moment, while other processes may be writing to it; `to` must not exist."""
    create(to, exist_ok=False)
    with (
        contextlib.closing(sqlite3.connect(path, timeout=WAITS)) as database,
        contextlib.closing(sqlite3.connect(to)) as copy,
    ):
        database.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")  # so that the copy is one file


def _statements(sql: str) -> Iterator[str]:
    statement = ""
    for part in sql.split(";"):
        statement += f"{part};"
        if sqlite3.complete_statement(statement):
            if statement.strip(" \n;"):
                yield statement
            statement = ""
    if statement.strip(" \n;"):
        yield statement  # it is not whole, which SQLite reports


def _user_version(database: sqlite3.Connection) -> int:
    return int(database.execute("PRAGMA user_version").fetchone()[0])
