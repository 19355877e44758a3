"""All providers, and what can be known about each without a key."""

import importlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import ModuleType

STT, LLM, TTS = KINDS = ("stt", "llm", "tts")

# In order of preference: a line that names no model gets the first provider whose key is set and that has a default.
PROVIDERS = {
    "openai": "agent.providers.openai",
    "openai-realtime": "agent.providers.openai_realtime",
    "speech": "agent.providers.speech",
}
# What all of these import for their first requests: a call's process that has not done so before is silent for 0.7 s.
LATE_IMPORTS = [
    "agent.providers.client",
    "anyio._backends._asyncio",
    "httpcore2",
    "livekit.plugins.openai",
    "openai.resources.audio.audio",
    "openai.resources.audio.speech",
    "openai.resources.audio.transcriptions",
    "openai.resources.chat.chat",
    "openai.resources.chat.completions.completions",
    "truststore",
]


@dataclass(frozen=True, slots=True)
class Provider:
    """What a provider's module says about it, as `PROVIDER`; its libraries are imported only when it is used."""

    kinds: tuple[str, ...]
    key: str = ""  # the variable in .env without which it cannot work
    url: str = ""  # the address of its API, if that is OpenAI's: `make up` asks there whether key and model are good
    defaults: Mapping[str, str] = field(default_factory=dict)  # by kind: the model for a line that names none
    models: tuple[str, ...] = ()  # all its models; empty: we do not know them all
    voices: tuple[str, ...] = ()  # all its voices, the usual one first; empty: we do not know them all
    languages: tuple[str, ...] = ()  # ISO 639-1 codes; empty: every language
    patience: float = 10.0  # seconds a request may be silent before it is given up and tried again
    tools: bool = True  # its language model calls tools; one that cannot would write, and so speak, the call as text
    writes_json: bool = True  # its language model answers with JSON alone when it is asked to
    without_tools: tuple[str, ...] = ()  # its language models that cannot call tools although others of its can
    reads_slowly: bool = False  # its language model needs seconds for a persona it has not read before
    invents_facts: bool = False  # its language model is small: what it answers is checked against the line's facts
    embedded: bool = False  # it is the speech service of this bundle, on this machine's CPU


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a provider's module is asked for; the module uses what it needs."""

    model: str
    language: str  # ISO 639-1
    voice: str  # empty: the usual one
    key: str  # empty where the provider needs none
    base_url: str | None  # another server with the same API
    patience: float  # seconds for which a request may be silent
    may_think_aloud: bool = True  # whether its language model may send reasoning that nothing marks as such


def split(name: str) -> tuple[str, str]:
    """Split `provider/model`; what is missing is empty."""
    provider, _, model = name.partition("/")
    return provider, model


def module(provider: str) -> ModuleType:
    """Import a provider's module; a KeyError if there is no such provider."""
    return importlib.import_module(PROVIDERS[provider])


def facts(name: str) -> Provider:
    """Return what is known about the provider in `provider/model`; a KeyError if there is no such provider."""
    provider: Provider = module(split(name)[0]).PROVIDER
    return provider


def default(kind: str, keys: Mapping[str, object], *, small: bool = False) -> str:
    """Return the model of a kind (stt, llm, tts) for a line that names none, as `provider/model`.

    `keys` are those that are set, by their names in .env. With `small`, the smaller of two embedded models is chosen.
    """
    for provider in PROVIDERS:
        known = module(provider)
        has_key = not known.PROVIDER.key or known.PROVIDER.key in keys
        if has_key and (model := known.PROVIDER.defaults.get(kind)):
            smaller: Mapping[str, str] = getattr(known, "SMALL", {}) if small else {}
            return f"{provider}/{smaller.get(kind, model)}"
    raise LookupError(f"no provider has a {kind} without a key")


def problem(kind: str, name: str, keys: Mapping[str, object], servers: Collection[str] = ()) -> str | None:
    """Say why `provider/model` cannot be the `kind` (stt, llm, tts) with these keys, or None.

    `servers` are the line's own, which may have any model of any kind.
    """
    provider, model = split(name)
    known = sorted(other for other in PROVIDERS if kind in facts(other).kinds)
    if not provider or not model:
        return "is not of the form provider/model, e.g. " + " or ".join(f"{other}/…" for other in known)
    if provider in servers:
        return None
    if provider not in known:
        its_servers = f"; the line's own servers: {', '.join(servers)}" if servers else ""
        return f"names the unknown provider {provider!r}; known providers: {', '.join(known)}{its_servers}"
    its = facts(name)
    if its.models and model not in its.models:
        return f"names a model that {provider} does not have; it has {', '.join(its.models)}"
    return f"needs {its.key}, which is not set in .env" if its.key and its.key not in keys else None
