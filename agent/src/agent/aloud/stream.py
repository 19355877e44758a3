"""Reads a text aloud while it is still being written, and holds back only what may be read in another way."""

import re
from collections.abc import AsyncIterable, AsyncIterator, Callable

from agent.aloud.markup import drop_markup
from agent.aloud.reader import CONTEXT, Reader
from agent.framework import filter_emoji, filter_markdown

Transform = Callable[[AsyncIterable[str]], AsyncIterable[str]]

# A word ends with a blank, or with a mark of those scripts that leave no blanks.
WORD = re.compile(r"\s*(?:(\S*?[，；：。！？、।])|(\S+)\s)")  # noqa: RUF001
MOST_JOINED = 3  # words in a row that may belong to the number before them
LONGEST_PASSAGE = 120  # characters after which what has come of a passage is read: a model may count to a hundred


class Aloud:
    """Takes a text in pieces and returns what is said. Where the pieces end makes no difference."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._rest = ""  # the word that is being written
        self._before = ""  # what has been read, as it was written
        self._passage = ""  # numbers and abbreviations, and what may belong to them
        self._joined = 0

    def feed(self, piece: str) -> str:
        self._rest += piece
        spoken, at = "", 0
        while word := WORD.match(self._rest, at):
            spoken += self._take(word[0], word[1] or word[2])
            at = word.end()
        self._rest = self._rest[at:]
        return spoken

    def flush(self) -> str:
        """Return what was held back, at the end of the text."""
        spoken = self._take(self._rest, self._rest.strip()) if self._rest.strip() else ""
        return spoken + self._read_passage("")

    def _take(self, written: str, word: str) -> str:
        """Take the next word, with the blanks around it, and return what can be said now."""
        begins = self._reader.begins_a_passage(word)
        if begins or (self._passage and self._joined < MOST_JOINED and self._reader.continues_a_passage(word)):
            spoken = self._read_passage(written) if len(self._passage) > LONGEST_PASSAGE else ""
            self._joined = 0 if begins else self._joined + 1
            self._passage += written
            return spoken
        spoken = self._read_passage(written)
        if spoken.endswith(" "):
            written = written.lstrip(" ")
        self._before = (self._before + written)[-CONTEXT:]
        return spoken + written

    def _read_passage(self, after: str) -> str:
        passage, self._passage = self._passage, ""
        spoken = self._reader.read(self._before, passage, after)
        self._before = (self._before + passage)[-CONTEXT:]
        return spoken


def transforms(reader: Reader) -> list[Transform]:
    """List what turns an answer into what is said, in the order in which it is done, for `AgentSession`."""

    async def read_pieces(text: AsyncIterable[str]) -> AsyncIterator[str]:
        aloud = Aloud(reader)
        async for piece in text:
            if spoken := aloud.feed(piece):
                yield spoken
        if rest := aloud.flush():
            yield rest

    return [drop_markup, filter_markdown, filter_emoji, read_pieces]


async def read_aloud(text: str, reader: Reader) -> str:
    """Return what is said for a whole text."""

    async def whole() -> AsyncIterator[str]:
        yield text

    pieces: AsyncIterable[str] = whole()
    for transform in transforms(reader):
        pieces = transform(pieces)
    return "".join([piece async for piece in pieces]).strip()
