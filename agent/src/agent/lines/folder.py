"""The folder of lines: which lines exist, and each line's current settings."""

import contextlib
import json
import logging
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from agent.lines.http_tools import HttpTool, tools_file
from agent.lines.line import Line, Objection, parse
from agent.lines.words import Words, read_words, word_files
from agent.storage.live_file import KEPT, LiveFile
from agent.storage.private_files import DATA, DIRECTORY

logger = logging.getLogger(__name__)

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
SETTINGS = "line.toml"
LARGEST = 65_536  # bytes
DRAFTS = DATA / "desk/drafts"  # <32 hexadecimal digits>/<line>, written by the desk
DRAFTS_KEPT = DIRECTORY / "drafts"


class UnknownLineError(ValueError):
    """A call's dispatch rule names a line that does not exist; the text says which lines do."""


class LinesFolder:
    """All lines of this host. The files are read anew each time; `secrets` are those that the process started with.

    `check` says what is wrong with a line beyond what its line.toml alone shows.
    """

    def __init__(
        self,
        folder: Path,
        secrets: Mapping[str, SecretStr],
        kept: Path = KEPT,
        check: Callable[[Line], Iterable[Objection]] = lambda _: (),
    ) -> None:
        self.path = folder
        self._secrets = secrets
        self._kept = kept
        self._check = check
        self._is_draft = False

    def draft(self, name: str, drafts: Path = DRAFTS, kept: Path = DRAFTS_KEPT) -> "LinesFolder":
        """Return the folder of a draft, with the one line in it that somebody has changed and wants to try.

        Its versions are kept apart from those of the line itself, which never falls back to one of them.

        Raises:
            UnknownLineError: there is no such draft.
        """
        folder = drafts / name
        if not folder.is_dir():
            raise UnknownLineError("the draft of its line is gone: a draft is deleted after a day, so make a new one")
        draft = LinesFolder(folder, self._secrets, kept / name, self._check)
        draft._is_draft = True
        return draft

    def forget_draft(self) -> None:
        """Delete what was kept of a draft, which can be read again nevertheless; of the lines themselves, nothing."""
        if self._is_draft:
            shutil.rmtree(self._kept, ignore_errors=True)

    def names(self) -> list[str]:
        """List the lines by their folders' names."""
        return [folder.name for folder in self._folders() if NAME.fullmatch(folder.name)]

    def read(self, name: str) -> Line:
        """Read a line's settings. If line.toml is faulty, its last good version is used.

        Raises:
            ValueError: line.toml is faulty and has no good version.
        """
        return self._settings(name).read()

    def read_words(self, line: Line) -> Words:
        """Read what the agent says on this line; raises as `read` does."""
        return read_words(self.path / line.name, line.language, self._kept)

    def read_tools(self, line: Line) -> list[HttpTool]:
        """Read tools.yaml; if it is faulty and has no good version, the log says why, and there are no such tools."""
        try:
            return tools_file(self.path / line.name, self._secrets, self._kept).read()
        except ValueError as problem:
            logger.error("%s; the line has none of these tools", problem)
            return []

    def dispatched(self, metadata: str) -> Line:
        """Read the line that a job's metadata names, as the dispatch rule wrote it: `{"line": "coffee"}`.

        A rule that was made by hand or by an older release names no line. Then, if the host has only one, it is meant.

        Raises:
            UnknownLineError: the rule names a line that does not exist, or names none and the host has none or several.
            ValueError: line.toml is faulty and has no good version.
        """
        names = self.names()
        there = ", ".join(names) or "none"
        name = _name_in(metadata)
        if not name and len(names) == 1:
            return self.read(names[0])
        if not name:
            raise UnknownLineError(f"its dispatch rule names no line, and this host's lines are: {there}; run make up")
        try:
            return self.read(name)
        except ValueError:
            if name in names:
                raise
        raise UnknownLineError(f"its dispatch rule names the line {name}, but this host's lines are: {there}")

    def all(self) -> Iterator[Line]:
        """Read every line that can be read; `read` logs what is wrong with a line.toml, this does not."""
        for name in self.names():
            with contextlib.suppress(ValueError):  # which `problems` reports
                yield self._settings(name).read(quietly=True)

    def all_as_written(self) -> Iterator[Line]:
        """Read every line whose line.toml is valid now; no good version is used, and none is kept."""
        for name in self.names():
            with contextlib.suppress(ValueError):  # which `problems` reports
                yield self._settings(name).as_written()

    def left_behind(self, name: str) -> Line:
        """Return the last good version of a line whose folder is gone, or a line with all the defaults."""
        try:
            return self._settings(name).good_version()
        except ValueError:
            return Line.without_a_folder(name)

    def problems(self) -> list[str]:
        """Check line.toml and the words of every line; each problem is a sentence that names the file."""
        return [*self._strange_names(), *self._each(LiveFile.problems)]

    def unrecoverable_problems(self) -> list[str]:
        """Check the same files, except those that have a good version to fall back to."""
        return self._each(LiveFile.unrecoverable_problems)

    def keep_good_versions(self) -> None:
        """Read every file once, so that each has a good version to fall back to."""
        for name in self.names():
            with contextlib.suppress(ValueError):  # which `unrecoverable_problems` reports
                line = self.read(name)
                self.read_words(line)
                self.read_tools(line)

    def _each(self, check: Callable[[LiveFile[Any]], list[str]]) -> list[str]:
        try:
            if not self._list():
                return [f"{self.path} has no line in it: if the folder is empty, make up makes one"]
        except OSError as error:
            return [f"{self.path}, the folder of the lines, cannot be read: {error.strerror}"]
        return [problem for name in self.names() for file in self._files(name) for problem in check(file)]

    def _files(self, name: str) -> list[LiveFile[Any]]:
        folder = self.path / name
        return [self._settings(name), *word_files(folder, self._kept), tools_file(folder, self._secrets, self._kept)]

    def _strange_names(self) -> list[str]:
        return [
            f"{self.path.name}/{folder.name} is not a name for a line: use a to z, 0 to 9 and - (but not first), at "
            "most 32 characters"
            for folder in self._folders()
            if not NAME.fullmatch(folder.name)
        ]

    def _folders(self) -> list[Path]:
        try:
            return self._list()
        except OSError:  # which `problems` reports
            return []

    def _list(self) -> list[Path]:
        return sorted(path for path in self.path.iterdir() if path.is_dir() and not path.name.startswith("."))

    def _settings(self, name: str) -> LiveFile[Line]:
        folder = self.path / name
        return LiveFile(
            folder,
            SETTINGS,
            lambda text: parse(text, name, self._secrets, self._check),
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
