"""The outcome of a speech: whether the caller has heard what the agent wanted to say."""

from livekit.agents import ChatMessage
from livekit.agents.voice import SpeechHandle

from agent import languages


def was_heard(speech: SpeechHandle) -> bool:
    """Return whether words of a speech have reached the caller."""
    return any(
        isinstance(item, ChatMessage)
        and item.role == "assistant"
        and "started_speaking_at" in item.metrics
        and bool(languages.plain(item.text_content or ""))
        for item in speech.chat_items
    )


def was_heard_to_its_end(speech: SpeechHandle) -> bool:
    """Return whether all of a speech has reached the caller."""
    return was_heard(speech) and not speech.interrupted and speech.exception() is None
