"""The host's settings: from the environment, or, for a secret, from a file under /run/secrets.

What concerns a conversation is in the folder of its line instead, see `agent.lines`.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from agent.settings.values import WRONG_KEY, Bundle, bundles_server, check_keys, check_token, is_secret, url_of

SECRETS = Path("/run/secrets")


class Settings(BaseSettings):
    """Typed, closed and read once. An empty value counts as not set."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        str_strip_whitespace=True,
        hide_input_in_errors=True,
        secrets_dir=SECRETS if SECRETS.is_dir() else None,
    )

    lines_folder: Path = Path("lines")

    livekit_url: Annotated[str, url_of("ws", "wss", "http", "https")] = Field(default_factory=bundles_server)
    livekit_api_key: SecretStr
    livekit_api_secret: SecretStr
    agent_name: str = "inbound-voice-agent"
    room_prefix: str = "call-"

    phone_numbers: str = "+12025550100"  # of lines that name none; the first one's country is used for short numbers
    trunk_account: str | None = None
    outbound_address: str | None = None  # who takes the calls that go out; None: nobody. Bootstrap makes the trunk
    api_token: Annotated[SecretStr, AfterValidator(check_token)] | None = None  # of POST /calls; None: make dial alone

    # By their names in .env.
    provider_keys: Annotated[Bundle, NoDecode, AfterValidator(check_keys)] = Field(default_factory=dict)
    line_secrets: Annotated[Bundle, NoDecode] = Field(default_factory=dict)  # lines/secrets.env
    openai_base_url: Annotated[str, url_of("http", "https")] | None = None
    speech_url: Annotated[str, url_of("http", "https")] = "http://speech:8000/v1"
    speech_size: Literal["default", "small"] = "default"

    max_call_duration: int = Field(3600, ge=60, le=86_400)  # seconds; a line may have a shorter limit of its own
    max_concurrent_calls: int | None = Field(None, ge=1)  # None: as many as the providers allow
    idle_processes: int = Field(1, ge=0)  # processes kept warm for the next call
    drain_grace: int = Field(20, ge=1, le=60)  # seconds that calls in progress have left when the agent is told to stop

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["text", "json"] = "text"

    @model_validator(mode="before")
    @classmethod
    def _empty_is_unset(cls, values: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in values.items() if not _is_blank(value)}


def read_settings() -> Settings:
    """Read the settings of this process; a ValidationError names every wrong one."""
    return Settings()  # type: ignore[call-arg]  # its fields come from the environment


def read_what_can_be_read() -> tuple[Settings, list[str]]:
    """Read the settings; a wrong one counts as not set, and is reported with the other problems.

    The same report can then cover the lines. Settings that have problems may be used for nothing else.
    """
    try:
        return read_settings(), []
    except ValidationError as error:
        wrong = {str(problem["loc"][0]) for problem in error.errors()}
        if wrong & {"provider_keys", "line_secrets"}:  # else the lines would be blamed for naming what is in these
            exit_if(explain(error))
        return Settings(**{name: _stand_in(name) for name in wrong}), explain(error)


def _stand_in(name: str) -> Any:
    field = Settings.model_fields[name]
    return "none" if field.is_required() else field.get_default(call_default_factory=True)


def exit_if(problems: Sequence[str]) -> None:
    """Report these problems on standard error and exit with code 2, if there are any."""
    if problems:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        head = f"The configuration is not usable ({count}); nothing was changed."
        print(head, *problems, sep="\n  ", file=sys.stderr)  # noqa: T201
        raise SystemExit(2)


def explain(error: ValidationError, settings: type[BaseSettings] = Settings) -> list[str]:
    """Describe each problem in one sentence: the variable, what it is, what it should be. None contains a secret."""
    return [_sentence(problem, settings) for problem in error.errors()]


def _sentence(problem: ErrorDetails, settings: type[BaseSettings]) -> str:
    name = str(problem["loc"][0])
    if problem["type"] == "missing":
        return f"{name.upper()} is not set: `make up` writes it to .env"
    if problem["type"] == WRONG_KEY:
        return f"{problem['msg']} in .env"
    field = settings.model_fields.get(name)
    hidden = field is not None and is_secret(field.annotation)
    found = "" if hidden else f" is {problem['input']!r}" if problem["input"] else " is empty"
    expected = problem["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return f"{name.upper()}{found}, which {expected}: correct it in .env"


def _is_blank(value: Any) -> bool:
    return isinstance(value, str) and not value.strip()
