"""Work beside the calls that is done again and again: an error in it is logged once, and never ends it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

logger = logging.getLogger(__name__)


async def repeat(step: Callable[[], Awaitable[object]], every: float, complaint: str) -> None:
    """Do `step`, then again `every` so many seconds, until this is cancelled.

    `complaint` is logged with the first error after a success: a sentence such as "Could not delete old records".
    """
    failing = False
    while True:
        try:
            await step()
            failing = False
        except Exception:
            if not failing:
                logger.exception("%s; this is tried again", complaint)
            failing = True
        await asyncio.sleep(every)
