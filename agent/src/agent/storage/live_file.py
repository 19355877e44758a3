"""Files that anyone may edit while calls come in: each call reads them anew, and a mistake in one stops no call.

Each call runs in a process of its own, so the last good version of a file is kept in a folder and not in memory. The
folder is on the volume, so that the next container has it, too.
"""

import contextlib
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from agent.storage import private_files

logger = logging.getLogger(__name__)

T = TypeVar("T")

KEPT = private_files.DATA / "kept"  # calls are answered after a reboot, whatever has become of a file meanwhile


class _MissingError(ValueError):
    pass


@dataclass(frozen=True, slots=True)
class LiveFile(Generic[T]):
    """A file that may be edited at any time, and how its text is parsed."""

    folder: Path
    name: str  # within the folder
    parse: Callable[[str], T]  # takes "" for an empty file; a ValueError completes "<file> …"
    largest: int  # bytes
    may_be_missing: bool = False  # a file that has never been there is then taken for an empty one
    kept: Path = KEPT

    def read(self) -> T:
        """Return what is in the file; if it is bad or missing, log why and return what is in the last good version.

        Raises:
            ValueError: there is no good version, which `unrecoverable_problem` reports at the start.
        """
        try:
            text = self._read_text(self.folder / self.name)
            value = self._parse(text)
        except ValueError as problem:
            return self._fall_back(problem)
        try:
            _keep(self._good_version, text)
        except OSError as problem:  # a full disk is no reason not to answer
            logger.warning("Could not keep this version of %s for later: %s", self.name, problem)
        return value

    def as_written(self) -> T:
        """Return what is in the file now, and keep nothing; a ValueError says what is wrong with it."""
        return self._parse(self._read_text(self.folder / self.name))

    def problem(self) -> str | None:
        """Return what is wrong with the file: what was found, what was expected, and what to do."""
        try:
            self._parse(self._read_text(self.folder / self.name))
        except _MissingError as problem:
            return None if self.may_be_missing else str(problem)
        except ValueError as problem:
            return str(problem)
        return None

    def unrecoverable_problem(self) -> str | None:
        """Return what is wrong with the file, if there is no good version that could be used in its place."""
        problem = self.problem()
        if problem is None:
            return None
        try:
            self._parse(self._read_text(self._good_version))
        except ValueError:  # there is none, or only an older release could read it
            return problem
        return None

    def _fall_back(self, problem: ValueError) -> T:
        # A missing file is not taken for an empty one if there was a good version: an editor or a wrong folder may be
        # why.
        missing = self.may_be_missing and isinstance(problem, _MissingError)
        try:
            value = self._parse(self._read_text(self._good_version))
        except ValueError:
            if missing:
                return self._parse("")
            raise problem from None
        if not missing:
            logger.error("%s; the last good version is used", problem)
        elif value != self._parse(""):
            logger.warning(
                "%s is missing; the last good version is used: put it back, or an empty file in its place",
                self._display_name,
            )
        return value

    @property
    def _good_version(self) -> Path:
        return self.kept / self.folder.name / self.name

    def _parse(self, text: str) -> T:
        try:
            return self.parse(text)
        except ValueError as problem:
            raise ValueError(f"{self._display_name} {problem}") from None

    def _read_text(self, path: Path) -> str:
        try:
            with path.open("rb") as file:
                size, data = os.fstat(file.fileno()).st_size, file.read(self.largest + 1)
        except FileNotFoundError as error:
            raise _MissingError(self._describe_unreadable(error)) from None
        except OSError as error:
            raise ValueError(self._describe_unreadable(error)) from None
        if len(data) > self.largest:
            raise ValueError(f"{self._display_name} has {size} bytes, at most {self.largest} are read: shorten it")
        try:
            return data.decode("utf-8-sig").replace("\r\n", "\n")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            raise ValueError(
                f"{self._display_name} line {line} is not UTF-8 at byte {error.start}: save it as UTF-8"
            ) from None

    def _describe_unreadable(self, error: OSError) -> str:
        return f"{self._display_name} cannot be read ({error.strerror}): put it back, readable to all"

    @property
    def _display_name(self) -> str:
        return f"{self.folder.parent.name}/{self.folder.name}/{self.name}"


def _keep(path: Path, text: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        if path.read_bytes() == text.encode():  # bytes, since what is kept may be broken, and then it is written anew
            return
    private_files.write(path, text)  # wholly or not at all, since two calls may start at once
