"""The line a bench calls; one bench at a time, since it has one subnet and one set of ports."""

from __future__ import annotations

import fcntl
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tomlkit
from tomlkit.exceptions import ParseError

from tests.bench.turns.results import FOLDER
from tests.stack.conftest import why_not
from tests.stack.line import Line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@contextmanager
def bench_line(settings: Sequence[str]) -> Iterator[Line]:
    """Not up yet. `settings` are NAME=VALUE for .env, and name=value for line.toml, see `apply`."""
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
            apply(line, setting)
        yield line


def apply(line: Line, setting: str) -> None:
    """Write `WAIT=1` into .env and `wait_done=0.5` into line.toml, where a text that is no TOML value is a string."""
    name, _, text = setting.partition("=")
    if name.isupper():
        line.set(name, text)
        return
    value: Any
    try:
        value = tomlkit.value(text)
    except ParseError:
        value = text
    line.change(**{name: value})
