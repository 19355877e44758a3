"""The folder of lines: which lines there are, and each one's settings as they are now."""

import contextlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from pydantic import SecretStr

from agent.lines.line import Line, parse
from agent.lines.words import Words, read_words, word_files
from agent.storage.live_file import KEPT, LiveFile

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
SETTINGS = "line.toml"
LARGEST = 65_536  # bytes


class UnknownLineError(Exception):
    """A call's dispatch rule names a line that does not exist; the text says which lines do."""


class LinesFolder:
    """All lines of this host. Every read is of the files as they are; `secrets` are those the process started with."""

    def __init__(self, folder: Path, secrets: Mapping[str, SecretStr], kept: Path = KEPT) -> None:
        self.path = folder
        self._secrets = secrets
        self._kept = kept

    def names(self) -> list[str]:
        """List the lines there are, by their folders' names."""
        return [folder.name for folder in self._folders() if NAME.fullmatch(folder.name)]

    def read(self, name: str) -> Line:
        """Read a line's settings; of a line.toml that is no good, the last good version is used.

        Raises:
            ValueError: line.toml is no good and has no good version.
        """
        return self._settings(name).read()

    def read_words(self, line: Line) -> Words:
        """Read what the agent says on this line; raises as `read` does."""
        return read_words(self.path / line.name, line.language, self._kept)

    def dispatched(self, metadata: str) -> Line:
        """Read the line that a job's metadata names, as the dispatch rule wrote it: `{"line": "coffee"}`.

        A rule that was made by hand or by an older release names none; then a line that is alone is meant.

        Raises:
            UnknownLineError: no line is meant.
        """
        names = self.names()
        name = _name_in(metadata)
        if not name and len(names) == 1:
            return self.read(names[0])
        if not name:
            raise UnknownLineError(f"its dispatch rule names no line, and there are {', '.join(names)}: run make up")
        try:
            return self.read(name)
        except ValueError:
            if name in names:
                raise
            there = ", ".join(names)
            raise UnknownLineError(f"its dispatch rule names the line {name}, and there are {there}") from None

    def all(self) -> Iterator[Line]:
        """Read every line that can be read; a line.toml that is no good is told of by `read`, not here."""
        for name in self.names():
            with contextlib.suppress(ValueError):  # which `problems` tells
                yield self._settings(name).read(quietly=True)

    def all_as_written(self) -> Iterator[Line]:
        """Read every line whose line.toml is good as it is now; nothing falls back and nothing is kept."""
        for name in self.names():
            with contextlib.suppress(ValueError):  # which `problems` tells
                yield self._settings(name).as_written()

    def problems(self) -> list[str]:
        """Judge line.toml and the words of every line; each problem is a sentence that names the file."""
        return [*self._strange_names(), *self._judge(lambda file: file.problem())]

    def unrecoverable_problems(self) -> list[str]:
        """Judge the files again, but for those that have a good version to fall back to."""
        return self._judge(lambda file: file.unrecoverable_problem())

    def keep_good_versions(self) -> None:
        """Read every file once, so that there is something to fall back to."""
        for name in self.names():
            with contextlib.suppress(ValueError):  # which `problems` has told
                self.read_words(self.read(name))

    def _judge(self, judge: "Callable[[LiveFile[Line] | LiveFile[str]], str | None]") -> list[str]:
        if not self.names():
            return [f"{self.path} has no line in it: make up makes one where the folder is empty"]
        return [problem for name in self.names() for file in self._files(name) if (problem := judge(file))]

    def _files(self, name: str) -> "list[LiveFile[Line] | LiveFile[str]]":
        return [self._settings(name), *word_files(self.path / name, self._kept)]

    def _strange_names(self) -> list[str]:
        return [
            f"{self.path.name}/{folder.name} is not a name for a line: use a to z, 0 to 9 and -, 32 characters at most"
            for folder in self._folders()
            if not NAME.fullmatch(folder.name)
        ]

    def _folders(self) -> list[Path]:
        if not self.path.is_dir():
            return []
        return sorted(path for path in self.path.iterdir() if path.is_dir() and not path.name.startswith("."))

    def _settings(self, name: str) -> LiveFile[Line]:
        return LiveFile(
            self.path / name, SETTINGS, lambda text: parse(text, name, self._secrets), LARGEST, kept=self._kept
        )


def _name_in(metadata: str) -> str:
    try:
        given = json.loads(metadata)
    except ValueError:
        return ""
    name = given.get("line", "") if isinstance(given, dict) else ""
    return name if isinstance(name, str) and NAME.fullmatch(name) else ""
