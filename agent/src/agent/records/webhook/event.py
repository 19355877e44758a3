"""The event that tells the webhook about a call that has ended."""

import time
from typing import Any

from agent.records.folders import Folders
from agent.records.transcript import Transcript, iso
from agent.records.webhook import outbox

ABOUT = {"line", "call", "started", "ended", "seconds", "language", "caller", "name", "dialled", "outcome", "actions"}


def post_record(record: str, transcript: Transcript, folders: Folders) -> None:
    """Post the event of a call that was recorded, with its transcript."""
    content = transcript.model_dump(mode="json")
    _post(record, about(transcript) | {"recording": folders.name_of(record), "transcript": content}, folders)


def post_call(record: str, transcript: Transcript, folders: Folders) -> None:
    """Post the event of a call of which nothing is kept: who called, when, and how the call ended."""
    _post(record, about(transcript) | {"recording": None, "transcript": None}, folders)


def about(transcript: Transcript) -> dict[str, Any]:
    """Pick what every event says about its call."""
    return transcript.model_dump(mode="json", include=ABOUT)


def _post(record: str, data: dict[str, Any], folders: Folders) -> None:
    outbox.post(f"call-ended-{record}", iso(time.time()), data, folders)
