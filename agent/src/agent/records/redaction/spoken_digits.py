"""Digits in what was said: written as digits, or spoken as words, singly or in pairs, such as "double four"."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from typing import Any

from agent.languages import FOLDER

PIECE = re.compile(r"\d+|[^\W\d_]+(?:['’][^\W\d_]+)*")  # noqa: RUF001 - the apostrophe that transcripts have
LETTERS_IN_A_NUMBER = 3  # at most, in a word in capitals that touches digits, such as the "AB" in "AB123"


@dataclass(frozen=True, slots=True)
class Piece:
    """A word, or digits or a letter that may be part of a number, and its place in the text."""

    start: int
    end: int
    word: str  # in lower case; empty for digits
    value: str  # the digits, or a letter in upper case; empty for any other word


@dataclass(frozen=True, slots=True)
class SpokenDigits:
    """The way numbers are spoken in one language, from `languages/<language>/redaction.toml`."""

    numbers: dict[tuple[str, ...], str]  # the words of a number, and its digits
    longest: int  # words in one number, at most
    repeats: dict[str, int]
    fillers: frozenset[str]
    labels: tuple[tuple[str, ...], ...]
    identity: tuple[str, ...]

    @classmethod
    @cache
    def of(cls, language: str) -> "SpokenDigits":
        """Read a language's words; a FileNotFoundError means that it has none."""
        given: dict[str, Any] = tomllib.loads((FOLDER / language / "redaction.toml").read_text(encoding="utf-8"))
        numbers = {_words(name): str(value) for value, name in enumerate(given["numbers"].split())}
        numbers |= {_words(name): value for name, value in given["also"].items()}
        return cls(
            numbers,
            max(map(len, numbers)),
            given["repeats"],
            frozenset(given["fillers"].split()),
            tuple(_words(label) for label in given["labels"].split()),
            tuple(given["identity"]),
        )

    def pieces(self, text: str) -> list[Piece]:
        """Cut a text into its pieces, without spaces and punctuation."""
        found = list(PIECE.finditer(text))
        words = [_plain(match) for match in found]
        pieces: list[Piece] = []
        at = 0
        while at < len(found):
            count, value = self._number(words, at)
            if not count:
                count, value = 1, _letters(text, found[at])
            last = found[at + count - 1]
            word = "" if value.isdigit() else words[at]
            pieces.append(Piece(found[at].start(), last.end(), word, value))
            at += count
        return pieces

    def is_number(self, text: str) -> bool:
        """Return whether all of `text` is a number, or a part of one that is being dictated."""
        pieces = self.pieces(text)
        return any(piece.value.isdigit() for piece in pieces) and all(
            piece.value or piece.word in self.fillers for piece in pieces
        )

    def _number(self, words: list[str], at: int) -> tuple[int, str]:
        """Return how many words from `at` on are one number, and its digits; 0 if they are no number."""
        if words[at].isdigit():
            return 1, words[at]
        for count in range(min(self.longest, len(words) - at), 0, -1):
            if value := self.numbers.get(tuple(words[at : at + count])):
                return count, value
        if (times := self.repeats.get(words[at])) and at + 1 < len(words):
            count, value = self._number(words, at + 1)
            if len(value) == 1:
                return count + 1, value * times
        return 0, ""


def _letters(text: str, match: re.Match[str]) -> str:
    word = match[0]
    touches = text[match.start() - 1 : match.start()].isdigit() or text[match.end() : match.end() + 1].isdigit()
    spelled = len(word) == 1 or (touches and len(word) <= LETTERS_IN_A_NUMBER and word.isupper())
    return word.upper() if spelled else ""


def _words(name: str) -> tuple[str, ...]:
    return tuple(map(_plain, PIECE.finditer(name)))


def _plain(match: re.Match[str]) -> str:
    return match[0].lower().replace("’", "'")  # noqa: RUF001
