"""A lock that the calls of one host share: each call is a process of its own."""

import asyncio
import contextlib
import fcntl
import os
from collections.abc import AsyncIterator
from pathlib import Path

from agent.storage.private_files import create, make_folder

TRIED_EVERY = 0.01  # seconds


@contextlib.asynccontextmanager
async def locked(path: Path, within: float) -> AsyncIterator[None]:
    """Hold the lock of this file; it is free again if the process dies.

    Raises:
        TimeoutError: somebody else held it for `within` seconds.
        OSError: the file cannot be made.
    """
    make_folder(path.parent)
    create(path)
    file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        async with asyncio.timeout(within):
            while not _take(file):  # noqa: ASYNC110 - another process gives it back, of which there is no event
                await asyncio.sleep(TRIED_EVERY)
        yield
    finally:
        os.close(file)  # which gives the lock back


def _take(file: int) -> bool:
    with contextlib.suppress(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False
