"""An answer without end: some models repeat themselves until they are stopped."""

import contextlib
import logging
import re
from bisect import bisect_right
from collections.abc import AsyncGenerator
from typing import TypeVar

from livekit.agents import FlushSentinel, llm

logger = logging.getLogger(__name__)

WORDS_A_SECOND = 2.5
LETTERS_A_WORD = 8  # at most, on average; for scripts without spaces, and for a model that writes none
# Where an answer may end that has become so many times as long as it may.
ENDS = (
    (1.0, re.compile(r"[.!?…][\"'”’)\]]*\s|[。！？।]|\n")),  # noqa: RUF001 - other scripts' stops are meant
    (1.2, re.compile(r"[,;:–—]\s|[，；：、]")),  # noqa: RUF001
    (1.4, re.compile(r"\s")),
    (2.0, re.compile(r"")),
)
LONGEST_END = 4  # characters, of which all but the last may have been said already

Part = llm.ChatChunk | str | FlushSentinel
P = TypeVar("P", bound=Part)


async def end_in_time(answer: AsyncGenerator[P, None], seconds: float) -> AsyncGenerator[P, None]:
    """Pass an answer on, and end it at the first end of a sentence after so many seconds of speech.

    An answer without such an end is ended at a comma, and one without commas between two words.
    """
    text, most = "", seconds * WORDS_A_SECOND
    async with contextlib.aclosing(answer):
        async for part in answer:
            said = text_of(part)
            end = _end_within(text, said, most) if said else None
            if end is None:
                text += said
                yield part
                continue
            logger.info("An answer of the language model was ended after %d words", _length(text))
            if end:
                yield _shortened(part, said[:end])
            return


def _end_within(text: str, added: str, most: float) -> int | None:
    """Return after how many characters of `added` the answer ends; None if it goes on."""
    before = text[-LONGEST_END:]
    found = []
    for times, end in ENDS:
        if _length(text + added) <= times * most:
            break
        beyond = bisect_right(range(len(added)), times * most, key=lambda count: _length(text + added[:count]))
        if match := end.search(before + added, beyond):
            found.append(max(0, match.end() - len(before)))
    return min(found, default=None)


def _length(text: str) -> float:
    """Return the number of words, as it would be if they were of usual length."""
    return max(len(text.split()), len(text) / LETTERS_A_WORD)


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
