"""The folder of lines: which lines there are, and each one's settings as they are now."""

import contextlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from agent.lines.line import Line, Objection, parse
from agent.lines.words import Words, read_words, word_files
from agent.storage.live_file import KEPT, LiveFile

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
SETTINGS = "line.toml"
LARGEST = 65_536  # bytes


class UnknownLineError(ValueError):
    """A call's dispatch rule names a line that does not exist; the text says which lines do."""


class LinesFolder:
    """All lines of this host. Every read is of the files as they are; `secrets` are those the process started with.

    `judge` says what is wrong with a line that cannot be seen in its line.toml alone.
    """

    def __init__(
        self,
        folder: Path,
        secrets: Mapping[str, SecretStr],
        kept: Path = KEPT,
        judge: Callable[[Line], Iterable[Objection]] = lambda _: (),
    ) -> None:
        self.path = folder
        self._secrets = secrets
        self._kept = kept
        self._judge = judge

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
            ValueError: the line's files are no good, as `read` says.
        """
        names = self.names()
        there = ", ".join(names) or "none"
        name = _name_in(metadata)
        if not name and len(names) == 1:
            return self.read(names[0])
        if not name:
            raise UnknownLineError(f"its dispatch rule names no line, and the lines there are: {there}; run make up")
        try:
            return self.read(name)
        except ValueError:
            if name in names:
                raise
        raise UnknownLineError(f"its dispatch rule names the line {name}, and the lines there are: {there}")

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

    def left_behind(self, name: str) -> Line:
        """Return the last good version of a line whose folder is gone, or one with all the defaults."""
        try:
            return self._settings(name).good_version()
        except ValueError:
            return Line.without_a_folder(name)

    def problems(self) -> list[str]:
        """Judge line.toml and the words of every line; each problem is a sentence that names the file."""
        return [*self._strange_names(), *self._each(LiveFile.problems)]

    def unrecoverable_problems(self) -> list[str]:
        """Judge the files again, but for those that have a good version to fall back to."""
        return self._each(LiveFile.unrecoverable_problems)

    def keep_good_versions(self) -> None:
        """Read every file once, so that there is something to fall back to."""
        for name in self.names():
            with contextlib.suppress(ValueError):  # which `unrecoverable_problems` tells
                self.read_words(self.read(name))

    def _each(self, judge: Callable[[LiveFile[Any]], list[str]]) -> list[str]:
        try:
            if not self._list():
                return [f"{self.path} has no line in it: make up makes one where the folder is empty"]
        except OSError as error:
            return [f"{self.path}, the folder of the lines, cannot be read: {error.strerror}"]
        return [problem for name in self.names() for file in self._files(name) for problem in judge(file)]

    def _files(self, name: str) -> list[LiveFile[Any]]:
        return [self._settings(name), *word_files(self.path / name, self._kept)]

    def _strange_names(self) -> list[str]:
        return [
            f"{self.path.name}/{folder.name} is not a name for a line: use a to z, 0 to 9 and - (not first), 32 "
            "characters at most"
            for folder in self._folders()
            if not NAME.fullmatch(folder.name)
        ]

    def _folders(self) -> list[Path]:
        try:
            return self._list()
        except OSError:  # which `problems` tells
            return []

    def _list(self) -> list[Path]:
        return sorted(path for path in self.path.iterdir() if path.is_dir() and not path.name.startswith("."))

    def _settings(self, name: str) -> LiveFile[Line]:
        folder = self.path / name
        return LiveFile(
            folder,
            SETTINGS,
            lambda text: parse(text, name, self._secrets, self._judge),
            LARGEST,
            kept=self._kept,
            when_missing=f"{self.path.name}/{name} has no {SETTINGS}: create one (it may be empty), or move the folder "
            "away",
        )


def _name_in(metadata: str) -> str:
    try:
        given = json.loads(metadata)
    except ValueError:
        return ""
    name = given.get("line", "") if isinstance(given, dict) else ""
    return name if isinstance(name, str) and NAME.fullmatch(name) else ""
