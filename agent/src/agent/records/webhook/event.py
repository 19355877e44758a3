"""The events that tell the webhook about a message that has been taken, and about a call that has ended."""

import time
from typing import Any

from agent.records.folders import Folders
from agent.records.transcript import Message, Transcript, iso
from agent.records.webhook import outbox

WHO_CALLED = {"line", "call", "caller", "name", "dialled", "direction", "order"}
ABOUT = WHO_CALLED | {
    *("started", "ended", "seconds", "language", "outcome", "actions", "transfers", "messages", "outcome_fields"),
}


def post_record(record: str, transcript: Transcript, folders: Folders) -> None:
    """Post the event of a call that was recorded, with its transcript."""
    content = transcript.model_dump(mode="json")
    _post(record, about(transcript) | {"recording": folders.name_of(record), "transcript": content}, folders)


def post_call(record: str, transcript: Transcript, folders: Folders) -> None:
    """Post the event of a call of which nothing is kept: who called, when, how it ended, and what was left for others.

    A message is in it although nothing is kept, because the caller has asked to pass it on.
    """
    _post(record, about(transcript) | {"recording": None, "transcript": None}, folders)


def post_message(event: str, message: Message, transcript: Transcript, folders: Folders) -> None:
    """Post the event of a message that has just been taken, in a call that goes on."""
    data = transcript.model_dump(mode="json", include=WHO_CALLED) | {"message": message.model_dump(mode="json")}
    outbox.post(event, iso(time.time()), data, folders, outbox.MESSAGE_TAKEN)


def about(transcript: Transcript) -> dict[str, Any]:
    """Pick what every event says about its call."""
    return transcript.model_dump(mode="json", include=ABOUT)


def _post(record: str, data: dict[str, Any], folders: Folders) -> None:
    outbox.post(f"call-ended-{record}", iso(time.time()), data, folders)
