"""Files that anyone may edit while the line is up: read anew for each call, and a faulty edit stops no working line.

Each call runs in a process of its own, so the last good version of a file is kept in a folder, not in memory. The
folder is on the volume, so that the next container has it, too.
"""

import codecs
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

KEPT = private_files.DATA / "good"  # so a line comes back after a reboot, whatever has happened to a file meanwhile
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)  # how a file begins that a Windows program saved as "Unicode"
KEPT_BEFORE = private_files.DATA / "kept"  # up to release 0.1.0, when there was one line


class FileError(ValueError):
    """A file cannot be used; `problems` has a sentence for each reason."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = list(problems)
        super().__init__("; ".join(self.problems))


class _MissingError(FileError):
    pass


@dataclass(frozen=True, slots=True)
class LiveFile(Generic[T]):
    """One such file, and how its text is read."""

    folder: Path
    name: str  # within the folder
    parse: Callable[[str], T]  # is given "" for an empty file; a ValueError, or each problem of a FileError,
    # completes "<file> …"
    largest: int  # bytes
    may_be_missing: bool = False  # a file that has never existed then counts as empty
    kept: Path = KEPT
    when_missing: str = ""  # the problem that is reported if the file is missing; empty: a general one

    def read(self, *, quietly: bool = False) -> T:
        """Return what is in the file. If it is faulty or gone, return its last good version, and log why.

        With `quietly` nothing is logged, because the file is read again and again; the read for a call logs it.

        Raises:
            FileError: there is no good version either, which `unrecoverable_problems` reports at the start.
        """
        try:
            text = self._text(self.folder / self.name)
            value = self._parsed(text)
        except FileError as problem:
            return self._instead(problem, quietly=quietly)
        self._keep(text, quietly=quietly)
        return value

    def as_written(self) -> T:
        """Return what is in the file now, and keep nothing; a FileError says what is wrong with it."""
        return self._parsed(self._text(self.folder / self.name))

    def good_version(self) -> T:
        """Return the last good version, whatever is in the file now; a FileError if there is none.

        A version that an older release accepted may be faulty for this one.
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
        """Say what is wrong with it, unless there is a good version to use in its place."""
        problems = self.problems()
        if problems:
            with contextlib.suppress(FileError):
                self.good_version()
                return []
        return problems

    def _instead(self, problem: FileError, *, quietly: bool) -> T:
        # A missing file does not count as empty even if it may be missing: an editor or a wrong folder may be why.
        missing = self.may_be_missing and isinstance(problem, _MissingError)
        try:
            value = self.good_version()
        except FileError:
            if not missing:
                raise problem from None
            self._keep("", quietly=quietly)  # the version to fall back to if the first edit is faulty
            return self._parsed("")
        if quietly:
            return value
        if not missing:
            logger.error("%s; the last good version is used", problem)
        elif value != self._parsed(""):
            logger.warning(
                "%s is missing; the last good version is used: put it back, or create an empty file", self._shown
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
            raise FileError([f"{self._shown} has {size} bytes, but at most {self.largest} are read: shorten it"])
        try:
            return _decoded(data)
        except UnicodeDecodeError as error:
            row = data.count(b"\n", 0, error.start) + 1
            problem = f"{self._shown} row {row} is not UTF-8 at byte {error.start}: save it as UTF-8"
        raise FileError([problem])

    def _unreadable(self, error: OSError) -> str:
        return f"{self._shown} cannot be read ({error.strerror}): put it back, and make it readable by all"

    @property
    def _shown(self) -> str:
        return f"{self.folder.parent.name}/{self.folder.name}/{self.name}"


def _decoded(data: bytes) -> str:
    """Read UTF-8, or UTF-16 that says that it is; rows end with a newline, whichever system has written them.

    Any other encoding is refused, because its bytes do not say which one it is: a name would be misread.
    """
    text = data.decode("utf-16" if data.startswith(UTF_16) else "utf-8-sig")
    if (place := text.find("\0")) >= 0:  # UTF-16 that does not say so, or no text at all
        raise UnicodeDecodeError("utf-8", data, place, place + 1, "a zero byte")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _write_if_other(path: Path, text: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        if path.read_bytes() == text.encode():  # as bytes: a damaged copy is then written anew
            return
    private_files.write(path, text)  # wholly or not at all, since two calls may start at once


def delete_versions_of_the_release_before(kept: Path = KEPT_BEFORE) -> None:
    """Delete what a release without lines has kept: it contains people's names, and nothing reads it any more."""
    try:
        shutil.rmtree(kept)
    except FileNotFoundError:
        pass
    except OSError as problem:
        logger.warning("Could not delete %s, which nothing reads any more: %s", kept, problem)
