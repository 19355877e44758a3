"""How full the data volume is, and what is on it."""

import contextlib
import os
import shutil
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from desk.places import Places
from desk.records.folders import Folders

MEASURED_EVERY = 300.0  # seconds; with many calls, adding up their sizes takes a while
LITTLE, LEAST = 1_000_000_000, 200_000_000  # bytes, as bootstrap's doctor has them


@dataclass(frozen=True)
class Disk:
    """Bytes; None for what could not be found out."""

    total: int | None
    free: int | None
    calls: int | None
    waiting: int  # events and notices that are still to be delivered
    failed: int  # those that were given up

    @property
    def used(self) -> int | None:
        return None if self.total is None or self.free is None else self.total - self.free

    @property
    def level(self) -> str:
        if self.free is None:
            return "warn"
        return "bad" if self.free < LEAST else "warn" if self.free < LITTLE else "good"


class Measured:
    """Measures the volume; its method blocks."""

    def __init__(self, places: Places) -> None:
        self._folders = Folders(places.data)
        self._one_at_a_time = threading.Lock()
        self._calls: tuple[float, int | None] = (float("-inf"), None)

    def disk(self) -> Disk:
        total: int | None = None
        free: int | None = None
        with contextlib.suppress(OSError):
            usage = shutil.disk_usage(self._folders.data)
            total, free = usage.total, usage.free
        outbox = self._folders.outbox
        waiting = sum(1 for pattern in ("*/*.json", "*/notices/*.json") for _ in outbox.glob(pattern))
        failed = sum(1 for _ in outbox.glob("*/failed/*.json"))
        return Disk(total, free, self._size_of_calls(), waiting, failed)

    def _size_of_calls(self) -> int | None:
        with self._one_at_a_time:
            at, size = self._calls
            if time.monotonic() - at >= MEASURED_EVERY:
                self._calls = time.monotonic(), size_of(self._folders.calls)
                return self._calls[1]
            return size


def size_of(folder: Path) -> int | None:
    """Add up the bytes of all files below a folder, 0 if there is none; None if it cannot be read."""
    size = 0
    problems: list[OSError] = []
    for path, _, files in os.walk(folder, onerror=problems.append):
        for name in files:
            try:
                size += os.lstat(os.path.join(path, name)).st_size  # noqa: PTH118 - there are many, and Path is slow
            except FileNotFoundError:
                continue
    return None if any(not isinstance(problem, FileNotFoundError) for problem in problems) else size


def written(size: float | None) -> str:
    """Write a number of bytes for a person."""
    if size is None:
        return "unknown"
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" or size >= 100 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
