"""The main process' part: what a crash left behind is finished, what is old deleted, and news delivered."""

import asyncio
import contextlib
import logging
import math
import shutil
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from agent.background import repeat
from agent.records.finalize import NotWholeError, delete, finish, read_draft
from agent.records.folders import Folders
from agent.records.webhook import event as news
from agent.records.webhook.delivery import Delivery
from agent.settings import Settings

logger = logging.getLogger(__name__)

T = TypeVar("T")

LOOKED_EVERY = 2.0  # seconds between looks for a new record
TIDIED_EVERY = 600.0  # seconds
LEFT_AFTER = 600.0  # seconds; a call writes its sound every 2.5 s, and has 45 s to finish its record
DAY = 86_400
MEGABYTE = 1_000_000


async def keep_records_while(work: Awaitable[T], settings: Settings, folders: Folders | None = None) -> T:
    """The result of `work`; until it is there records are looked after. An error with them does not end it."""
    folders = folders or Folders()
    tidier = _Tidier(settings, folders)
    tasks = [asyncio.create_task(repeat(tidier.look, LOOKED_EVERY, "Could not look after the records"))]
    if settings.webhook_url and settings.webhook_secret:
        delivery = Delivery(settings.webhook_url, settings.webhook_secret.get_secret_value(), folders)
        tasks.append(asyncio.create_task(delivery.run()))
    try:
        return await work
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Tidier:
    def __init__(self, settings: Settings, folders: Folders) -> None:
        self._settings, self._folders = settings, folders
        self._started = time.time()
        self._seen: list[tuple[str, int]] = []
        self._due = 0.0  # of the monotonic clock

    async def look(self) -> None:
        """Tidy up if a record was added, or it is time again."""
        looks = _looks(self._folders)
        if time.monotonic() < self._due and looks == self._seen:
            return
        self._seen, self._due = looks, time.monotonic() + TIDIED_EVERY
        # Before the start there was another agent, which is gone.
        left = max(self._started, time.time() - LEFT_AFTER)
        await asyncio.to_thread(finish_what_was_left, self._settings, self._folders, left)
        await asyncio.to_thread(delete_old, self._folders, self._settings.keep_days, self._settings.keep_mb)
        await asyncio.to_thread(delete_old_news, self._folders, self._settings)


def finish_what_was_left(settings: Settings, folders: Folders, before: float = math.inf) -> None:
    """Finish or delete the records at which nobody has written since `before`, a time.time()."""
    for work in sorted(folders.work.glob("*")):
        try:
            if _written(work) < before:
                _finish_one(work.name, settings, folders)
        except OSError as error:  # a full disk, as a rule
            logger.error("the record %s is finished later: %s", folders.name_of(work.name), error)


def _finish_one(record: str, settings: Settings, folders: Folders) -> None:
    name = folders.name_of(record)
    try:
        finish(record, settings, folders)
        logger.info("the record %s, which a stop had interrupted, is finished", name)
    except OSError:
        raise
    except NotWholeError as error:
        logger.error("the record of a call that broke off is deleted: %s", error)
        news.of_call(record, error.transcript, settings, folders)
        delete(record, folders)
    except Exception as error:  # its text may have a part of the record in it
        logger.error("the record %s cannot be read and is deleted: %s", name, type(error).__name__)
        with contextlib.suppress(ValueError, FileNotFoundError):
            news.of_call(record, read_draft(folders.work_of(record)).transcript, settings, folders)
        delete(record, folders)


def _written(work: Path) -> float:
    """When anything was written at a record, as time.time()."""
    try:
        return max(path.stat().st_mtime for path in (work, *work.iterdir()))
    except FileNotFoundError:
        return time.time()  # its own process has just taken something away


@dataclass(frozen=True, slots=True)
class _Kept:
    folder: Path
    began: float  # time.time()
    size: int  # bytes


def delete_old(folders: Folders, days: int, megabytes: int) -> None:
    """Whole calls, the oldest first: those older than `days`, then what is more than `megabytes` in all.

    One that cannot be deleted keeps none of the others.
    """
    with _Deletion("old records") as deletion:
        kept = _all_kept(folders)
        total = sum(call.size for call in kept)
        for call in kept:
            if call.began > time.time() - days * DAY and total <= megabytes * MEGABYTE:
                break
            if deletion.of(call.folder, shutil.rmtree):
                total -= call.size
                logger.info("the record %s is deleted: it is the oldest", call.folder.relative_to(folders.calls))
        for day in folders.calls.glob("????-??-??"):
            if not any(day.iterdir()) and day.name != f"{datetime.now(UTC):%Y-%m-%d}":
                deletion.of(day, Path.rmdir)


def delete_old_news(folders: Folders, settings: Settings) -> None:
    """Those that were never delivered, and those that nobody delivers any more, after the days of the calls."""
    waiting = [] if settings.webhook_url else folders.outbox.glob("*.json")
    with _Deletion("old news") as deletion:
        for file in (*folders.failed.glob("*.json"), *waiting):
            old = file.stat().st_mtime <= time.time() - settings.keep_days * DAY
            if old and deletion.of(file, Path.unlink):
                logger.info("the webhook's news %s are deleted: nobody has taken them", file.stem)


class _Deletion:
    """Deletes what can be deleted; an error with any of it is logged at the end, once for all."""

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
            logger.error(
                "%d of the %s cannot be deleted, the first of them because of: %s", len(errors), self._what, errors[0]
            )
        return error is None or isinstance(error, OSError)


def _all_kept(folders: Folders) -> list[_Kept]:
    kept = []
    for folder in sorted(folders.calls.glob("????-??-??/*")):
        began = _began(folder)
        if began is not None:
            kept.append(_Kept(folder, began, sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())))
    return kept


def _began(folder: Path) -> float | None:
    """By its name, which a copy keeps; None for what is no call's folder."""
    try:
        named = datetime.strptime(f"{folder.parent.name} {folder.name[:6]}", "%Y-%m-%d %H%M%S")  # noqa: DTZ007
    except ValueError:
        return None
    return named.replace(tzinfo=UTC).timestamp()


def _looks(folders: Folders) -> list[tuple[str, int]]:
    """Changes when a record is added."""
    return [(day.name, day.stat().st_mtime_ns) for day in sorted(folders.calls.glob("????-??-??"))]
