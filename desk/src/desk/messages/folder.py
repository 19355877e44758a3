"""The messages below the data folder. They are found by their folders' names, which sort by time.

calls/<line>/2026-11-25/142233-1f2e3d-message-1/message.json    written by the agent
calls/<line>/2026-11-25/142233-1f2e3d-message-1/done            empty, written here: somebody has dealt with it

Only what is shown is opened, so a page takes as long with ten thousand messages as with ten.
"""

import contextlib
import heapq
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from desk.places import LINE
from desk.records.folders import MESSAGE_FILE, is_plain_folder
from desk.records.name import DAY, MESSAGE

DONE = "done"
LARGEST = 65_536  # bytes of a message

Show = Literal["open", "done", "all"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where one message is; `name` is its folder's."""

    line: str
    day: str
    name: str

    @property
    def call(self) -> str:
        """The name of the folder of the call in which it was taken."""
        return self.name.partition("-message-")[0]

    @property
    def path(self) -> str:
        """Its path below calls/, and below /messages/."""
        return f"{self.line}/{self.day}/{self.name}"

    @property
    def order(self) -> tuple[str, str, int, str]:
        """What messages are sorted by: the later, the greater."""
        return self.day, self.call, int(self.name.rpartition("-")[2]), self.line


def place_of(path: str) -> Place | None:
    """Return the place that a path such as `coffee/2026-11-25/142233-1f2e3d-message-1` names; None if it is none."""
    match path.split("/"):
        case [line, day, name] if LINE.fullmatch(line) and DAY.fullmatch(day) and MESSAGE.fullmatch(name):
            return Place(line, day, name)
    return None


class _File(BaseModel):
    """message.json."""

    model_config = ConfigDict(strict=True)

    who: str
    number: str
    about: str
    urgent: bool
    at: str


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it is shown. What a caller has said is left out of `repr`, so that it is in no log."""

    place: Place
    at: datetime  # in UTC
    done: bool
    who: str = field(default="", repr=False)
    number: str = field(default="", repr=False)  # E.164, or what the caller's phone has sent; "" if there is none
    about: str = field(default="", repr=False)
    urgent: bool = False
    problem: str = ""  # why it cannot be read

    @property
    def can_be_called(self) -> bool:
        """Whether there is a telephone number."""
        return re.fullmatch(r"\+[1-9][0-9]{6,14}", self.number) is not None


class GoneError(Exception):
    """There is no such message, or none any more."""


class MessageFolder:
    """All messages of all lines; `calls` is the folder below the data folder."""

    def __init__(self, calls: Path) -> None:
        self._calls = calls

    def lines(self) -> list[str]:
        """Return the lines of which records are kept, by name."""
        return sorted(it.name for it in _folders(self._calls) if LINE.fullmatch(it.name))

    def page(self, lines: Iterable[str], show: Show, before: Place | None, most: int) -> list[Message]:
        """Return the newest messages of these lines that are older than `before`, one that is gone left out."""
        wanted = (place for place in self._newest_first(list(lines), before) if self._is_shown(place, show))
        return list(islice(filter(None, map(self._read, wanted)), most))

    def read(self, place: Place) -> Message:
        """Read one message.

        Raises:
            GoneError: it is not there.
        """
        if message := self._read(place):
            return message
        raise GoneError

    def mark(self, place: Place, *, done: bool) -> None:
        """Note that somebody has dealt with a message, or that nobody has.

        Raises:
            GoneError: it is not there, and nothing was left behind.
            OSError: it cannot be written down.
        """
        folder = self._folder(place)
        if not is_plain_folder(folder, self._calls) or not (folder / MESSAGE_FILE).is_file():
            raise GoneError
        if not done:
            (folder / DONE).unlink(missing_ok=True)
            return
        try:
            os.close(os.open(folder / DONE, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o660))
        except (FileNotFoundError, NotADirectoryError):
            raise GoneError from None
        if not (
            folder / MESSAGE_FILE
        ).is_file():  # it was deleted meanwhile, and the folder may have outlived that by our file
            with contextlib.suppress(OSError):
                (folder / DONE).unlink(missing_ok=True)
                folder.rmdir()
            raise GoneError

    def _newest_first(self, lines: list[str], before: Place | None) -> Iterator[Place]:
        days = {line: {it.name for it in _folders(self._calls / line) if DAY.fullmatch(it.name)} for line in lines}
        for day in sorted(set().union(*days.values()), reverse=True):
            if before and day > before.day:
                continue
            of_lines = [self._of_day(line, day) for line in lines if day in days[line]]
            for place in heapq.merge(*of_lines, key=lambda it: it.order, reverse=True):
                if not before or place.order < before.order:
                    yield place

    def _of_day(self, line: str, day: str) -> list[Place]:
        found = (Place(line, day, it.name) for it in _folders(self._calls / line / day) if MESSAGE.fullmatch(it.name))
        return sorted(found, key=lambda it: it.order, reverse=True)

    def _is_shown(self, place: Place, show: Show) -> bool:
        return show == "all" or self._is_done(place) == (show == "done")

    def _is_done(self, place: Place) -> bool:
        with contextlib.suppress(OSError):  # what cannot be looked into is to do, and says why
            return (self._folder(place) / DONE).exists()
        return False

    def _read(self, place: Place) -> Message | None:
        """Return the message; None if it is not there, or not yet."""
        done, began, folder = self._is_done(place), _began(place), self._folder(place)
        try:
            if not is_plain_folder(folder, self._calls):
                return None
            with os.fdopen(os.open(folder / MESSAGE_FILE, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
                its = _File.model_validate_json(file.read(LARGEST + 1))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except ValidationError:
            return Message(place, began, done, problem="This message cannot be read: its file is damaged.")
        except OSError as error:
            return Message(place, began, done, problem=f"This message cannot be read: {error.strerror}.")
        return Message(place, _moment(its.at) or began, done, its.who, its.number, its.about, its.urgent)

    def _folder(self, place: Place) -> Path:
        return self._calls / place.line / place.day / place.name


def _folders(folder: Path) -> list[os.DirEntry[str]]:
    """Return the folders in a folder, without links; none if it cannot be read."""
    try:
        with os.scandir(folder) as found:
            return [it for it in found if it.is_dir(follow_symlinks=False)]
    except OSError:
        return []


def _began(place: Place) -> datetime:
    """Return when the message's call began, by its name."""
    try:
        return datetime.strptime(f"{place.day} {place.name[:6]}", "%Y-%m-%d %H%M%S").replace(tzinfo=UTC)
    except ValueError:  # such as the 31st of February
        return datetime.fromtimestamp(0, UTC)


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else None
