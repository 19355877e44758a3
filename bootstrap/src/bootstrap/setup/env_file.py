"""The host's `.env`: what is in it, and changes to single rows. Every other byte of the file stays as it is."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from bootstrap.text import check_text

ESCAPED = "surrogateescape"  # what is not UTF-8, in a comment say, is written back as it was read
BEFORE = "# before make setup: "  # in front of the row that a changed one replaced
ROW = re.compile(r"^([A-Z][A-Z0-9_]*)=(.*)$", re.MULTILINE)


class EnvFile:
    """A file of NAME=value rows. It begins as a copy of the example, which also has the defaults."""

    def __init__(self, path: Path, example: Path) -> None:
        self._path = path
        self._example = example.read_text("utf-8")
        self._defaults = read(self._example)

    def value(self, name: str) -> str:
        """Return the value of `name`; if it is empty or missing, the default in the example."""
        return self._values().get(name, "") or self.default(name)

    def default(self, name: str) -> str:
        return self._defaults.get(name, "")

    def is_chosen(self, name: str) -> bool:
        """Say whether somebody has given `name` a value other than the default."""
        return self.value(name) != self.default(name)

    def change(self, values: Mapping[str, str]) -> None:
        """Write `values` into the file, which is replaced as a whole, with mode 600.

        A value that somebody chose and that is replaced here stays in the file as a comment.
        """
        changes = {name: value for name, value in values.items() if self.value(name) != value}
        if self._path.exists() and not changes:
            return
        there = self._values()
        replaced = {name: there[name] for name in changes if name in there and self.is_chosen(name)}
        replace_private(self._path, put(self._text(), changes, replaced))

    def _text(self) -> str:
        return self._path.read_text("utf-8", ESCAPED) if self._path.exists() else self._example

    def _values(self) -> dict[str, str]:
        return read(self._text())


def read(text: str) -> dict[str, str]:
    return dict(ROW.findall(text))


def put(text: str, changes: Mapping[str, str], replaced: Mapping[str, str]) -> str:
    """Return `text` with `changes` in their rows; a row that is missing is added at the end."""
    rows: list[str] = []
    left = dict(changes)
    for row in text.removesuffix("\n").split("\n"):
        name = row.partition("=")[0]
        if name.removeprefix(BEFORE) in replaced and name.startswith(BEFORE):
            continue
        if name in replaced:
            rows.append(f"{BEFORE}{name}={replaced[name]}")
        rows.append(f"{name}={left.pop(name)}" if name in left else row)
    return "\n".join([*rows, *(f"{name}={value}" for name, value in left.items())]) + "\n"


def check_row(value: str) -> str:
    """Refuse what a row of `.env` cannot hold, because Compose would read it as something else."""
    check_text(value)
    if "$" in value:
        raise ValueError("holds a $, which Compose would expand; use a value without it")
    if re.search(r"[ \t]#", value):
        raise ValueError("holds a # after a space, which would begin a comment; use a value without it")
    return value


def replace_private(path: Path, text: str) -> None:
    """Write beside `path`, then rename, so that neither a full disk nor an interruption loses anything."""
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    opened = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(opened, "w", encoding="utf-8", errors=ESCAPED) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
