"""Deleting one call, or all calls of a caller: from the sound to the news that nobody has been told yet.

What is to go is first listed, so that somebody can be asked, and then deleted. Deleting again what is gone already does
nothing. A call that is still being written is left alone, since the agent would write it anew.
"""

import errno
import logging
import shutil
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from desk.places import LINE
from desk.records.folders import AUDIO, Folders, entries, is_plain
from desk.records.index import Index
from desk.records.ledger import forget_in_ledger
from desk.records.name import CallName
from desk.records.pending import pending_of
from desk.records.read import Record, read

logger = logging.getLogger(__name__)

TRIES = 3  # at a folder that somebody else deletes, too, or marks as done


@dataclass(frozen=True, slots=True)
class Going:
    """What is deleted with one call."""

    record: Record
    folder: Path | None  # with the sound and the transcript
    note: Path | None
    messages: list[Path]  # their folders
    pending: list[Path]

    @property
    def name(self) -> CallName:
        return self.record.name

    @property
    def audio_bytes(self) -> int:
        """The size of the recording, 0 if there is none."""
        try:
            return (self.folder / AUDIO).stat().st_size if self.folder else 0
        except OSError:
            return 0

    @property
    def is_nothing(self) -> bool:
        return not (self.folder or self.note or self.messages or self.pending)


@dataclass(frozen=True, slots=True)
class Deleted:
    """What has become of a deletion; `problems` are whole sentences about what is still there."""

    calls: int = 0
    problems: list[str] = field(default_factory=list)


def going_of_call(folders: Folders, name: CallName) -> Going:
    """List what is deleted with a call; raises an OSError if it cannot be read."""
    note = folders.note_of(name)
    return Going(
        read(folders, name),
        folders.folder_of(name),
        note if is_plain(note, folders.noted) else None,
        folders.messages_of(name),
        pending_of(folders, name),
    )


def calls_of(folders: Folders, index: Index, caller: str) -> list[CallName]:
    """Return all calls of a number; if the index may lack some, every record is opened instead, which takes longer.

    Raises:
        OSError: the records cannot be read.
    """
    if not caller:
        return []
    try:
        if index.look_again().whole:
            return index.of_caller(caller)
    except sqlite3.Error as error:
        logger.warning("The index of calls cannot be read: %s", error)
    names = {name for line, day, _ in folders.days() for name in _names_on(folders, line, day)}
    return sorted(
        (name for name in names if read(folders, name).caller == caller), key=lambda name: name.record, reverse=True
    )


def unknown_callers(folders: Folders) -> list[CallName]:
    """Return the records that are still being written, whose caller is therefore not known to the desk."""
    found: list[CallName] = []
    for line in entries(folders.calls):
        if LINE.fullmatch(line.name):
            works = entries(folders.calls / line.name / ".work")
            found += [name for work in works if (name := CallName.of_record(line.name, work.name))]
    return sorted(found)


def delete_calls(folders: Folders, index: Index, names: Iterable[CallName]) -> Deleted:
    """Delete these calls, and leave nothing of them in the index.

    News that is still to be told goes first, so that nobody is told of a call that is gone.
    """
    names = list(names)
    gone, problems = [], []
    with index.deleting():
        for name in names:
            said = _delete(folders, name)
            problems += said
            if not said:
                gone.append(name)
        if gone:
            index.forget(gone)
    if gone:
        logger.info("Deleted by the operator: %d calls", len(gone))
    return Deleted(len(gone), problems)


def delete_caller(folders: Folders, index: Index, lines: Path, caller: str) -> Deleted:
    """Delete everything of one caller; raises as `calls_of` does, before anything is deleted."""
    if not caller:
        return Deleted()
    done = delete_calls(folders, index, calls_of(folders, index, caller))
    if not forget_in_ledger(folders.data, lines, caller):
        done.problems.append(
            "The ledger of calls could not be used just now. It has only a hash of the number, which goes by itself "
            "within two days."
        )
    return done


def still_written(name: CallName) -> str:
    """Return the sentence about a call that cannot be deleted yet."""
    return f"The call {name.path} is still being written: delete it when it is over."


def _delete(folders: Folders, name: CallName) -> list[str]:
    """Delete one call, and return what could not be deleted, in whole sentences."""
    try:
        going = going_of_call(folders, name)
        if going.record.is_being_written:
            return [still_written(name)]
        notes = [*([going.note] if going.note else []), *folders.half_written_notes_of(name)]
        kept = [*going.messages, *([going.folder] if going.folder else [])]
        problems = [problem for path in (*going.pending, *notes, *kept) for problem in _remove(path)]
        # What was given up meanwhile is in another folder of the outbox.
        problems += [problem for path in pending_of(folders, name) for problem in _remove(path)]
    except OSError as error:
        logger.error("A call cannot be read in order to delete it: %s", error.strerror)
        problems = [f"It cannot be read: {error.strerror or type(error).__name__}."]
    if problems:
        return [f"{problems[0]} What is left of the call {name.path} can be deleted again."]
    return []


def _remove(path: Path, tries: int = TRIES) -> list[str]:
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        if tries > 1 and error.errno in (errno.ENOENT, errno.ENOTEMPTY):
            return _remove(path, tries - 1)
        logger.error("A file of a call cannot be deleted: %s", error.strerror)
        return [f"{path.name} cannot be deleted: {error.strerror or type(error).__name__}."]
    return []


def _names_on(folders: Folders, line: str, day: str) -> Iterable[CallName]:
    found = [entry.name.removesuffix(".json") for entry in entries(folders.noted / line / day)]
    found += [entry.name.split("-message-")[0] for entry in entries(folders.calls / line / day)]
    return {name for call in found if (name := CallName.checked(line, day, call))}
