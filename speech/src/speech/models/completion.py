"""A prompt of our own that the model completes, beside the conversation, and llama.cpp's errors in OpenAI's words."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from speech.errors import APIError, invalid

CONTEXT = 8192  # tokens: a persona, its facts and half an hour of talk; 28 kB of memory each with the 1.5B model


class Server(Protocol):
    """The part of llama.cpp's server that is used here: it hands over its chunks until one is answered with True."""

    def handle_completions(self, wanted: dict[str, Any], take: Callable[[dict[str, Any]], bool], /) -> Any: ...


@dataclass(frozen=True)
class Completion:
    """What the model has written, each token with the log-probabilities of its rivals, and how many tokens it read."""

    text: str
    tokens: list[dict[str, Any]]
    usage: dict[str, Any]


def complete(server: Server, wanted: dict[str, Any], still_wanted: Callable[[], bool]) -> Completion | None:
    """Return the most probable completion, or None if it is no longer wanted, which is asked while the prompt is read.

    Raises:
        APIError: the prompt is longer than the context.
    """
    chunks: list[dict[str, Any]] = []
    abandoned = False

    def take(chunk: dict[str, Any]) -> bool:
        nonlocal abandoned
        chunks.append(chunk)
        abandoned = abandoned or not still_wanted()
        return abandoned or "error" in chunk

    usual = {"temperature": 0, "cache_prompt": True, "return_progress": True}
    streamed = {"stream": True, "stream_options": {"include_usage": True}}
    server.handle_completions({**usual, **streamed, **wanted}, take)
    if errors := [chunk["error"] for chunk in chunks if "error" in chunk]:
        raise translated(errors[0])
    if abandoned:
        return None
    choices = [choice for chunk in chunks for choice in chunk.get("choices", [])]
    tokens = [token for choice in choices for token in (choice.get("logprobs") or {}).get("content") or []]
    usage: dict[str, Any] = next((chunk["usage"] for chunk in reversed(chunks) if chunk.get("usage")), {})
    return Completion("".join(choice.get("text") or "" for choice in choices), tokens, usage)


def translated(error: dict[str, Any]) -> APIError:
    """Return an error of llama.cpp's as OpenAI would word it."""
    if error.get("type") == "exceed_context_size_error":
        found = error.get("n_prompt_tokens")
        return invalid(
            f"This model's context is {CONTEXT} tokens; the messages have {found}.",
            "messages",
            "context_length_exceeded",
        )
    return APIError(int(error.get("code", 500)), "The language model refused the request.", "server_error")
