"""The transcript of a call: the shape of transcript.json, which docs/calls/recording.md describes."""

from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import BaseModel, Field


class Latencies(BaseModel):
    """Seconds after the caller's last sound; None for what is not known."""

    transcribed: float | None = None
    decided: float | None = None
    first_token: float | None = None
    first_audio: float | None = None


class Turn(BaseModel):
    """The words of one side; `start` and `end` are seconds into the recording."""

    who: Literal["caller", "agent"]
    text: str
    start: float
    end: float
    interrupted: bool = False
    latencies: Latencies | None = None  # of a reply


class ToolCall(BaseModel):
    name: str
    arguments: Any
    result: str | None = None
    at: float


class Action(BaseModel):
    """Something that a tool was to change outside, about which the caller was asked first."""

    what: str
    outcome: Literal["done", "declined", "failed", "unclear"]  # unclear: no answer, or neither yes nor no
    at: float


class Keys(BaseModel):
    """DTMF digits that were entered one after the other; `#` and `*` may be among them."""

    keys: str
    start: float
    end: float


class Models(BaseModel):
    stt: str = ""
    llm: str = ""
    tts: str = ""


class Transcript(BaseModel):
    version: Literal[1] = 1
    line: str = ""  # its folder's name; empty in transcripts of releases that had one line only
    call: str  # the gateway's id of the call, SCL_…
    started: str  # ISO 8601, UTC: the recording's beginning
    ended: str
    seconds: float
    language: str
    caller: str  # E.164; as sent if it is not a phone number; empty if it is withheld
    name: str
    dialled: str
    outcome: str
    turns: list[Turn] = Field(default_factory=list)
    tool_calls: list[ToolCall] = Field(default_factory=list)
    actions: list[Action] = Field(default_factory=list)
    keys: list[Keys] = Field(default_factory=list)
    summary: str | None = None
    models: Models = Field(default_factory=Models)


class Draft(BaseModel):
    """A transcript from which nothing has been redacted yet, and what redaction needs."""

    transcript: Transcript
    speech: list[tuple[float, float]] = Field(default_factory=list)  # when the caller spoke, with words or without
    redact: bool
    whole: bool  # whether it has everything that was said, which it does not after a crash


def iso(moment: float) -> str:
    """Return a time.time() as ISO 8601, in UTC."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")
