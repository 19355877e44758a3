"""Every setting of the agent: from the environment, or, if it is a secret, from a file under /run/secrets."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, SecretStr, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from agent import providers

SECRETS = Path("/run/secrets")
SECRET = ("livekit_api_key", "livekit_api_secret", "openai_api_key")

WITH_A_KEY = {"stt": "openai/gpt-4o-mini-transcribe", "llm": "openai/gpt-4o-mini", "tts": "openai/gpt-4o-mini-tts"}
WITHOUT_A_KEY = {
    "stt": "speech/whisper-tiny.en",
    "llm": "speech/qwen2.5-coder-1.5b-instruct",
    "tts": "speech/kokoro-heart",
}
SMALL_LLM = "speech/qwen2.5-coder-0.5b-instruct"


def _url_of(*schemes: str) -> AfterValidator:
    def check(url: str) -> str:
        if url.partition("://")[0] not in schemes:
            raise ValueError("should begin with " + " or ".join(f"{scheme}://" for scheme in schemes))
        return url

    return AfterValidator(check)


class Settings(BaseSettings):
    """Typed, closed and read once. An empty value is an unset one."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        validate_default=True,
        str_strip_whitespace=True,
        hide_input_in_errors=True,
        secrets_dir=SECRETS if SECRETS.is_dir() else None,
    )

    livekit_url: Annotated[str, _url_of("ws", "wss", "http", "https")] = "ws://localhost:7880"
    livekit_api_key: str
    livekit_api_secret: SecretStr
    agent_name: str = "inbound-voice-agent"

    openai_api_key: SecretStr | None = None
    openai_base_url: Annotated[str, _url_of("http", "https")] | None = None
    speech_url: Annotated[str, _url_of("http", "https")] = "http://speech:8000/v1"
    speech_size: Literal["default", "small"] = "default"
    # After what decides their defaults: provider/model, empty for the default.
    stt: str = ""
    llm: str = ""
    tts: str = ""
    voice: str | None = None

    # Who speaks when; seconds where nothing else is said. docs/turns.md tells what each gives and costs.
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

    max_concurrent_calls: int | None = Field(None, ge=1)  # None: as many as the providers allow, see `calls_at_once`
    idle_processes: int = Field(1, ge=0)  # processes kept warm for the next call
    drain_grace: int = Field(20, ge=1, le=60)  # seconds that calls in progress have left when the agent is told to stop

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["text", "json"] = "text"

    @model_validator(mode="before")
    @classmethod
    def _empty_is_unset(cls, values: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in values.items() if not _is_blank(value)}

    @field_validator("wait_unsure", "wait_unfinished")
    @classmethod
    def _longer_than_the_one_before(cls, wait: float, info: ValidationInfo) -> float:
        shorter = "wait_done" if info.field_name == "wait_unsure" else "wait_unsure"
        if wait < info.data.get(shorter, 0):
            raise ValueError(f"should be at least {shorter.upper()}, {info.data[shorter]:g}")
        return wait

    @field_validator("openai_base_url")
    @classmethod
    def _with_a_key(cls, url: str | None, info: ValidationInfo) -> str | None:
        if url and not info.data.get("openai_api_key"):
            raise ValueError("needs OPENAI_API_KEY; for a server that wants none, any word will do")
        return url

    @field_validator("voice")
    @classmethod
    def _a_voice_it_has(cls, voice: str | None, info: ValidationInfo) -> str | None:
        if voice and (problem := providers.voice_problem(voice, info.data.get("tts", ""))):
            raise ValueError(problem)
        return voice

    @field_validator("stt", "llm", "tts")
    @classmethod
    def _chosen_or_default(cls, name: str, info: ValidationInfo) -> str:
        kind = info.field_name or ""
        name = name or _default(kind, info.data)
        if problem := providers.problem(kind, name, info.data):
            raise ValueError(problem)
        return name


def calls_at_once(settings: Settings) -> int:
    """How many calls are taken before the line is busy; the embedded models serve one request at a time."""
    return settings.max_concurrent_calls or (3 if providers.embedded(settings) else 10)


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


def _default(kind: str, settings: dict[str, Any]) -> str:
    if settings.get("openai_api_key"):
        return WITH_A_KEY[kind]
    small = kind == "llm" and settings.get("speech_size") == "small"
    return SMALL_LLM if small else WITHOUT_A_KEY[kind]


def _is_blank(value: Any) -> bool:
    return isinstance(value, str) and not value.strip()
