"""Where the agent leaves what it keeps of a call, below the data folder.

noted/<line>/2026-11-25/142233-1f2e3d.json                      the note of every call
calls/<line>/2026-11-25/142233-1f2e3d/{audio.ogg,transcript.json}
calls/<line>/2026-11-25/142233-1f2e3d-message-1/message.json
calls/<line>/.work/2026-11-25_142233-1f2e3d/                     being written
outbox/<line>/{*.json,notices/*.json,failed/*.json}              news that nobody has been told yet
"""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from desk.places import LINE
from desk.records.name import DAY, MESSAGE, CallName

AUDIO, TRANSCRIPT, MESSAGE_FILE = "audio.ogg", "transcript.json", "message.json"


@dataclass(frozen=True, slots=True)
class Folders:
    """The folders of calls below `data`. A symbolic link is never followed."""

    data: Path

    @property
    def calls(self) -> Path:
        return self.data / "calls"

    @property
    def noted(self) -> Path:
        return self.data / "noted"

    @property
    def outbox(self) -> Path:
        return self.data / "outbox"

    def note_of(self, name: CallName) -> Path:
        return self.noted / name.line / name.day / f"{name.call}.json"

    def record_of(self, name: CallName) -> Path:
        return self.calls / name.line / name.day / name.call

    def work_of(self, name: CallName) -> Path:
        return self.calls / name.line / ".work" / name.record

    def audio_of(self, name: CallName) -> Path | None:
        """Return the file with the call's sound, or None if there is none that may be read."""
        file = self.record_of(name) / AUDIO
        return file if is_plain(file, below=self.calls) else None

    def folder_of(self, name: CallName) -> Path | None:
        """Return the folder of the call's record, or None if there is none."""
        folder = self.record_of(name)
        return folder if is_plain_folder(folder, below=self.calls) else None

    def messages_of(self, name: CallName) -> list[Path]:
        """Return the folders of the messages that were taken in this call, in order."""
        found = []
        if not is_plain_folder(self.calls / name.line / name.day, below=self.calls):
            return []
        for entry in entries(self.calls / name.line / name.day):
            taken = MESSAGE.fullmatch(entry.name)
            if taken and taken[1] == name.call and entry.is_dir(follow_symlinks=False):
                found.append((int(taken[2]), Path(entry.path)))
        return [path for _, path in sorted(found)]

    def half_written_notes_of(self, name: CallName) -> list[Path]:
        """Return what is left of notes of this call if the process that wrote them was killed."""
        day = self.noted / name.line / name.day
        aside = re.compile(rf"\.{re.escape(name.call)}\.json\.[0-9a-f]+")
        found = entries(day) if is_plain_folder(day, below=self.noted) else []
        return [Path(entry.path) for entry in found if aside.fullmatch(entry.name)]

    def days(self) -> Iterator[tuple[str, str, Path]]:
        """Return every folder of a day, as (line, day, its path), of notes and of records."""
        for top in (self.noted, self.calls):
            for line in folders_in(top, LINE.fullmatch):
                for day in folders_in(Path(line.path), DAY.fullmatch):
                    yield line.name, day.name, Path(day.path)

    def lines(self) -> list[str]:
        """Return the lines of which something is kept."""
        return sorted({each.name for top in (self.noted, self.calls) for each in folders_in(top, LINE.fullmatch)})


def entries(folder: Path) -> list[os.DirEntry[str]]:
    """Return what is in a folder; nothing if it is no folder, is a link, or is gone."""
    try:
        if folder.is_symlink():
            return []
        with os.scandir(folder) as found:
            return list(found)
    except (FileNotFoundError, NotADirectoryError):
        return []


def folders_in(folder: Path, is_named: Callable[[str], object]) -> list[os.DirEntry[str]]:
    """Return the folders in a folder whose name is right, without links."""
    return [each for each in entries(folder) if is_named(each.name) and each.is_dir(follow_symlinks=False)]


def is_plain(path: Path, below: Path) -> bool:
    """Return whether the path is a file, and neither it nor a folder on the way from `below` is a link."""
    return path.is_file() and _is_reached(path, below)


def is_plain_folder(path: Path, below: Path) -> bool:
    """Return whether the path is a folder, and neither it nor a folder on the way from `below` is a link."""
    return path.is_dir() and _is_reached(path, below)


def _is_reached(path: Path, below: Path) -> bool:
    way = [path, *path.parents]
    return below in way and not any(step.is_symlink() for step in way[: way.index(below)])
