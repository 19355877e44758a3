"""The settings of the speech service, read from environment variables; an empty variable counts as not set."""

from typing import Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

Size = Literal["default", "small"]


class Settings(BaseSettings):
    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True, str_strip_whitespace=True)

    speech_size: Size = "default"
    speech_queue: int = Field(default=4, ge=0, le=64)  # requests that may wait for each engine; one more is refused
    speech_threads: int | None = Field(default=None, ge=1, le=64)  # unset: the cores this container may use, 8 at most
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["text", "json"] = "text"


def explain(error: ValidationError) -> list[str]:
    """Return a sentence for each problem: the variable, what was found, what was expected."""
    return [f"{str(problem['loc'][0]).upper()} is {problem['input']!r}: {problem['msg']}" for problem in error.errors()]
