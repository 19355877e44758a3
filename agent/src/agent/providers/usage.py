"""What the models of one call were asked for: requests, errors, tokens, characters and seconds of sound.

Each model is listened to by itself, also the one that takes over when another fails. So a request is counted once, for
the model that was asked, and those count that are made outside the conversation: the greeting, which is synthesized
while the phone rings, and the summary, which is written when the call is over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from agent.providers import catalog

if TYPE_CHECKING:
    from collections.abc import Callable

    from livekit.agents import metrics


class ModelUsage(BaseModel):
    """What one model was asked for in one call."""

    kind: str  # stt, llm or tts
    provider: str  # or the name of the line's own server
    model: str
    requests: int = 0  # attempts; of a connection that stays open, the connections
    errors: int = 0  # attempts that failed
    input_tokens: int = 0
    cached_tokens: int = 0  # of the input tokens
    output_tokens: int = 0
    characters: int = 0
    audio_seconds: float = 0.0  # heard by speech to text, or made by text to speech


class Usage:
    """Counts for every model that it has been told to `count`."""

    def __init__(self) -> None:
        self._of: dict[tuple[str, str], ModelUsage] = {}

    def all(self) -> list[ModelUsage]:
        """Return what each model was asked for, leaving out those that were not asked for anything."""
        return [usage.model_copy() for usage in self._of.values() if usage.requests]

    def count(self, kind: str, name: str, model: Any) -> None:
        """Count what is asked of this model from now on: of the `kind` (stt, llm, tts), named `provider/model`."""
        provider, its_name = catalog.split(name)
        usage = self._of.setdefault((kind, name), ModelUsage(kind=kind, provider=provider, model=its_name))
        connected = kind == catalog.STT and model.capabilities.streaming  # by a connection that stays open
        model.on("metrics_collected", _adding_to(usage))
        model.on("error", _failing(usage, connected=connected))


def _adding_to(usage: ModelUsage) -> Callable[[Any], None]:
    def add(measured: metrics.AgentMetrics) -> None:
        match measured.type:
            case "llm_metrics":
                usage.requests += 1
                usage.input_tokens += measured.prompt_tokens
                usage.cached_tokens += measured.prompt_cached_tokens
                usage.output_tokens += measured.completion_tokens
            case "tts_metrics":
                usage.requests += 1
                usage.characters += measured.characters_count
                usage.audio_seconds += measured.audio_duration
                usage.input_tokens += measured.input_tokens
                usage.output_tokens += measured.output_tokens
            case "stt_metrics":
                # A connection that was made is reported without any usage, and then each utterance on it with its own.
                made = measured.streamed and not (measured.audio_duration or measured.input_tokens)
                usage.requests += made or not measured.streamed
                usage.audio_seconds += measured.audio_duration
                usage.input_tokens += measured.input_tokens
                usage.output_tokens += measured.output_tokens

    return add


def _failing(usage: ModelUsage, *, connected: bool) -> Callable[[Any], None]:
    def fail(_: object) -> None:
        usage.errors += 1
        # Whether a connection that has failed had been counted when it was made is not known.
        usage.requests = max(usage.requests, usage.errors) if connected else usage.requests + 1

    return fail
