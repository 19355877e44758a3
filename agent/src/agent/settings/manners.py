"""What a caller is never left with, and how long anything may last; seconds where nothing else is said."""

from typing import Literal

from pydantic import Field, ValidationInfo, field_validator
from pydantic_settings import BaseSettings

from agent.settings.values import at_least


class Manners(BaseSettings):
    filler_after: float = Field(3, ge=0.5, le=30)
    apology_after: float = Field(7, ge=1, le=60)
    failures: int = Field(3, ge=1, le=10)
    silent_caller_after: float = Field(10, ge=2, le=300)
    longest_talk: float = Field(180, ge=5, le=3600)

    max_call_duration: int = Field(3600, ge=60, le=86_400)
    call_warning: int = Field(60, ge=5, le=600)

    digits_timeout: float = Field(3, ge=0.5, le=30)
    digits_end: Literal["#", "*"] = "#"

    @field_validator("call_warning")
    @classmethod
    def _before_the_end(cls, warning: int, info: ValidationInfo) -> int:
        longest = info.data.get("max_call_duration", warning + 1)
        if warning >= longest:
            raise ValueError(f"should be less than MAX_CALL_DURATION, {longest}: it is that long before the end")
        return warning

    @field_validator("apology_after")
    @classmethod
    def _after_the_filler(cls, wait: float, info: ValidationInfo) -> float:
        return at_least("filler_after", info.data)(wait)
