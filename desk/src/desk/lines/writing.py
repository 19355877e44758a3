"""Writing files of a line: all of an edit or nothing, and each file with the owner and the mode it had."""

import contextlib
import os
import secrets
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from desk.lines.files import FACTS, FileProblem, opened, place_of, why_not_writable

NEW_FILE, NEW_FOLDER = 0o644, 0o755  # as the first make up makes them: the agent is another user


@dataclass(slots=True)
class _Change:
    """One file, in the folder whose descriptor is `folder`."""

    name: str  # as the line names it
    folder: int
    file: str
    aside: str = ""  # the new file, until it is in its place
    before: str = ""  # what is replaced or deleted, until nothing has to be put back any more

    def delete_asides(self) -> None:
        for file in filter(None, (self.aside, self.before)):
            with contextlib.suppress(OSError):
                os.unlink(file, dir_fd=self.folder)


def write_all(root: Path, line: str, files: Mapping[str, bytes | None]) -> None:
    """Write these files of the line, and delete those that are None.

    A file is written aside and renamed, so it is never half of one. A hard link's other name keeps what it had. If one
    of several cannot be put in its place, those before it are put back.

    Raises:
        FileProblem: nothing was changed, unless its sentence says what was.
    """
    if problems := [why for name in files if (why := why_not_writable(root, line, name))]:
        raise FileProblem(" ".join(dict.fromkeys(problems)))
    changes: list[_Change] = []
    with contextlib.ExitStack() as folders:
        try:
            for name, data in files.items():
                changes.append(_found(folders, root, line, name, is_deleted=data is None))
                if data is not None:
                    _write_aside(changes[-1], data, keep_before=len(files) > 1)
            _put_in_place(changes)
        finally:
            for change in changes:
                change.delete_asides()


def _found(folders: contextlib.ExitStack, root: Path, line: str, name: str, *, is_deleted: bool) -> _Change:
    """Open the folder of the file. Of a link, what it leads to is written, and the link itself is deleted."""
    place = place_of(root, line, name)
    if is_deleted:
        place = (root / line / name).parent.resolve() / name.rpartition("/")[2]
    try:
        if place.parent.name == FACTS and not place.parent.exists():
            with opened(root, place.parent.parent) as above:
                os.mkdir(FACTS, NEW_FOLDER, dir_fd=above)
                os.chmod(FACTS, NEW_FOLDER, dir_fd=above)
        return _Change(name, folders.enter_context(opened(root, place.parent)), place.name)
    except OSError as error:
        raise FileProblem(f"{name} cannot be written: {error.strerror}. Nothing was changed.") from None
    except ValueError:
        raise FileProblem(f"{name} lies outside of the lines' folders. Nothing was changed.") from None


def _write_aside(change: _Change, data: bytes, *, keep_before: bool) -> None:
    try:
        its = _status(change)
        change.aside = _new_file(change.folder, data, its)
        if its and keep_before:
            change.before = _new_file(change.folder, _content(change), its)
    except OSError as error:
        raise FileProblem(f"{change.name} cannot be written: {error.strerror}. Nothing was changed.") from None


def _status(change: _Change) -> os.stat_result | None:
    try:
        return os.stat(change.file, dir_fd=change.folder, follow_symlinks=False)
    except FileNotFoundError:
        return None


def _content(change: _Change) -> bytes:
    with os.fdopen(os.open(change.file, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=change.folder), "rb") as file:
        return file.read()


def _new_file(folder: int, data: bytes, like: os.stat_result | None) -> str:
    """Write a file beside its place, with the owner and mode of the one that it is to replace; return its name."""
    aside = _name_aside()
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            if like:
                with contextlib.suppress(PermissionError):  # of a group that the desk is not in
                    os.fchown(file.fileno(), like.st_uid, like.st_gid)
            os.fchmod(file.fileno(), stat.S_IMODE(like.st_mode) if like else NEW_FILE)
            os.fsync(file.fileno())
    except OSError:
        os.unlink(aside, dir_fd=folder)
        raise
    return aside


def _name_aside() -> str:
    return f".{secrets.token_hex(6)}.aside"


def _put_in_place(changes: Sequence[_Change]) -> None:
    done: list[_Change] = []
    for change in changes:
        try:
            if change.aside:
                os.replace(change.aside, change.file, src_dir_fd=change.folder, dst_dir_fd=change.folder)
                change.aside = ""
            else:
                _move_away(change)
        except OSError as error:
            left = [one.name for one in reversed(done) if not _is_put_back(one)]
            were = f"{', '.join(left)} is changed already." if left else "Nothing was changed."
            raise FileProblem(f"{change.name} cannot be replaced: {error.strerror}. {were}") from None
        done.append(change)


def _move_away(change: _Change) -> None:
    aside = _name_aside()
    with contextlib.suppress(FileNotFoundError):
        os.rename(change.file, aside, src_dir_fd=change.folder, dst_dir_fd=change.folder)
        change.before = aside


def _is_put_back(change: _Change) -> bool:
    try:
        if change.before:
            os.replace(change.before, change.file, src_dir_fd=change.folder, dst_dir_fd=change.folder)
            change.before = ""
        else:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(change.file, dir_fd=change.folder)
    except OSError:
        return False
    return True
