"""Reading what is kept of one call. A file that is damaged, half written or gone is said, and the rest is shown."""

import os
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from desk.records.folders import MESSAGE_FILE, TRANSCRIPT, Folders, is_plain
from desk.records.name import CallName
from desk.records.shapes import Message, Note, Transcript

LARGEST = 20_000_000  # bytes; the transcript of a whole day of talk has less
KNOWN_VERSION = 1
LONGEST_CALL = 86_400  # seconds; a host may not let a call last longer
NOTED_WITHIN = 60.0  # seconds after its end in which the agent writes a call's note

S = TypeVar("S", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Record:
    """All that is known of one call. `problems` are whole sentences about what cannot be shown."""

    name: CallName
    note: Note | None = None
    transcript: Transcript | None = None  # with the words, if the call was kept
    has_audio: bool = False
    is_being_written: bool = False  # the agent has yet to write its record, or its note
    message_files: list[Message] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def exists(self) -> bool:
        """Whether anything is left of the call."""
        return bool(self.note or self.transcript or self.has_audio or self.message_files or self.problems)

    @property
    def facts(self) -> Transcript:
        """The facts of the call, with its words if they are kept."""
        if self.transcript:
            return self.transcript
        return self.note.transcript if self.note else Transcript(line=self.name.line)

    @property
    def messages(self) -> list[Message]:
        """What the caller has left to be passed on, from wherever it is kept."""
        noted = self.note.transcript.messages if self.note else []
        return (self.transcript.messages if self.transcript else []) or self.message_files or noted

    @property
    def caller(self) -> str:
        """The caller's number; of a call of which only a message is left, the number in it."""
        known = self.transcript or self.note
        if known or not self.message_files:
            return self.facts.caller
        return self.message_files[0].number

    @property
    def caller_name(self) -> str:
        return self.facts.name or (self.messages[0].who if self.messages else "")

    @property
    def began(self) -> datetime:
        """When the call, or its recording, began, in UTC."""
        return moment(self.facts.started) or self.name.began

    @property
    def kept(self) -> bool:
        """Whether its recording and words are kept."""
        return bool(self.transcript or self.has_audio)

    @property
    def came_by(self) -> str:
        return self.note.came_by if self.note else "phone"

    @property
    def rejected(self) -> str:
        return self.note.rejected if self.note else ""


def read(folders: Folders, name: CallName) -> Record:
    """Read everything that is kept of a call.

    Raises:
        OSError: a folder cannot be read, for a reason other than that it is gone.
    """
    problems: list[str] = []
    note = _read(folders.note_of(name), folders.noted, Note, "The note", problems)
    folder = folders.folder_of(name)
    transcript = _read(folders.record_of(name) / TRANSCRIPT, folders.calls, Transcript, "The transcript", problems)
    audio = folders.audio_of(name)
    has_audio = audio is not None and not _is_empty(audio)
    if folder and not transcript and not problems:
        problems.append("The record has no transcript: it was broken off, or it is being deleted.")
    if folder and audio is not None and not has_audio:
        problems.append("The recording is empty.")
    elif folder and audio is None:
        problems.append("The record has no sound: it was broken off, or it is being deleted.")
    messages = [
        message
        for place in folders.messages_of(name)
        if (message := _read(place / MESSAGE_FILE, folders.calls, Message, "A message", problems))
    ]
    is_being_written = folders.work_of(name).is_dir()
    if not (note or is_being_written or folders.note_of(name).is_file()):
        is_being_written = _is_noted_soon(transcript) if folder else bool(messages) and _may_go_on(name)
    return Record(name, note, transcript, has_audio, is_being_written, messages, problems)


def _is_noted_soon(transcript: Transcript | None) -> bool:
    ended = moment(transcript.ended) if transcript else None
    return ended is not None and 0 <= time.time() - ended.timestamp() < NOTED_WITHIN


def _may_go_on(name: CallName) -> bool:
    """Return whether a call that is not recorded, and has left a message, may still be in progress."""
    return 0 <= time.time() - name.began.timestamp() < LONGEST_CALL


def _is_empty(file: Path) -> bool:
    """Return whether there is nothing in a file, or no such file any more."""
    try:
        return file.stat().st_size == 0
    except FileNotFoundError:
        return True


def _read(file: Path, below: Path, shape: type[S], what: str, problems: list[str]) -> S | None:
    """Read one file; None if it is not there or cannot be read, which is then added to `problems`."""
    if not is_plain(file, below):
        return None
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW)
        with os.fdopen(descriptor, "rb") as opened:
            content = opened.read(LARGEST + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        problems.append(f"{what} cannot be read: {error.strerror or type(error).__name__}.")
        return None
    if len(content) > LARGEST:
        problems.append(f"{what} is larger than {LARGEST // 1_000_000} MB and is not shown.")
        return None
    try:
        found = shape.model_validate_json(content)
    except ValidationError as error:
        problems.append(_said(what, content, error))
        return None
    if getattr(found, "version", KNOWN_VERSION) > KNOWN_VERSION:
        problems.append(f"{what} was written by a newer release of Landline: what this one knows of it is shown.")
    return found


def _said(what: str, content: bytes, error: ValidationError) -> str:
    """Say what is wrong with a file, without any of its content."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    if not content.strip():
        return f"{what} is empty: it was being written when the disk was full, or when the host stopped."
    if first["type"] == "json_invalid":
        return f"{what} is damaged or was only half written: it is not JSON to its end."
    place = ".".join(str(part) for part in first["loc"] if isinstance(part, int) or str(part).isidentifier())
    return f"{what} is damaged: it has something at {place or 'its top'} that is not as the agent writes it."


def moment(written: str) -> datetime | None:
    """Return an ISO 8601 time, with UTC where it has no zone; None if it is none."""
    try:
        parsed = datetime.fromisoformat(written)
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
