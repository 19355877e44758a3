"""Work in the background: done once without anybody waiting for it, or repeated whatever happens."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

logger = logging.getLogger(__name__)

T = TypeVar("T")

_running: set[asyncio.Task[Any]] = set()


def begin(work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """Start `work` and keep its task alive until it is done; a task without a reference may be garbage-collected."""
    task = asyncio.create_task(work)
    _running.add(task)
    task.add_done_callback(_running.discard)
    return task


async def repeat(
    step: Callable[[], Awaitable[object]], every: float, complaint: str, *, begin_at_once: bool = True
) -> None:
    """Do `step` again and again, `every` seconds apart, until this is cancelled.

    Without `begin_at_once` the first step comes after `every` seconds.

    `complaint` is logged with the first error after a success: a sentence such as "Could not delete old records".
    """
    failing = False
    if not begin_at_once:
        await asyncio.sleep(every)
    while True:
        try:
            await step()
            failing = False
        except Exception:
            if not failing:
                logger.exception("%s; this will be tried again", complaint)
            failing = True
        await asyncio.sleep(every)
