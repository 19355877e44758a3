"""What the webhook is told of a call that has ended."""

import time
from typing import Any

from agent.records.folders import Folders
from agent.records.transcript import Transcript, iso
from agent.records.webhook import outbox
from agent.settings import Settings

ABOUT = {"call", "started", "ended", "seconds", "language", "caller", "name", "dialled", "outcome"}


def of_record(record: str, transcript: Transcript, settings: Settings, folders: Folders) -> None:
    """A call that was recorded, with its transcript; nothing if nobody wants to know."""
    told = transcript.model_dump(mode="json")
    _post(record, about(transcript) | {"recording": folders.name_of(record), "transcript": told}, settings, folders)


def of_call(record: str, transcript: Transcript, settings: Settings, folders: Folders) -> None:
    """A call that was not, or of which nothing could be kept: who and when, and how it ended."""
    _post(record, about(transcript) | {"recording": None, "transcript": None}, settings, folders)


def about(transcript: Transcript) -> dict[str, Any]:
    return transcript.model_dump(mode="json", include=ABOUT)


def _post(record: str, data: dict[str, Any], settings: Settings, folders: Folders) -> None:
    if settings.webhook_url:
        outbox.post(f"call-ended-{record}", iso(time.time()), data, folders)
