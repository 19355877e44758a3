"""Writing files of a line: each wholly or not at all, with the owner and the mode it had."""

import contextlib
import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path

from desk.lines.files import FACTS, FileProblem, place_of, why_not_writable

NEW_FILE, NEW_FOLDER = 0o644, 0o755  # as the first make up makes them: the agent is another user


def write_all(root: Path, line: str, files: Mapping[str, bytes | None]) -> None:
    """Write these files of the line, and delete those that are None.

    A file is written aside and renamed, so it is never half of one. A hard link's other name keeps what it had.

    Raises:
        FileProblem: nothing was changed, unless its sentence says what was.
    """
    if problems := [why for name in files if (why := why_not_writable(root, line, name))]:
        raise FileProblem(" ".join(dict.fromkeys(problems)))
    asides: dict[str, tuple[Path, Path]] = {}
    try:
        for name, data in files.items():
            if data is not None:
                place = place_of(root, line, name)
                asides[name] = (_written_aside(name, place, data), place)
        _put_in_place(root, line, files, asides)
    finally:
        for aside, _ in asides.values():
            aside.unlink(missing_ok=True)


def _written_aside(name: str, place: Path, data: bytes) -> Path:
    try:
        if place.parent.name == FACTS and not place.parent.exists():
            place.parent.mkdir(NEW_FOLDER)
            place.parent.chmod(NEW_FOLDER)
        aside = place.with_name(f".{secrets.token_hex(6)}.aside")
        before = place.stat() if place.exists() else None
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            try:
                file.write(data)
                file.flush()
                if before:
                    with contextlib.suppress(PermissionError):  # of a group that the desk is not in
                        os.fchown(file.fileno(), before.st_uid, before.st_gid)
                os.fchmod(file.fileno(), stat.S_IMODE(before.st_mode) if before else NEW_FILE)
                os.fsync(file.fileno())
            except OSError:
                aside.unlink(missing_ok=True)
                raise
    except OSError as error:
        raise FileProblem(f"{name} cannot be written: {error.strerror}. Nothing was changed.") from None
    return aside


def _put_in_place(
    root: Path, line: str, files: Mapping[str, bytes | None], asides: Mapping[str, tuple[Path, Path]]
) -> None:
    done: list[str] = []
    for name in files:
        try:
            if name in asides:
                aside, place = asides[name]
                aside.replace(place)
            else:
                (root / line / name).unlink(missing_ok=True)
        except OSError as error:
            were = f"{', '.join(done)} is written already." if done else "Nothing was changed."
            raise FileProblem(f"{name} cannot be replaced: {error.strerror}. {were}") from None
        done.append(name)
