"""Who speaks when; seconds where nothing else is said. docs/turns.md tells what each gives and costs."""

from typing import Literal

from pydantic import Field, ValidationInfo, field_validator
from pydantic_settings import BaseSettings

from agent.settings.values import at_least


class Turns(BaseSettings):
    early_transcript: float = Field(0.02, ge=0, le=0.5)
    vad: Literal["builtin", "silero"] = "builtin"
    end_of_turn: Literal["both", "words", "melody", "silence"] = "both"
    wait_done: float = Field(0.6, ge=0.3, le=5)
    wait_unsure: float = Field(1.1, ge=0.3, le=10)
    wait_unfinished: float = Field(1.8, ge=0.3, le=10)
    preemptive_generation: Literal["voice", "text", "no"] = "voice"
    first_words: int = Field(4, ge=0, le=100)
    prepare_greeting: bool = True
    barge_in: float = Field(0.12, ge=0.05, le=2)
    barge_in_within: float = Field(12, ge=3, le=60)  # dB below the caller's own words
    resume_after: float = Field(1.5, ge=0.1, le=10)
    echo_warmup: float = Field(0, ge=0, le=10)
    frame_ms: int = Field(20, ge=10, le=100)

    @field_validator("wait_unsure", "wait_unfinished")
    @classmethod
    def _longer_than_the_one_before(cls, wait: float, info: ValidationInfo) -> float:
        return at_least("wait_done" if info.field_name == "wait_unsure" else "wait_unsure", info.data)(wait)
