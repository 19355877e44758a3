"""The part of a call's note that figures are made of: data/noted/<line>/<day>/<record>.json."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

Seconds = Annotated[float, Field(ge=0, lt=86_400)]
Count = Annotated[float, Field(ge=0)]


class Models(BaseModel):
    stt: str = ""
    llm: str = ""
    tts: str = ""


class Transcript(BaseModel):
    started: datetime
    seconds: Seconds = 0.0
    outcome: str = ""
    models: Models = Models()


class Turn(BaseModel):
    """Seconds after the caller's last sound; None for what is not known."""

    transcribed: Seconds | None = None
    decided: Seconds | None = None
    first_token: Seconds | None = None
    first_audio: Seconds | None = None


class Usage(BaseModel):
    kind: Literal["llm", "stt", "tts"]
    provider: str
    model: str
    requests: Count = 0
    errors: Count = 0
    input_tokens: Count = 0
    cached_tokens: Count = 0
    output_tokens: Count = 0
    characters: Count = 0
    audio_seconds: Count = 0


class CostPart(BaseModel):
    amount: Count | None = None  # None: the price is not known


class Cost(BaseModel):
    currency: str = "USD"
    total: Count | None = None  # None: a part's price is not known
    parts: list[CostPart] = Field(default_factory=list)


class Note(BaseModel):
    version: Literal[1]
    transcript: Transcript
    came_by: Literal["phone", "browser"] = "phone"
    rejected: str = ""
    interruptions: int = Field(default=0, ge=0)  # of the agent, by the caller
    turns: list[Turn] = Field(default_factory=list)
    usage: list[Usage] = Field(default_factory=list)
    cost: Cost | None = None
