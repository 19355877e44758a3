"""An answer without end: some models repeat themselves until they are stopped."""

import contextlib
import logging
import re
from collections.abc import AsyncGenerator
from typing import TypeVar

from livekit.agents import FlushSentinel, llm

logger = logging.getLogger(__name__)

WORDS_A_SECOND = 2.5
LETTERS_A_WORD = 8  # at most, on average; for scripts without spaces, and for a model that writes none
# Where an answer may end once it is more than so many times as long as it may be.
ENDS = (
    (1.0, re.compile(r"[.!?…][\"'”’)\]]*\s$|[。！？।\n]$")),  # noqa: RUF001 - other scripts' stops are meant
    (1.2, re.compile(r"[,;:–—]\s$|[，；：、]$")),  # noqa: RUF001
    (1.4, re.compile(r"\s$")),
    (2.0, re.compile(r"$")),
)
LONGEST_END = 4  # characters

Part = llm.ChatChunk | str | FlushSentinel
P = TypeVar("P", bound=Part)


async def end_in_time(answer: AsyncGenerator[P, None], seconds: float) -> AsyncGenerator[P, None]:
    """Pass an answer on, and end it at the first end of a sentence after so many seconds of speech.

    An answer without such an end is ended at a comma, and one without commas between two words.
    """
    text, words, most = "", 0, seconds * WORDS_A_SECOND
    async with contextlib.aclosing(answer):
        async for part in answer:
            said = text_of(part)
            for count, letter in enumerate(said, 1):
                words += not letter.isspace() and (not text or text[-1].isspace())
                text += letter
                times = max(words, len(text) / LETTERS_A_WORD) / most
                if any(times > longer and end.search(text[-LONGEST_END:]) for longer, end in ENDS):
                    logger.info("An answer of the language model was ended after %d words", words)
                    yield _shortened(part, said[:count])
                    return
            yield part


def text_of(part: Part) -> str:
    """Return the text of a part of an answer; "" if it has none."""
    if isinstance(part, str):
        return part
    return (part.delta.content or "") if isinstance(part, llm.ChatChunk) and part.delta else ""


def _shortened(part: P, text: str) -> P:
    if isinstance(part, str):
        return text  # type: ignore[return-value]
    assert isinstance(part, llm.ChatChunk)  # noqa: S101 - nothing else has text
    assert part.delta  # noqa: S101
    return part.model_copy(update={"delta": part.delta.model_copy(update={"content": text})})
