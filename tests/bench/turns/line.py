"""The line a bench calls; one bench at a time, since it has one subnet and one set of ports."""

from __future__ import annotations

import fcntl
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.turns.results import FOLDER
from tests.stack.conftest import why_not
from tests.stack.line import Line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@contextmanager
def bench_line(settings: Sequence[str]) -> Iterator[Line]:
    """Not up yet. `settings` are NAME=VALUE, as a person would write them into .env."""
    if reason := why_not():
        sys.exit(f"the bench needs the stack, and {reason}")
    FOLDER.mkdir(exist_ok=True)
    with (FOLDER / ".line.lock").open("w") as lock, tempfile.TemporaryDirectory() as folder:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit("another bench is on the line; two at once would measure each other")
        line = Line("landline-bench", Path(folder), subnet="172.29.57", first_port=24060)
        for setting in settings:
            line.set(*setting.split("=", 1))
        yield line
