"""The words of a text that state something, reduced to their stems; numbers are read as they are spoken."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import snowballstemmer  # type: ignore[import-untyped]

from agent import languages
from agent.aloud.numbers import Numbers
from agent.aloud.reader import Reader
from agent.aloud.stream import Aloud

WORD = re.compile(r"[^\W_]+")
HYPHENATED = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)+")


@dataclass(frozen=True, slots=True)
class Terms:
    """What is said in a text.

    `stems` are those of the words that state something, in order. `words` are all words, in lower case.
    """

    stems: tuple[str, ...]
    numbers: frozenset[str]  # those of the stems that are numbers
    amounts: frozenset[tuple[str, ...]]  # the numbers that belong together: three dollars and fifty cents
    words: frozenset[str]

    def have(self, words: frozenset[str]) -> bool:
        """Return whether one of these words is in the text."""
        return not self.words.isdisjoint(words)


class Language:
    """Reduces texts in one language, as `reader` reads them aloud. `names` state nothing, as that of the business."""

    def __init__(self, language: str, reader: Reader, names: Iterable[str] = ()) -> None:
        self.its = languages.knowledge(language)
        self._reader = reader
        numbers = {part for word in Numbers.of(language).words for part in word.split("-")}
        self._numbers = frozenset(numbers - self.its.talk)  # "one" is said of anything
        self._stem = lru_cache(maxsize=4096)(snowballstemmer.stemmer(self.its.stemmer).stemWord)
        self._talk = frozenset(map(self._stem, self.its.talk))
        self._details = frozenset(map(self._stem, self.its.details))
        phrases = map(re.escape, [*self.its.phrases, *map(languages.plain, names)])
        self._phrases = re.compile(rf"\b(?:{'|'.join(phrases)})\b")
        self._in_one: dict[str, str] = {}

    def learn(self, text: str) -> None:
        """Know a word of this text that has a hyphen when it is written in one: Wi-Fi and WiFi are the same."""
        self._in_one |= {word.replace("-", ""): word for word in HYPHENATED.findall(text.lower())}

    def is_detail(self, stem: str) -> bool:
        """Return whether it is what the agent asks a caller for."""
        return stem in self._details

    def terms(self, text: str) -> Terms:
        """Return what is said in a text."""
        said = WORD.findall(self._spoken(text).lower())
        words = [part for word in said for part in self._in_one.get(word, word).split("-")]
        stems = map(self._stemmed, WORD.findall(self._phrases.sub(" ", " ".join(words))))
        stating = tuple(stem for stem in stems if stem not in self._talk)
        return Terms(stating, self._numbers.intersection(stating), frozenset(self._amounts(words)), frozenset(words))

    def _amounts(self, words: list[str]) -> Iterator[tuple[str, ...]]:
        """Yield the numbers between which there is nothing but what is counted, or an "and"."""
        amount, between = list[str](), list[str]()
        for word in words:
            if word in self._numbers:
                counted = [it for it in between if it not in self.its.joins]
                if len(counted) > 1 or any(it in self.its.talk for it in counted):
                    yield tuple(amount)
                    amount = []
                amount.append(word)
                between = []
            elif amount:
                between.append(word)
        if amount:
            yield tuple(amount)

    def _stemmed(self, word: str) -> str:
        return word if word in self._numbers else str(self._stem(word))

    def _spoken(self, text: str) -> str:
        aloud = Aloud(self._reader)
        return aloud.feed(text) + aloud.flush()
