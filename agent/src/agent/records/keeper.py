"""The main process' part: what a crash left behind is finished, what is old deleted, and news delivered."""

import asyncio
import logging
import shutil
import time
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from agent.records import news
from agent.records.delivery import Delivery
from agent.records.finishing import NotWholeError, delete, finish
from agent.records.folders import Folders
from agent.settings import Settings

logger = logging.getLogger(__name__)

T = TypeVar("T")

LOOKED_EVERY = 2.0  # seconds between looks for a new record
TIDIED_EVERY = 3600.0  # seconds
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
    await asyncio.to_thread(finish_what_was_left, settings, folders)
    seen, due = _looks(folders), 0.0
    while True:
        if time.monotonic() >= due or _looks(folders) != seen:
            await asyncio.to_thread(delete_old, folders, settings.keep_days, settings.keep_mb)
            seen, due = _looks(folders), time.monotonic() + TIDIED_EVERY
        await asyncio.sleep(LOOKED_EVERY)


def finish_what_was_left(settings: Settings, folders: Folders) -> None:
    """To be called before there are calls: a record that is in progress would be taken for one that was left."""
    for work in sorted(folders.work.glob("*")):
        try:
            transcript = finish(work.name, folders)
            news.of_record(work.name, transcript, settings, folders)
            logger.info("the record %s, which a stop had interrupted, is finished", folders.name_of(work.name))
        except NotWholeError as error:
            logger.error("the record of a call that broke off is deleted: %s", error)
            news.of_call(work.name, error.transcript, settings, folders)
            delete(work.name, folders)
        except ValueError as error:  # its text may have a part of the record in it
            logger.error(
                "the record %s cannot be read and is deleted: %s", folders.name_of(work.name), type(error).__name__
            )
            delete(work.name, folders)
        except OSError as error:  # a full disk, as a rule
            logger.error("the record %s is finished at the next start: %s", folders.name_of(work.name), error)


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
