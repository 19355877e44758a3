"""Every setting of the agent: from the environment, or, if it is a secret, from a file under /run/secrets.

Each module of this package has the settings of one subject.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import SettingsConfigDict

from agent.providers import embedded
from agent.settings.callers import Callers
from agent.settings.manners import Manners
from agent.settings.providers import Providers
from agent.settings.records import Records
from agent.settings.turns import Turns
from agent.settings.values import url_of

SECRETS = Path("/run/secrets")
SECRET = (
    *("livekit_api_key", "livekit_api_secret", "openai_api_key"),
    *("caller_lookup_url", "caller_lookup_token", "webhook_url", "webhook_secret"),
)


class Settings(Records, Callers, Manners, Turns, Providers):
    """Typed, closed and read once. An empty value is an unset one."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        validate_default=True,
        str_strip_whitespace=True,
        hide_input_in_errors=True,
        secrets_dir=SECRETS if SECRETS.is_dir() else None,
    )

    livekit_url: Annotated[str, url_of("ws", "wss", "http", "https")] = "ws://localhost:7880"
    livekit_api_key: str
    livekit_api_secret: SecretStr
    agent_name: str = "inbound-voice-agent"
    room_prefix: str = "call-"  # of the names of this line's rooms

    max_concurrent_calls: int | None = Field(None, ge=1)  # None: as many as the providers allow, see `calls_at_once`
    idle_processes: int = Field(1, ge=0)  # processes kept warm for the next call
    drain_grace: int = Field(20, ge=1, le=60)  # seconds that calls in progress have left when the agent is told to stop

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["text", "json"] = "text"

    @model_validator(mode="before")
    @classmethod
    def _empty_is_unset(cls, values: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in values.items() if not _is_blank(value)}


def calls_at_once(settings: Settings) -> int:
    """How many calls are taken before the line is busy; the embedded models serve one request at a time."""
    return settings.max_concurrent_calls or (3 if embedded(settings) else 10)


def hears_melody(settings: Settings) -> bool:
    """Whether the end of a turn is judged by the voice, for which its model has to be there."""
    return settings.end_of_turn in ("both", "melody")


def read_settings() -> Settings:
    """The settings of this process; a ValidationError that names every wrong one."""
    return Settings()  # type: ignore[call-arg]  # its fields come from the environment


def settings_or_exit(also: Sequence[str] = ()) -> Settings:
    """The settings; or, on standard error, every problem with them and the ones given, and exit code 2."""
    problems = list(also)
    try:
        settings = read_settings()
    except ValidationError as error:
        problems += explain(error)
    if problems:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        print(f"the configuration is not usable ({count})", *problems, sep="\n  ", file=sys.stderr)  # noqa: T201
        raise SystemExit(2)
    return settings


def explain(error: ValidationError) -> list[str]:
    """Every problem in a sentence: the variable, what it is, what it should be, what to do. None tells a secret."""
    return [_sentence(problem) for problem in error.errors()]


def _sentence(problem: ErrorDetails) -> str:
    name = str(problem["loc"][0])
    if problem["type"] == "missing":
        return f"{name.upper()} is not set: `make up` writes it to .env"
    found = "" if name in SECRET else f" is {problem['input']!r}" if problem["input"] else " is empty"
    expected = problem["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return f"{name.upper()}{found}, which {expected}: correct it in .env"


def _is_blank(value: Any) -> bool:
    return isinstance(value, str) and not value.strip()
