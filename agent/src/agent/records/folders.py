"""Where a line's records are. A call's folder is renamed into place when it is complete; the desk can read it, too.

calls/<line>/2026-11-25/142233-1f2e3d/{audio.ogg,transcript.json}    UTC; deleted when it is old enough
calls/<line>/2026-11-25/142233-1f2e3d-message-1/message.json         a message; the desk puts `done` beside it
calls/<line>/.work/2026-11-25_142233-1f2e3d/                         in progress, or left behind by a crash
noted/<line>/2026-11-25/142233-1f2e3d.json                           what is noted of every call, without its words
outbox/<line>/<id>.json                                              events for the webhook, to be delivered
outbox/<line>/notices/<id>.json                                      notices for the owner, to be delivered
outbox/<line>/failed/<id>.json                                       both, if they were never accepted
"""

import secrets
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path

from agent.storage.private_files import DATA, make_folder


class Folders:
    """The paths of one line below the data folder."""

    def __init__(self, line: str, data: Path = DATA) -> None:
        self.line = line
        self.calls = data / "calls" / line
        self.work = self.calls / ".work"
        self.noted = data / "noted" / line
        self.outbox = data / "outbox" / line
        self.notices = self.outbox / "notices"
        self.failed = self.outbox / "failed"

    def work_of(self, record: str) -> Path:
        return self.work / record

    def place_of(self, record: str) -> Path:
        """`2026-11-25_142233-1f2e3d` -> calls/2026-11-25/142233-1f2e3d"""
        return self.calls.joinpath(*record.split("_", 1))

    def message_of(self, record: str, which: int) -> Path:
        """Return where a message is kept; it is deleted when the call's folder would be."""
        place = self.place_of(record)
        return place.with_name(f"{place.name}-message-{which}") / "message.json"

    def note_of(self, record: str) -> Path:
        """`2026-11-25_142233-1f2e3d` -> noted/2026-11-25/142233-1f2e3d.json"""
        day, moment = record.split("_", 1)
        return self.noted / day / f"{moment}.json"

    def name_of(self, record: str) -> str:
        """`2026-11-25_142233-1f2e3d` -> <line>/2026-11-25/142233-1f2e3d, its path below calls/."""
        return self.place_of(record).relative_to(self.calls.parent).as_posix()


def new_record(began: float) -> str:
    """Make a name for a call that began at this time.time(); names sort by that time."""
    return f"{datetime.fromtimestamp(began, UTC):%Y-%m-%d_%H%M%S}-{secrets.token_hex(3)}"


def lines_with_records(data: Path = DATA) -> set[str]:
    """Name the lines that have records, notes or events, including those whose folder is gone by now."""
    kinds = ("calls", "noted", "outbox")
    return {folder.name for kind in kinds for folder in (data / kind).glob("[!.]*") if folder.is_dir()}


def adopt_records_of_the_release_before(line: str, lines: Collection[str], data: Path = DATA) -> None:
    """Give this line what a release without lines has left directly below calls/ and outbox/.

    `lines` are all the lines that exist; their own folders are below calls/ and outbox/, too. A file or folder whose
    name this line already uses stays where it is, since nothing is ever overwritten.
    """
    folders = Folders(line, data)
    days = [day for day in (data / "calls").glob("????-??-??") if day.name not in lines]
    failed = [] if "failed" in lines else [data / "outbox/failed"]
    moved = [
        *((call, folders.calls / day.name) for day in days for call in day.iterdir()),
        *((work, folders.work) for work in (data / "calls/.work").glob("*")),
        *((event, folders.outbox) for event in (data / "outbox").glob("*.json")),
        *((event, folders.failed) for folder in failed for event in folder.glob("*.json")),
    ]
    for path, folder in moved:
        if not (make_folder(folder) / path.name).exists():
            path.rename(folder / path.name)
    for emptied in (*days, data / "calls/.work", *failed):
        if emptied.is_dir() and not any(emptied.iterdir()):
            emptied.rmdir()
