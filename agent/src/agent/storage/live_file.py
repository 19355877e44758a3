"""Files that anyone may edit while the line is up: read anew for each call, and never the end of a line that works.

Each call runs in a process of its own, so the last good version of a file is kept in a folder, not in memory; on the
volume, so that the next container has it, too.
"""

import contextlib
import logging
import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from agent.storage import private_files

logger = logging.getLogger(__name__)

T = TypeVar("T")

KEPT = private_files.DATA / "good"  # a line comes back after a reboot, whatever has become of a file meanwhile
KEPT_BEFORE = private_files.DATA / "kept"  # up to release 0.1.0, when there was one line


class FileError(ValueError):
    """A file that cannot be used; `problems` has a sentence for each reason."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = list(problems)
        super().__init__("; ".join(self.problems))


class _MissingError(FileError):
    pass


@dataclass(frozen=True, slots=True)
class LiveFile(Generic[T]):
    """One such file, and how its text is understood."""

    folder: Path
    name: str  # within the folder
    parse: Callable[[str], T]  # of "" for a file with nothing in it; a ValueError, or each problem of a FileError,
    # completes "<file> …"
    largest: int  # bytes
    may_be_missing: bool = False  # while it has never been there it is then like an empty one
    kept: Path = KEPT
    when_missing: str = ""  # the sentence that is said where the file is not there; empty: one for any file

    def read(self, *, quietly: bool = False) -> T:
        """Return what is in it; of a file that is no good, or gone, the last good version, and the log says why.

        `quietly`: the log does not, because this is read again and again, and whoever reads it for a call tells.

        Raises:
            FileError: there is no good version, which `unrecoverable_problems` tells at the start.
        """
        try:
            text = self._text(self.folder / self.name)
            value = self._parsed(text)
        except FileError as problem:
            return self._instead(problem, quietly=quietly)
        self._keep(text, quietly=quietly)
        return value

    def as_written(self) -> T:
        """Return what is in the file now, and keep nothing; a FileError says why that is no good."""
        return self._parsed(self._text(self.folder / self.name))

    def good_version(self) -> T:
        """Return the last good version, whatever is in the file now; a FileError where there is none.

        A version that an older release took for good may be none for this one.
        """
        return self._parsed(self._text(self._good_version))

    def problems(self) -> list[str]:
        """Say what is wrong with it, in sentences: the file, what was found, what was expected, what to do."""
        try:
            self.as_written()
        except _MissingError as problem:
            return [] if self.may_be_missing else problem.problems
        except FileError as problem:
            return problem.problems
        return []

    def unrecoverable_problems(self) -> list[str]:
        """Say what is wrong with it, if there is no good version either that could be used in its place."""
        problems = self.problems()
        if problems:
            with contextlib.suppress(FileError):
                self.good_version()
                return []
        return problems

    def _instead(self, problem: FileError, *, quietly: bool) -> T:
        # Not even where the file may be missing is there nothing in it: an editor or a wrong folder may be why.
        missing = self.may_be_missing and isinstance(problem, _MissingError)
        try:
            value = self.good_version()
        except FileError:
            if not missing:
                raise problem from None
            self._keep("", quietly=quietly)  # of a first edit that is no good, this is the version before
            return self._parsed("")
        if quietly:
            return value
        if not missing:
            logger.error("%s; the last good version is used", problem)
        elif value != self._parsed(""):
            logger.warning(
                "%s is missing; the last good version is used: put it back, or an empty file in its place", self._shown
            )
        return value

    def _keep(self, text: str, *, quietly: bool) -> None:
        try:
            _write_if_other(self._good_version, text)
        except OSError as problem:  # a full disk is no reason not to answer
            if not quietly:
                logger.warning("Could not keep this version of %s for later: %s", self._shown, problem)

    @property
    def _good_version(self) -> Path:
        return self.kept / self.folder.name / self.name

    def _parsed(self, text: str) -> T:
        try:
            return self.parse(text)
        except FileError as error:
            problems = error.problems
        except ValueError as error:
            problems = [str(error)]
        raise FileError(f"{self._shown} {problem}" for problem in problems)

    def _text(self, path: Path) -> str:
        try:
            with path.open("rb") as file:
                size, data = os.fstat(file.fileno()).st_size, file.read(self.largest + 1)
        except FileNotFoundError as error:
            raise _MissingError([self.when_missing or self._unreadable(error)]) from None
        except OSError as error:
            raise FileError([self._unreadable(error)]) from None
        if len(data) > self.largest:
            raise FileError([f"{self._shown} has {size} bytes, at most {self.largest} are read: shorten it"])
        try:
            return data.decode("utf-8-sig").replace("\r\n", "\n")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            problem = f"{self._shown} line {line} is not UTF-8 at byte {error.start}: save it as UTF-8"
        raise FileError([problem])

    def _unreadable(self, error: OSError) -> str:
        return f"{self._shown} cannot be read ({error.strerror}): put it back, readable to all"

    @property
    def _shown(self) -> str:
        return f"{self.folder.parent.name}/{self.folder.name}/{self.name}"


def _write_if_other(path: Path, text: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        if path.read_bytes() == text.encode():  # as bytes: what is kept may be broken, and then it is written anew
            return
    private_files.write(path, text)  # two calls may start at once: whole or not at all


def delete_versions_of_the_release_before(kept: Path = KEPT_BEFORE) -> None:
    """Delete what a release without lines has kept: people's names are among it, and nothing reads it any more."""
    try:
        shutil.rmtree(kept)
    except FileNotFoundError:
        pass
    except OSError as problem:
        logger.warning("Could not delete %s, which nothing reads any more: %s", kept, problem)
