"""The main process' part: what a crash left behind is finished, what is old deleted, and news delivered."""

import asyncio
import contextlib
import logging
import math
import shutil
import time
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

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
    tasks = [asyncio.create_task(_tidy(settings, folders))]
    if settings.webhook_url and settings.webhook_secret:
        delivery = Delivery(settings.webhook_url, settings.webhook_secret.get_secret_value(), folders)
        tasks.append(asyncio.create_task(delivery.run()))
    try:
        return await work
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _tidy(settings: Settings, folders: Folders) -> None:
    started = time.time()
    seen: list[tuple[str, int]] = []
    due = 0.0
    while True:
        try:
            looks = _looks(folders)
            if time.monotonic() >= due or looks != seen:
                seen, due = looks, time.monotonic() + TIDIED_EVERY
                left = max(started, time.time() - LEFT_AFTER)  # before the start there was another agent, which is gone
                await asyncio.to_thread(finish_what_was_left, settings, folders, left)
                await asyncio.to_thread(delete_old, folders, settings.keep_days, settings.keep_mb)
                await asyncio.to_thread(delete_old_news, folders, settings)
        except Exception as error:  # its text may have words of a call in it
            logger.error("records could not be looked after, which is tried again: %s", type(error).__name__)
        await asyncio.sleep(LOOKED_EVERY)


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
    """Whole calls, the oldest first: those older than `days`, then what is more than `megabytes` in all."""
    try:
        kept = _all_kept(folders)
        total = sum(call.size for call in kept)
        for call in kept:
            if call.began > time.time() - days * DAY and total <= megabytes * MEGABYTE:
                break
            shutil.rmtree(call.folder)
            total -= call.size
            logger.info("the record %s is deleted: it is the oldest", call.folder.relative_to(folders.calls))
        for day in folders.calls.glob("????-??-??"):
            if not any(day.iterdir()) and day.name != f"{datetime.now(UTC):%Y-%m-%d}":
                day.rmdir()
    except OSError as error:
        logger.error("old records cannot be deleted: %s", error)


def delete_old_news(folders: Folders, settings: Settings) -> None:
    """Those that were never delivered, and those that nobody delivers any more, after the days of the calls."""
    waiting = [] if settings.webhook_url else folders.outbox.glob("*.json")
    try:
        for file in (*folders.failed.glob("*.json"), *waiting):
            if file.stat().st_mtime <= time.time() - settings.keep_days * DAY:
                file.unlink()
                logger.info("the webhook's news %s are deleted: nobody has taken them", file.stem)
    except OSError as error:
        logger.error("old news cannot be deleted: %s", error)


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
