"""Who hears, thinks and speaks: `provider/model` names what does, this table finds it.

A provider is a module of this package with `new_stt`, `new_llm` and `new_tts`, as many as it has, and one line in
`PROVIDERS`. Each is given the model, the settings, and the seconds for which a request may be silent. It is imported
only when it is chosen.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

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
    languages: tuple[str, ...] = ()  # it knows, as ISO 639-1 codes; empty when it knows all that the line has
    tools: bool = True  # its language model calls tools; one that cannot writes the call as text, which would be spoken
    reads_slowly: bool = False  # its language model needs seconds for a persona it has not read before


PROVIDERS = {
    "openai": Provider((STT, LLM, TTS), needs=("openai_api_key",)),
    "openai-realtime": Provider((STT,), needs=("openai_api_key",)),
    "speech": Provider(
        (STT, LLM, TTS),
        patience=30.0,  # one small CPU, shared by its callers
        models=("whisper-tiny.en", "qwen2.5-coder-1.5b-instruct", "qwen2.5-coder-0.5b-instruct", "kokoro-heart"),
        voices=("heart",),
        languages=("en",),
        tools=False,
        reads_slowly=True,
    ),
}


def new_stts(settings: Settings) -> list[stt.STT[Any]]:
    """Speech to text, and what takes over when it fails: see `session` for how they become one."""
    return _all(STT, settings)


def new_llm(settings: Settings) -> llm.LLM[Any]:
    models: list[llm.LLM[Any]] = _all(LLM, settings)
    if len(models) == 1:
        return models[0]
    from livekit.agents import llm

    return llm.FallbackAdapter(models, attempt_timeout=_patience(settings.llm_fallback or ""))


def new_tts(settings: Settings) -> tts.TTS[Any]:
    voices: list[tts.TTS[Any]] = _all(TTS, settings)
    if len(voices) == 1:
        return voices[0]
    from livekit.agents import tts

    return tts.FallbackAdapter(voices, max_retry_per_tts=0)


def patience(kind: str, settings: Settings) -> float:
    """Seconds that a request to the provider of the `kind` (stt, llm, tts) may be silent before it counts as failed.

    Where there is another one to ask, that has to have answered before the caller hears an apology.
    """
    usual = _patience(getattr(settings, kind))
    return min(usual, settings.apology_after / 3) if _fallback(kind, settings) else usual


def attempts(kind: str, settings: Settings) -> int:
    """How often one is asked; each further time may be as much silence again, which another one uses better."""
    return 1 if _fallback(kind, settings) else 2


def reads_slowly(settings: Settings) -> bool:
    """Whether the language model gains from being shown the persona before the first question."""
    return PROVIDERS[_split(settings.llm)[0]].reads_slowly


def uses_tools(settings: Settings) -> bool:
    """Whether the language model, and the one that takes over when it fails, can be given tools."""
    return all(PROVIDERS[_split(name)[0]].tools for name in (settings.llm, settings.llm_fallback) if name)


def modules(settings: Settings) -> list[str]:
    """The modules of the chosen providers, to be imported once before calls come."""
    chosen = [name for kind in (STT, LLM, TTS) for name in (getattr(settings, kind), _fallback(kind, settings)) if name]
    return sorted({_module(_split(name)[0]) for name in chosen})


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


def language_problem(language: str, names: Iterable[str]) -> str | None:
    """Why these, each a `provider/model`, cannot all speak and understand a language, or None."""
    foreign = [name for name in dict.fromkeys(names) if not _knows(language, name)]
    if not foreign:
        return None
    known = sorted({known for name in foreign for known in PROVIDERS[_split(name)[0]].languages})
    only = f"{', '.join(foreign)} ({', '.join(known)} only)"
    return f"needs other models than {only}: set OPENAI_API_KEY, and name none of these"


def voice_problem(voice: str, tts: str) -> str | None:
    """Why the text to speech `provider/model` cannot speak with this voice, or None."""
    provider = PROVIDERS.get(_split(tts)[0])
    if provider is None or not provider.voices or voice in provider.voices:
        return None
    return f"is no voice of {tts}, which has {', '.join(provider.voices)}"


def embedded(settings: Settings) -> bool:
    """Whether a part of the pipeline runs on this machine's CPU."""
    return any(_split(name)[0] == "speech" for name in (settings.stt, settings.llm, settings.tts))


def _knows(language: str, name: str) -> bool:
    provider = PROVIDERS.get(_split(name)[0])
    return provider is None or not provider.languages or language in provider.languages


def _all(kind: str, settings: Settings) -> list[Any]:
    first = _new(kind, getattr(settings, kind), settings, patience(kind, settings))
    second = _fallback(kind, settings)
    return [first, _new(kind, second, settings, _patience(second))] if second else [first]


def _new(kind: str, name: str, settings: Settings, patience: float) -> Any:
    provider, model = _split(name)
    return getattr(importlib.import_module(_module(provider)), f"new_{kind}")(model, settings, patience)


def _fallback(kind: str, settings: Settings) -> str | None:
    return getattr(settings, f"{kind}_fallback")  # type: ignore[no-any-return]


def _patience(name: str) -> float:
    return PROVIDERS[_split(name)[0]].patience


def _split(name: str) -> tuple[str, str]:
    provider, _, model = name.partition("/")
    return provider, model


def _module(provider: str) -> str:
    return f"{__name__}.{provider.replace('-', '_')}"
