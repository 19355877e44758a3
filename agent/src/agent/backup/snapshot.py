"""A copy of the data volume as it is at one moment, while the agent goes on writing to it."""

import os
import re
import shutil
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


def take_snapshot(data: Path, to: Path) -> None:
    """Copy the data folder into a new folder `to`, which is on the same file system.

    Files are hard links, because the agent replaces files and does not write into them, apart from the records of calls
    in progress. What is at the top level and begins with a dot is somebody's temporary folder, and is left out.

    Raises:
        ArchiveError: files have come and gone during every attempt.
        sqlite3.Error, OSError: something cannot be read, or the disk is full.
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
        if not _is_temporary(database.relative_to(data)):
            copy_database(database, to / database.relative_to(data))


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
    return path.parts[0].startswith(".")
