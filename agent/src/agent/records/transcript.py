"""The transcript of a call: the shape of transcript.json, which docs/calls/recording.md describes."""

from datetime import UTC, datetime
from typing import Any, Literal, Self

from pydantic import BaseModel, Field

# The parts of a transcript that contain words.
SAID = ("turns", "tool_calls", "actions", "keys", "messages", "outcome_fields", "summary")


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
    # unclear: no answer, or neither yes nor no; unknown: it was begun, and whether it was done is not known
    outcome: Literal["done", "declined", "failed", "unclear", "unknown"]
    at: float


class Keys(BaseModel):
    """DTMF digits that were entered one after the other; `#` and `*` may be among them."""

    keys: str
    start: float
    end: float


Outcome = Literal[
    "joined",  # warm, or cold where the trunk does not transfer calls: the two have talked in the call's room
    "transferred",  # cold: the carrier has connected the two, and the call has left this host
    "busy",
    "no_answer",
    "declined",  # by the phone, by key, by word, or by hanging up
    "not_accepted",  # picked up, but neither a yes nor a key came, as with an answering machine
    "unreachable",
    "caller_left",  # hung up while waiting
    "caller_declined",  # did not want to wait any longer
    "broken_off",  # the call ended for another reason
]


class Transfer(BaseModel):
    """One attempt to transfer the caller to a person."""

    to: str  # the person's name in line.toml
    kind: Literal["warm", "cold"]
    outcome: Outcome = "broken_off"
    at: str  # ISO 8601, UTC: when it began
    seconds: float = 0.0  # for which the two have talked, as far as the agent knows


class Message(BaseModel):
    """What the caller wanted to be passed on, and has confirmed when it was read back."""

    who: str
    number: str  # E.164, or the caller ID as sent if it is no phone number; empty if there is none to call back
    about: str
    urgent: bool
    at: str  # ISO 8601, UTC


class OutcomeFields(BaseModel):
    """What the line's owner wanted to know of the call, as the language model has found it in what was said."""

    values: dict[str, str | int | float | bool | None] | None = None  # None of a field: not said; None: not filled in
    left_out: list[str] = Field(default_factory=list)  # fields whose value from the model did not fit


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
    direction: Literal["inbound", "outbound"] = "inbound"  # outbound: `caller` is the person whom the agent has called
    order: str = ""  # the id that POST /calls has returned; empty if somebody called
    outcome: str
    turns: list[Turn] = Field(default_factory=list)
    tool_calls: list[ToolCall] = Field(default_factory=list)
    actions: list[Action] = Field(default_factory=list)
    keys: list[Keys] = Field(default_factory=list)
    transfers: list[Transfer] = Field(default_factory=list)  # in order
    messages: list[Message] = Field(default_factory=list)
    outcome_fields: OutcomeFields = Field(default_factory=OutcomeFields)
    summary: str | None = None
    models: Models = Field(default_factory=Models)

    def without_words(self) -> Self:
        """Return what is known of the call without anything that was said in it."""
        said = {name: type(self).model_fields[name].get_default(call_default_factory=True) for name in SAID}
        return self.model_copy(update=said)


class Draft(BaseModel):
    """A transcript from which nothing has been redacted yet, and what redaction needs."""

    transcript: Transcript
    speech: list[tuple[float, float]] = Field(default_factory=list)  # when the caller spoke, with words or without
    redact: bool
    whole: bool  # whether it has everything that was said, which it does not after a crash


def iso(moment: float) -> str:
    """Return a time.time() as ISO 8601, in UTC."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")
