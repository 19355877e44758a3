"""Looking after records in the main process: finishing what a crash left, deleting what is old, delivering events.

Appointments that are over are deleted here, too.
"""

import asyncio
import contextlib
import logging
import math
import shutil
import sqlite3
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Generic, TypeVar

from agent.appointments.embedded import delete_past, lines_with_appointments, store_of
from agent.background import repeat
from agent.lines.folder import LinesFolder
from agent.lines.line import Line
from agent.lines.recording import Recording
from agent.records.delivery import Delivery
from agent.records.finalize import NotWholeError, delete, finish, read_draft
from agent.records.folders import Folders, adopt_records_of_the_release_before, lines_with_records
from agent.records.note import write_note_of_what_was_left
from agent.records.notices.delivery import NoticeDelivery
from agent.records.report import tell_of_call
from agent.records.webhook.delivery import EventDelivery
from agent.storage.private_files import DATA

logger = logging.getLogger(__name__)

T = TypeVar("T")

LOOKED_EVERY = 2.0  # seconds between looks for a new record
TIDIED_EVERY = 600.0  # seconds
LEFT_AFTER = 600.0  # seconds; a call writes its sound every 2.5 s, and has 45 s to finish its record
DAY = 86_400
MEGABYTE = 1_000_000


async def keep_records_while(work: Awaitable[T], lines: LinesFolder, data: Path = DATA) -> T:
    """Look after every line's records until `work` is done, and return its result.

    An error with records is logged and does not end `work`.
    """
    keepers = _Keepers(lines, data)
    keeping = asyncio.create_task(repeat(keepers.look, LOOKED_EVERY, "Could not look after the records"))
    try:
        return await work
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        keepers.stop()


class _Keepers:
    """One keeper for each line that exists, and for each that has records or appointments."""

    def __init__(self, lines: LinesFolder, data: Path) -> None:
        self._lines, self._data = lines, data
        self._started = time.time()
        self._adopted = False
        self._keepers: dict[str, _Keeper] = {}

    async def look(self) -> None:
        """Look after each line; an error with one line is raised when the others have been looked after."""
        failed: Exception | None = None
        try:
            await asyncio.to_thread(self._adopt_once)
        except OSError as error:
            failed = error
        for line in await asyncio.to_thread(self._lines_to_keep):
            keeper = self._keepers.setdefault(line.name, _Keeper(line.name, self._data, self._started))
            try:
                keeper.deliver_for(line)
                await keeper.tidy(line)
            except Exception as error:
                failed = failed or error
        if failed:
            raise failed

    def stop(self) -> None:
        """Stop delivering."""
        for keeper in self._keepers.values():
            keeper.stop()

    def _adopt_once(self) -> None:
        if self._adopted:
            return
        there = list(self._lines.all())
        without_numbers = [line for line in there if not line.numbers]
        for line in (without_numbers or there)[:1]:
            adopt_records_of_the_release_before(line.name, self._lines.names(), self._data)
        self._adopted = True

    def _lines_to_keep(self) -> list[Line]:
        """Read the lines that exist, and the last good line.toml of those whose folder is gone.

        So no line loses what it keeps too early because the folder of lines cannot be read for a while.
        """
        kept = lines_with_records(self._data) | lines_with_appointments(self._data)
        gone = kept - set(self._lines.names())
        return [*self._lines.all(), *(self._lines.left_behind(name) for name in sorted(gone))]


class _Keeper:
    """Looks after one line's records, events and appointments."""

    def __init__(self, line: str, data: Path, started: float) -> None:
        folders = self._folders = Folders(line, data)
        self._appointments = store_of(line, data)
        self._started = started
        self._seen: list[tuple[str, int]] = []
        self._due = 0.0
        self._events = _Delivering[tuple[str, str]](lambda webhook: EventDelivery(*webhook, folders))
        self._notices = _Delivering[Mapping[str, str]](lambda addresses: NoticeDelivery(addresses, folders))

    def deliver_for(self, line: Line) -> None:
        """Deliver the line's events and notices to the webhook and the addresses that its settings name now."""
        url, secret = line.webhook.url, line.webhook.secret
        self._events.to((url.get_secret_value(), secret.get_secret_value()) if url and secret else None)
        self._notices.to(line.messages.addresses or None)

    async def tidy(self, line: Line) -> None:
        """Finish what was left and delete what is old, now and then, and whenever a record has been added."""
        looks = _looks(self._folders)
        if time.monotonic() < self._due and looks == self._seen:
            return
        self._seen, self._due = looks, time.monotonic() + TIDIED_EVERY
        left = max(self._started, time.time() - LEFT_AFTER)  # an agent that ran before the start is gone
        await asyncio.to_thread(finish_what_was_left, self._folders, line, before=left)
        await asyncio.to_thread(delete_old, self._folders, line.recording)
        await asyncio.to_thread(delete_old_notes, self._folders, line.recording)
        await asyncio.to_thread(delete_old_in_outbox, self._folders, line)
        await asyncio.to_thread(delete_past_appointments, self._appointments, line)

    def stop(self) -> None:
        """Stop delivering; what is under way is delivered again when delivering begins again."""
        self._events.to(None)
        self._notices.to(None)


class _Delivering(Generic[T]):
    """Delivers to one destination, until there is another one or none."""

    def __init__(self, new_delivery: Callable[[T], Delivery]) -> None:
        self._new_delivery = new_delivery
        self._destination: T | None = None
        self._task: asyncio.Task[None] | None = None

    def to(self, destination: T | None) -> None:
        """Deliver there from now on; nothing changes if the destination is the same as before."""
        if destination == self._destination:
            return
        if self._task:
            self._task.cancel()
        self._destination = destination
        self._task = asyncio.create_task(self._new_delivery(destination).run()) if destination is not None else None


def finish_what_was_left(folders: Folders, line: Line, before: float = math.inf) -> None:
    """Finish or delete the records that have not been written to since `before`, a time.time().

    What tells of their calls is left in the outbox, as the line's settings ask for.
    """
    for work in sorted(folders.work.glob("*")):
        try:
            if _written(work) < before:
                _finish_one(work.name, folders, line)
        except OSError as error:  # usually a full disk
            logger.error("The record %s will be finished later: %s", folders.name_of(work.name), error)


def _finish_one(record: str, folders: Folders, line: Line) -> None:
    name = folders.name_of(record)
    try:
        transcript = finish(record, folders, line)
        write_note_of_what_was_left(record, transcript, folders, kept=True)
        logger.info("The record %s, which a stop had interrupted, is finished", name)
    except OSError:
        raise
    except NotWholeError as error:
        logger.error("The record of a call that broke off is deleted: %s", error)
        tell_of_call(record, error.transcript, line, folders)
        write_note_of_what_was_left(record, error.transcript, folders, kept=False)
        delete(record, folders)
    except Exception as error:  # its text may contain a part of the record
        logger.error("The record %s cannot be read and is deleted: %s", name, type(error).__name__)
        with contextlib.suppress(ValueError, FileNotFoundError):
            without_words = read_draft(folders.work_of(record)).transcript.without_words()
            tell_of_call(record, without_words, line, folders)
            write_note_of_what_was_left(record, without_words, folders, kept=False)
        delete(record, folders)


def _written(work: Path) -> float:
    """Return when a record was last written to, as time.time()."""
    try:
        return max(path.stat().st_mtime for path in (work, *work.iterdir()))
    except FileNotFoundError:
        return time.time()  # the call's own process has just removed a file


@dataclass(frozen=True, slots=True)
class _Kept:
    folder: Path
    began: float  # time.time()
    size: int  # bytes


def delete_old(folders: Folders, keep: Recording) -> None:
    """Delete whole calls, the oldest first: those that are too old, then more until the rest is small enough.

    A call that cannot be deleted does not keep the others from being deleted.
    """
    with _Deletion("old records") as deletion:
        kept = _all_kept(folders)
        total = sum(call.size for call in kept)
        for call in kept:
            if call.began > time.time() - keep.keep_days * DAY and total <= keep.keep_mb * MEGABYTE:
                break
            if deletion.of(call.folder, _delete_record):
                total -= call.size
                logger.info("The record %s is deleted: it is the oldest", call.folder.relative_to(folders.calls.parent))
        for day in folders.calls.glob("????-??-??"):
            if not any(day.iterdir()) and day.name != f"{datetime.now(UTC):%Y-%m-%d}":
                deletion.of(day, Path.rmdir)


def _delete_record(folder: Path) -> None:
    """Delete a record, or a message. It is out of sight at once, so that the desk puts nothing into half a folder."""
    hidden = folder if folder.name.startswith(".") else folder.rename(folder.with_name(f".{folder.name}"))
    shutil.rmtree(hidden)


def delete_old_notes(folders: Folders, keep: Recording) -> None:
    """Delete the notes of calls that are too old; that of a record that was deleted before stays until then."""
    with _Deletion("old notes of calls") as deletion:
        for day in sorted(folders.noted.glob("????-??-??")):
            for note in day.iterdir():
                began = _began(note.with_name(note.name.lstrip(".")))  # also of one that a crash has left half written
                if began is not None and began <= time.time() - keep.keep_days * DAY:
                    deletion.of(note, Path.unlink)
            if not any(day.iterdir()) and day.name != f"{datetime.now(UTC):%Y-%m-%d}":
                deletion.of(day, Path.rmdir)


def delete_old_in_outbox(folders: Folders, line: Line) -> None:
    """Delete events and notices older than calls may be: those never accepted, and those that wait for no receiver."""
    waiting = [] if line.webhook.url else [folders.outbox]
    waiting += [] if line.messages.addresses else [folders.notices]
    with _Deletion("old events and notices") as deletion:
        for file in (file for folder in (folders.failed, *waiting) for file in folder.glob("*.json")):
            old = file.stat().st_mtime <= time.time() - line.recording.keep_days * DAY
            if old and deletion.of(file, Path.unlink):
                logger.info("%s is deleted from the outbox: it was never accepted", file.stem)


def delete_past_appointments(store: Path, line: Line) -> None:
    """Delete the appointments on this host that have been over for longer than the line keeps them."""
    try:
        if count := delete_past(store, time.time() - line.calendar.keep_days * DAY):
            logger.info("Appointments that were over are deleted: %d of the line %s", count, line.name)
    except (sqlite3.Error, OSError) as error:
        logger.error("The appointments of the line %s that are over cannot be deleted: %s", line.name, error)


class _Deletion:
    """Deletes what can be deleted; all errors are logged together at the end."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._errors: list[OSError] = []

    def of(self, path: Path, delete: Callable[[Path], object]) -> bool:
        try:
            delete(path)
        except OSError as error:
            self._errors.append(error)
            return False
        return True

    def __enter__(self) -> "_Deletion":
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> bool:
        errors = [*self._errors, *([error] if isinstance(error, OSError) else [])]
        if errors:
            logger.error("%d of the %s cannot be deleted; the first error is: %s", len(errors), self._what, errors[0])
        return error is None or isinstance(error, OSError)


def _all_kept(folders: Folders) -> list[_Kept]:
    kept = []
    for folder in sorted(folders.calls.glob("????-??-??/*")):
        began = _began(folder.with_name(folder.name.lstrip(".")))  # also of one whose deletion was interrupted
        if began is not None:
            kept.append(_Kept(folder, began, sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())))
    return kept


def _began(folder: Path) -> float | None:
    """Return when a call began, by its folder's or its note's name, which a copy keeps; None if it is neither."""
    try:
        named = datetime.strptime(f"{folder.parent.name} {folder.name[:6]}", "%Y-%m-%d %H%M%S")  # noqa: DTZ007
    except ValueError:
        return None
    return named.replace(tzinfo=UTC).timestamp()


def _looks(folders: Folders) -> list[tuple[str, int]]:
    """Return something that changes when a record is added."""
    return [(day.name, day.stat().st_mtime_ns) for day in sorted(folders.calls.glob("????-??-??"))]
