"""Runs what the watcher asks in a process of its own: one that takes much memory, and may go wrong by itself."""

from __future__ import annotations

import asyncio


class NotPrintedError(Exception):
    """The process could not be asked; the end of a sentence says why."""


async def printed_by(command: tuple[str, ...], within: float) -> bytes:
    """Run a command to its end, and return what it printed; it has `within` seconds, after which it is killed.

    Raises:
        NotPrintedError: it could not be started, or took too long.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
    except OSError as error:
        raise NotPrintedError(f"no process could be started ({error.strerror})") from None
    try:
        async with asyncio.timeout(within):
            printed, _ = await process.communicate()
    except TimeoutError:
        raise NotPrintedError(f"it did not answer within {within:g} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()  # until it is gone
    return printed
