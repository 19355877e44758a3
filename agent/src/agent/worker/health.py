"""Healthy means registered with the media server: only then are calls answered.

The agent touches a file for as long as it is registered; `python -m agent.worker.health` looks at the file, and imports
nothing heavy, since it runs every few seconds. With `--reading` it tells whether models are still reading what calls
begin with: a caller would have to wait for the first answer.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from agent.storage import private_files

REGISTERED = private_files.DIRECTORY / "registered"
READING = private_files.DIRECTORY / "reading"
TOUCHED_EVERY = 2.0  # seconds
STALE_AFTER = 10.0  # seconds without a touch, after which the agent counts as hanging


def mark(*, registered: bool) -> None:
    """Note whether the agent is registered now; this has to be repeated every `TOUCHED_EVERY` seconds."""
    if registered:
        REGISTERED.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        REGISTERED.touch()
    else:
        REGISTERED.unlink(missing_ok=True)


@contextmanager
def reading() -> Iterator[None]:
    """Note for as long as the block runs that models are reading."""
    READING.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    READING.touch()
    try:
        yield
    finally:
        READING.unlink(missing_ok=True)


def problem() -> str | None:
    """Return why no call would be answered now, or None."""
    try:
        age = time.time() - REGISTERED.stat().st_mtime
    except FileNotFoundError:
        return "not registered with the media server: is LIVEKIT_URL reachable, and is the key pair the server's?"
    return None if age < STALE_AFTER else f"the agent has not sent a heartbeat for {age:.0f} s"


if __name__ == "__main__":
    sys.exit(not READING.exists() if "--reading" in sys.argv[1:] else problem())
