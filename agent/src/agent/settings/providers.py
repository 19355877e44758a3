"""Who hears, thinks and speaks, in which language, and who does when they fail."""

from typing import Annotated, Any, Literal

from pydantic import SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings

from agent import languages, providers
from agent.settings.values import url_of

WITH_A_KEY = {"stt": "openai/gpt-4o-mini-transcribe", "llm": "openai/gpt-4o-mini", "tts": "openai/gpt-4o-mini-tts"}
WITHOUT_A_KEY = {
    "stt": "speech/whisper-tiny.en",
    "llm": "speech/qwen2.5-coder-1.5b-instruct",
    "tts": "speech/kokoro-heart",
}
PARTS = ("stt", "llm", "tts")
SMALL_LLM = "speech/qwen2.5-coder-0.5b-instruct"

WHISPER = "openai/gpt-4o-mini-transcribe"


class Providers(BaseSettings):
    openai_api_key: SecretStr | None = None
    openai_base_url: Annotated[str, url_of("http", "https")] | None = None
    speech_url: Annotated[str, url_of("http", "https")] = "http://speech:8000/v1"
    speech_size: Literal["default", "small"] = "default"
    # After what decides their defaults: provider/model, empty for the default.
    stt: str = ""
    llm: str = ""
    tts: str = ""
    # Who takes over where one of them fails; empty for nobody.
    stt_fallback: str | None = None
    llm_fallback: str | None = None
    tts_fallback: str | None = None
    voice: str | None = None
    language: str = "en"  # after all who have to know it

    @field_validator("language")
    @classmethod
    def _a_language_all_have(cls, language: str, info: ValidationInfo) -> str:
        if language not in languages.known():
            raise ValueError(f"is no language of this line, which has {', '.join(languages.known())}")
        named = [name for part in PARTS for name in (info.data.get(part), info.data.get(f"{part}_fallback")) if name]
        if problem := providers.language_problem(language, named):
            raise ValueError(problem)
        return language

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

    @field_validator("stt_fallback", "llm_fallback", "tts_fallback")
    @classmethod
    def _another_one(cls, name: str | None, info: ValidationInfo) -> str | None:
        kind = (info.field_name or "").removesuffix("_fallback")
        if name and name == info.data.get(kind):
            raise ValueError(f"is what {kind.upper()} is already")
        if name and (problem := providers.problem(kind, name, info.data)):
            raise ValueError(problem)
        return name


def _default(kind: str, settings: dict[str, Any]) -> str:
    if settings.get("openai_api_key"):
        return WITH_A_KEY[kind]
    small = kind == "llm" and settings.get("speech_size") == "small"
    return SMALL_LLM if small else WITHOUT_A_KEY[kind]
