"""What the agent writes of a call, as far as the desk shows it: a note, a transcript, a message.

These shapes are wider than the agent's own. What an older release did not write has a default, and what a newer release
writes besides is left out.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

LONGEST = 10 * 86_400  # seconds; no call lasts so long, and a time axis can be drawn


def _empty_for_none(value: Any) -> Any:
    return "" if value is None else value


def _list_for_none(value: Any) -> Any:
    return [] if value is None else value


Text = Annotated[str, BeforeValidator(_empty_for_none)]
Seconds = Annotated[float, Field(ge=-LONGEST, le=LONGEST)]


class Shape(BaseModel):
    model_config = ConfigDict(extra="ignore", allow_inf_nan=False, frozen=True)


class Latencies(Shape):
    """Seconds after the caller's last sound; None for what is not known."""

    transcribed: Seconds | None = None
    decided: Seconds | None = None
    first_token: Seconds | None = None
    first_audio: Seconds | None = None


class Turn(Shape):
    """The words of one side; `start` and `end` are seconds into the recording."""

    who: Literal["caller", "agent"] | str
    text: Text = ""
    start: Seconds
    end: Seconds
    interrupted: bool = False
    latencies: Latencies | None = None


class ToolCall(Shape):
    name: Text = ""
    arguments: Any = None
    result: Any = None
    at: Seconds | None = None


class Action(Shape):
    what: Text = ""
    outcome: Text = ""
    at: Seconds | None = None


class Keys(Shape):
    keys: Text = ""
    start: Seconds | None = None
    end: Seconds | None = None


class Transfer(Shape):
    to: Text = ""
    kind: Text = ""
    outcome: Text = ""
    at: Text = ""
    seconds: Seconds = 0.0


class Message(Shape):
    who: Text = ""
    number: Text = ""
    about: Text = ""
    urgent: bool = False
    at: Text = ""


class OutcomeFields(Shape):
    values: dict[str, Any] | None = None
    left_out: Annotated[list[str], BeforeValidator(_list_for_none)] = Field(default_factory=list)


class Models(Shape):
    stt: Text = ""
    llm: Text = ""
    tts: Text = ""


class Transcript(Shape):
    version: int = 1
    line: Text = ""
    call: Text = ""
    started: Text = ""
    ended: Text = ""
    seconds: Seconds = 0.0
    language: Text = ""
    caller: Text = ""
    name: Text = ""
    dialled: Text = ""
    direction: Text = "inbound"
    order: Text = ""
    outcome: Text = ""
    turns: Annotated[list[Turn], BeforeValidator(_list_for_none)] = Field(default_factory=list)
    tool_calls: Annotated[list[ToolCall], BeforeValidator(_list_for_none)] = Field(default_factory=list)
    actions: Annotated[list[Action], BeforeValidator(_list_for_none)] = Field(default_factory=list)
    keys: Annotated[list[Keys], BeforeValidator(_list_for_none)] = Field(default_factory=list)
    transfers: Annotated[list[Transfer], BeforeValidator(_list_for_none)] = Field(default_factory=list)
    messages: Annotated[list[Message], BeforeValidator(_list_for_none)] = Field(default_factory=list)
    outcome_fields: OutcomeFields = Field(default_factory=OutcomeFields)
    summary: Text = ""
    models: Models = Field(default_factory=Models)


class NotedTurn(Shape):
    """How fast one reply came: seconds after the caller's last sound, which was `at` seconds into the call."""

    at: Seconds | None = None
    transcribed: Seconds | None = None
    decided: Seconds | None = None
    first_token: Seconds | None = None
    first_audio: Seconds | None = None
    interrupted: bool = False


class NotedTool(Shape):
    name: Text = ""
    seconds: Seconds | None = None
    failed: bool = False


class Usage(Shape):
    """What one model was used for; the counts are of tokens, characters and seconds of sound."""

    kind: Text = ""
    provider: Text = ""
    model: Text = ""
    requests: int = 0
    errors: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    characters: int = 0
    audio_seconds: float = 0.0


class CostPart(Shape):
    kind: Text = ""
    provider: Text = ""
    model: Text = ""
    amount: float | None = None  # None: the price is not known


class Cost(Shape):
    currency: Text = ""
    total: float | None = None
    parts: Annotated[list[CostPart], BeforeValidator(_list_for_none)] = Field(default_factory=list)


class Note(Shape):
    """What is noted of every call, whether it was recorded or not."""

    version: int = 1
    record: Text = ""
    transcript: Transcript = Field(default_factory=Transcript)
    came_by: Text = "phone"
    kept: bool = False
    rejected: Text = ""
    draft: Text = ""
    greeted_after: Seconds | None = None
    interruptions: int | None = None
    turns: Annotated[list[NotedTurn], BeforeValidator(_list_for_none)] = Field(default_factory=list)
    tools: Annotated[list[NotedTool], BeforeValidator(_list_for_none)] = Field(default_factory=list)
    usage: Annotated[list[Usage], BeforeValidator(_list_for_none)] = Field(default_factory=list)
    cost: Cost | None = None
