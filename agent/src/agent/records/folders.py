"""Where records lie. A call's folder appears in its place whole, by a rename; nobody but the agent's user may read any.

calls/2026-11-25/142233-1f2e3d/{audio.ogg,transcript.json}    UTC; deleted when it is old enough
calls/.work/2026-11-25_142233-1f2e3d/                         in progress, or left behind by a crash
outbox/<id>.json, outbox/failed/<id>.json                     news that the webhook has yet to be told, or never was
"""

import secrets
from datetime import UTC, datetime
from pathlib import Path

from agent.storage.private_files import DATA


class Folders:
    """The paths below the data folder."""

    def __init__(self, data: Path = DATA) -> None:
        self.calls = data / "calls"
        self.work = self.calls / ".work"
        self.outbox = data / "outbox"
        self.failed = self.outbox / "failed"

    def work_of(self, record: str) -> Path:
        return self.work / record

    def place_of(self, record: str) -> Path:
        """`2026-11-25_142233-1f2e3d` -> calls/2026-11-25/142233-1f2e3d"""
        return self.calls.joinpath(*record.split("_", 1))

    def name_of(self, record: str) -> str:
        """The same as a name within the calls' folder."""
        return self.place_of(record).relative_to(self.calls).as_posix()


def new_record(began: float) -> str:
    """A name for a call that began at this time.time(); names sort by it."""
    return f"{datetime.fromtimestamp(began, UTC):%Y-%m-%d_%H%M%S}-{secrets.token_hex(3)}"
