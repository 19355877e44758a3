"""A copy of the data volume as it is at one moment, while the agent goes on writing to it."""

import os
import re
import shutil
import sqlite3
import time
from pathlib import Path

from agent.backup.archive import ArchiveError
from agent.storage.private_files import make_folder
from agent.storage.schema import copy_database
from agent.stores import DATABASES

ATTEMPTS = 20
BETWEEN = 0.2  # seconds
ASIDE = re.compile(r"\..+\.[0-9a-f]{6}")  # a file that `private_files.write` is writing
OF_SQLITE = re.compile(r".+\.db(-wal|-shm|-journal)?")
IN_PROGRESS = ".work"  # the folder of records to which a call is still writing
# What the desk makes anew from the records; the key of its sessions, which nobody else may read; and the lines that
# somebody is trying out, which are deleted after a day.
LEFT_OUT = re.compile(r"desk/(index[^/]*|session\.[^/]*|drafts)(/.*)?")


def take_snapshot(data: Path, to: Path) -> None:
    """Copy the data folder into a new folder `to`, which is on the same file system.

    Files are hard links, because the agent replaces files and does not write into them, apart from the records of calls
    in progress. What is at the top level and begins with a dot is somebody's temporary folder, and is left out, as is
    what the desk can do without.

    Raises:
        ArchiveError: files have come and gone during every attempt, or a database cannot be copied.
        OSError: a file cannot be read, or the disk is full.
    """
    for _ in range(ATTEMPTS):
        shutil.rmtree(to, ignore_errors=True)
        make_folder(to)
        before = _look(data)
        if _copy_files(data, to, before) and _look(data) == before:
            break
        time.sleep(BETWEEN)
    else:
        raise ArchiveError("cannot be written, because the files on the data volume changed all the time: try again")
    for database in sorted(data.rglob(DATABASES)):
        name = database.relative_to(data)
        if not _is_temporary(name):
            try:
                copy_database(database, to / name)
            except sqlite3.Error as error:
                cure = "If it is damaged, restore an earlier backup, or delete it and lose what is in it"
                raise ArchiveError(f"cannot be written, because {database} cannot be copied: {error}. {cure}") from None


def _look(data: Path) -> dict[Path, int]:
    """Return which file is at which path, apart from databases; a folder is 0."""
    found: dict[Path, int] = {}
    for folder, folders, files in os.walk(data):
        here = Path(folder).relative_to(data)
        folders[:] = [name for name in folders if not _is_temporary(here / name)]
        found |= {here / name: 0 for name in folders}
        for name in files:
            if not (_is_temporary(here / name) or ASIDE.fullmatch(name) or OF_SQLITE.fullmatch(name)):
                try:
                    found[here / name] = (data / here / name).stat(follow_symlinks=False).st_ino
                except FileNotFoundError:
                    found[here / name] = -1  # the next look will differ
    return found


def _copy_files(data: Path, to: Path, found: dict[Path, int]) -> bool:
    """Return False if a file has gone meanwhile."""
    try:
        for path, inode in found.items():
            if inode == 0:
                make_folder(to / path)
            elif IN_PROGRESS in path.parts:
                shutil.copy2(data / path, to / path)
            else:
                _link(data / path, to / path)
    except FileNotFoundError:
        return False
    return True


def _link(file: Path, to: Path) -> None:
    try:
        os.link(file, to)
    except FileNotFoundError:
        raise
    except OSError:  # a file system without hard links
        shutil.copy2(file, to)


def _is_temporary(path: Path) -> bool:
    return path.parts[0].startswith(".") or LEFT_OUT.fullmatch(path.as_posix()) is not None
