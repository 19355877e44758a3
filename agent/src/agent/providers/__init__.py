"""Who hears, thinks and speaks: `provider/model` names what does, this table finds it.

A provider is a module of this package with `new_stt`, `new_llm` and `new_tts`, as many as it has, and one line in
`PROVIDERS`. It is imported only when it is chosen.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from livekit.agents import llm, stt, tts

    from agent.settings import Settings

STT, LLM, TTS = "stt", "llm", "tts"


@dataclass(frozen=True, slots=True)
class Provider:
    """What is known of a provider before it is imported."""

    kinds: tuple[str, ...]
    needs: tuple[str, ...] = ()  # settings without which it cannot work
    patience: float = 10.0  # seconds a request may be silent before it is given up and tried again
    models: tuple[str, ...] = ()  # all it has; empty when it has more than we know
    voices: tuple[str, ...] = ()
    reads_slowly: bool = False  # its language model needs seconds for a persona it has not read before


PROVIDERS = {
    "openai": Provider((STT, LLM, TTS), needs=("openai_api_key",)),
    "openai-realtime": Provider((STT,), needs=("openai_api_key",)),
    "speech": Provider(
        (STT, LLM, TTS),
        patience=30.0,  # one small CPU, shared by its callers
        models=("whisper-tiny.en", "qwen2.5-coder-1.5b-instruct", "qwen2.5-coder-0.5b-instruct", "kokoro-heart"),
        voices=("heart",),
        reads_slowly=True,
    ),
}


def new_stt(settings: Settings) -> stt.STT[Any]:
    return _new(STT, settings.stt, settings)  # type: ignore[no-any-return]


def new_llm(settings: Settings) -> llm.LLM[Any]:
    return _new(LLM, settings.llm, settings)  # type: ignore[no-any-return]


def new_tts(settings: Settings) -> tts.TTS[Any]:
    return _new(TTS, settings.tts, settings)  # type: ignore[no-any-return]


def patience(name: str) -> float:
    """Seconds that the provider of `provider/model` is given before a request counts as failed."""
    return PROVIDERS[_split(name)[0]].patience


def reads_slowly(settings: Settings) -> bool:
    """Whether the language model gains from being shown the persona before the first question."""
    return PROVIDERS[_split(settings.llm)[0]].reads_slowly


def modules(settings: Settings) -> list[str]:
    """The modules of the chosen providers, to be imported once before calls come."""
    return sorted({_module(_split(name)[0]) for name in (settings.stt, settings.llm, settings.tts)})


def problem(kind: str, name: str, settings: dict[str, Any]) -> str | None:
    """Why `provider/model` cannot be the `kind` (stt, llm, tts) with these settings, or None."""
    provider, model = _split(name)
    known = sorted(name for name, it in PROVIDERS.items() if kind in it.kinds)
    if not provider or not model:
        return "is not of the form provider/model, e.g. " + " or ".join(f"{name}/…" for name in known)
    if provider not in known:
        return f"names the provider {provider!r}, which is not known; known: {', '.join(known)}"
    models = PROVIDERS[provider].models
    if models and model not in models:
        return f"names a model that {provider} does not have; it has {', '.join(models)}"
    missing = [need.upper() for need in PROVIDERS[provider].needs if not settings.get(need)]
    return f"needs {' and '.join(missing)}, which is not set" if missing else None


def voice_problem(voice: str, tts: str) -> str | None:
    """Why the text to speech `provider/model` cannot speak with this voice, or None."""
    provider = PROVIDERS.get(_split(tts)[0])
    if provider is None or not provider.voices or voice in provider.voices:
        return None
    return f"is no voice of {tts}, which has {', '.join(provider.voices)}"


def embedded(settings: Settings) -> bool:
    """Whether a part of the pipeline runs on this machine's CPU."""
    return any(_split(name)[0] == "speech" for name in (settings.stt, settings.llm, settings.tts))


def _new(kind: str, name: str, settings: Settings) -> Any:
    provider, model = _split(name)
    return getattr(importlib.import_module(_module(provider)), f"new_{kind}")(model, settings)


def _split(name: str) -> tuple[str, str]:
    provider, _, model = name.partition("/")
    return provider, model


def _module(provider: str) -> str:
    return f"{__name__}.{provider.replace('-', '_')}"
