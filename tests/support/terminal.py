"""A program at a real terminal, which a test reads and types at."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

ENTER, CLEAR, LEAVE = "\r", "\x15", "\x03"
PATIENCE = 600.0  # seconds, in which an image may have to be built


class Terminal:
    """The test's end of the terminal; `shown` is everything that the program has written."""

    def __init__(self, end: int, program: subprocess.Popen[bytes]) -> None:
        self._end = end
        self._program = program
        self.shown = ""

    def type(self, keys: str) -> None:
        os.write(self._end, keys.encode())

    def signal(self, which: int) -> None:
        self._program.send_signal(which)

    def read_until(self, words: str) -> None:
        """Read until `words` have come since the last call; AssertionError if the program ends before, or is late."""
        assert words in self._read(words), self.shown

    def wait(self) -> int:
        """Read to the end; return the program's exit code."""
        self._read(None)
        return self._program.wait(PATIENCE)

    def _read(self, words: str | None) -> str:
        read, deadline = "", time.monotonic() + PATIENCE
        while words is None or words not in read:
            ready, _, _ = select.select([self._end], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, f"nothing more came within {PATIENCE:.0f} s: {self.shown}"
            try:
                chunk = os.read(self._end, 65536).decode(errors="replace")
            except OSError:  # nobody holds the other end any more
                break
            read += chunk
            self.shown += chunk
        return read


@contextmanager
def at_a_terminal(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Iterator[Terminal]:
    """Run a program at a terminal inside the block; it is ended with it."""
    end, other = pty.openpty()
    program = subprocess.Popen(
        command,
        cwd=folder,
        env={**environment, "TERM": "xterm"},
        stdin=other,
        stdout=other,
        stderr=other,
        start_new_session=True,
    )
    os.close(other)
    try:
        yield Terminal(end, program)
    finally:
        os.close(end)
        program.terminate()
        program.wait(30)
