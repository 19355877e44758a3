"""The note of a call: the shape of the file that every call leaves, which docs/desk.md describes.

A note has who called and when, how fast the agent was, and what the call cost, but nothing that was said in it.
"""

from typing import Literal

from pydantic import BaseModel, Field

from agent.providers.prices import Cost
from agent.providers.usage import ModelUsage
from agent.records.folders import Folders
from agent.records.instruments import Instrument
from agent.records.transcript import Latencies, Transcript
from agent.storage.private_files import write

BROWSER = "browser-"  # how the id of a call by browser begins, which is the caller's identity in its room


class NotedTurn(Latencies):
    """How fast one reply came: seconds after the caller's last sound, which was `at` seconds into the call."""

    at: float
    interrupted: bool = False


class NotedTool(BaseModel):
    """One use of a tool by the language model, without its arguments and its result."""

    name: str
    seconds: float
    failed: bool = False


class CallNote(BaseModel):
    """What is known of one call when it is over."""

    version: Literal[1] = 1
    record: str  # its name, also if there is no record: 2026-11-25_142233-1f2e3d
    transcript: Transcript  # without words; `started` is when the caller was there, not when the recording began
    came_by: Literal["phone", "browser"] = "phone"
    kept: bool = False  # whether there is a record, or what one is still made from
    rejected: str = ""  # why the caller was not let in: busy, line_limit, caller_limit or refused
    draft: str = ""  # the id of the draft of a line that was tried in this call
    greeted_after: float | None = None  # seconds from the job's beginning to the first sound; None: there was none
    interruptions: int = 0  # by the caller, of anything that the agent said
    turns: list[NotedTurn] = Field(default_factory=list)
    tools: list[NotedTool] = Field(default_factory=list)
    usage: list[ModelUsage] = Field(default_factory=list)
    cost: Cost = Field(default_factory=Cost)
    otel: list[Instrument] = Field(default_factory=list)  # what livekit-agents' own instruments have measured


def write_note(note: CallNote, folders: Folders) -> None:
    """Write the note to its place; an OSError if the disk is full."""
    write(folders.note_of(note.record), note.model_dump_json())


def write_note_of_what_was_left(record: str, transcript: Transcript, folders: Folders, *, kept: bool) -> None:
    """Write the note of a call whose process has died, with what its record says; one that is there already stays."""
    if not folders.note_of(record).exists():
        came_by: Literal["phone", "browser"] = "browser" if transcript.call.startswith(BROWSER) else "phone"
        note = CallNote(record=record, transcript=transcript.without_words(), came_by=came_by, kept=kept)
        write_note(note, folders)
