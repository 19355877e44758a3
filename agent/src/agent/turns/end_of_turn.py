"""Whether a caller who has fallen silent is going to go on, judged by their last words.

People pause inside a sentence where it cannot end: after "the", after "um", between the digits of a number. When the
question comes up those words are transcribed already, so that it costs neither time nor memory to look at them.
(livekit-agents' own detector listens to the melody instead, in any of its languages: 250 MB.)
"""

from collections.abc import Callable

from livekit.agents import ChatContext, LanguageCode

from agent.turns.last_words import LastWords, Waits


class EndOfTurn:
    """A turn detector for AgentSession, which knows two waits; `wait_up_to` is told the longer one before each use."""

    model = "last-words"
    provider = "landline"

    def __init__(self, language: str, waits: Waits, wait_up_to: Callable[[float], None]) -> None:
        self._language, self._words = language, LastWords.of(language)
        self._waits, self._wait_up_to = waits, wait_up_to

    async def predict_end_of_turn(self, chat_ctx: ChatContext, *, timeout: float | None = None) -> float:  # noqa: ASYNC109
        """1 when the caller's words may be a whole turn, 0 when they need more time."""
        said = next((it.text_content for it in reversed(chat_ctx.messages()) if it.role == "user"), None) or ""
        wait = self._words.wait(said, self._waits)
        self._wait_up_to(wait)
        return float(wait <= self._waits.done)

    async def unlikely_threshold(self, language: LanguageCode | None) -> float | None:
        return 0.5

    async def supports_language(self, language: LanguageCode | None) -> bool:
        return language is None or language.language == self._language
