"""Putting a backup's files in the place of those on the data volume, so that they can be put back until it is settled.

While nothing else uses the volume, what is there moves to `.replacing`, which becomes `.replaced` when nothing is left
outside, and then what was unpacked into `.restored` moves out. After an interruption, `put_back` finds out how far it
was.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from agent.backup.archive import DATA, read_archive
from agent.storage.private_files import make_folder, open_up

RESTORED, REPLACING, REPLACED = ".restored", ".replacing", ".replaced"


def replace_data(stream: BinaryIO, release: str, data: Path) -> None:
    """Replace what is on the volume by what is in the archive; `settle` deletes what was replaced.

    Raises:
        ArchiveError, OSError: the archive cannot be used, or the disk is full; everything is as it was.
    """
    put_back(data)
    try:
        restored = make_folder(data / RESTORED)
        read_archive(stream, release, DATA, restored)
        open_up(restored)  # an older release has packed files that are its user's alone
        os.sync()
        _move(_entries(data), make_folder(data / REPLACING))
        (data / REPLACING).rename(data / REPLACED)
        _move((restored / DATA).iterdir(), data)
        shutil.rmtree(restored)
    except BaseException:
        put_back(data)
        raise


def put_back(data: Path) -> None:
    """Undo `replace_data`, also after it was interrupted; do nothing if there is nothing to undo."""
    if (data / REPLACED).exists():  # everything outside is new, and so may be deleted
        for entry in _entries(data):
            _delete(entry)
        (data / REPLACED).rename(data / REPLACING)
    if (data / REPLACING).exists():
        _move((data / REPLACING).iterdir(), data)
        (data / REPLACING).rmdir()
    shutil.rmtree(data / RESTORED, ignore_errors=True)


def settle(data: Path) -> None:
    """Delete what was replaced."""
    if (data / REPLACED).exists():
        shutil.rmtree(data / REPLACED)


def _entries(data: Path) -> Iterator[Path]:
    return (path for path in list(data.iterdir()) if path.name not in (RESTORED, REPLACING, REPLACED))


def _move(paths: Iterator[Path], to: Path) -> None:
    for path in list(paths):
        path.rename(to / path.name)


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
