"""Turns a text into what is said when it is read aloud, in one language and in the way of one country."""

import re
from functools import cache

from agent.aloud import abbreviations, amounts, codes, dates, telephone, web
from agent.aloud.numbers import Numbers
from agent.aloud.reading import FRACTIONS, Reading, Rule

CONTEXT = 80  # characters before a passage that may decide how it is read
SENTENCE_BEGINS = re.compile(r"(?:^|[.!?…][\"')\]]*\s+)\Z")
WORD = re.compile(r"[^\W\d_]+|\d+|.", re.DOTALL)
PUNCTUATION = "\"'()[]{},;:!?¿¡«»„“”‚‘’…"  # noqa: RUF001
# A word with any of these in it is not said as it is written.
MARKS = re.compile(rf"[{FRACTIONS}\d$€£¥₹¢%‰&@#+=°§№×÷~<>•·▪◦→™©®†^|\\]|://|www\.|\w\.\w|[:;=]'?-?[()DP]")  # noqa: RUF001
BETWEEN = frozenset("-–—x×/")  # noqa: RUF001


class Reader:
    """Reads texts aloud. The rules are tried in order at each word, and each sees the text as it is written."""

    def __init__(self, language: str, region: str | None) -> None:
        numbers = Numbers.of(language)
        self._reading = reading = numbers.reading
        region = region or reading.region
        self._rules: list[Rule] = [
            *abbreviations.fixed(numbers),
            *web.rules(numbers),
            *dates.rules(numbers, region),
            *telephone.rules(numbers, region),
            *codes.rules(numbers),
            *amounts.rules(numbers),
            *abbreviations.rules(numbers),
        ]
        self._shortened, self._joining = _shortened(reading), _joining(reading)
        self._days = re.compile(rf"(?:{reading.day_names})[-–](?:{reading.day_names})")  # noqa: RUF001

    @classmethod
    @cache
    def of(cls, language: str, region: str | None = None) -> "Reader":
        """Return the reader of a language; `region` is an ISO 3166 code, and None means the language's usual one."""
        return cls(language, region)

    def begins_a_passage(self, word: str) -> bool:
        """Return whether a word may have to be read in another way than it is written."""
        plain = word.strip(PUNCTUATION)
        if MARKS.search(word) or self._days.match(plain):
            return True
        if not self._shortened.isdisjoint((plain.lower(), plain.lower().rstrip("."))):
            return True
        return any(map(plain.endswith, self._reading.endings))

    def continues_a_passage(self, word: str) -> bool:
        """Return whether a word may decide how the number before it is read, as a unit or a month does."""
        plain = word.strip(PUNCTUATION)
        first = plain.split("/")[0].lower()  # "EUR/Monat"
        return plain in BETWEEN or not self._joining.isdisjoint((plain.lower(), first, first.rstrip(".")))

    def read(self, before: str, passage: str, after: str) -> str:
        """Return what is said for a passage between two other parts of the text, which are only looked at."""
        before = before[-CONTEXT:]
        text, at, end = before + passage + after, len(before), len(before) + len(passage)
        spoken = ""
        while at < end:
            length, words = self._next(text, at, end)
            follows_a_space = spoken[-1:] in (" ", "\n") if spoken else not before or before[-1].isspace()
            spoken += words.lstrip(" ") if follows_a_space else words
            at += length
        return spoken

    def _next(self, text: str, at: int, end: int) -> tuple[int, str]:
        """Return the length of what stands at a place, and what is said for it."""
        for pattern, read in self._rules:
            match = pattern.match(text, at)
            if match and at < match.end() <= end and (words := read(match)) is not None:
                begins = SENTENCE_BEGINS.search(text[:at]) and not abbreviations.ends_with_one(
                    text[:at], text[at:], self._reading
                )
                return match.end() - at, words[:1].upper() + words[1:] if begins else words
        word = WORD.match(text, at)
        length = min(len(word[0]) if word else 1, end - at)
        return length, text[at : at + length]


def _shortened(reading: Reading) -> frozenset[str]:
    """Return the abbreviations, and the first words of those that have several."""
    tables = (reading.titles, reading.after_a_name, reading.before_a_number, reading.abbreviations)
    others = (reading.date["short"], reading.days, reading.symbols)
    codes = [word for word in reading.currencies if word.isupper()]
    return frozenset(short.lower().split()[0] for table in (*tables, *others, codes) for short in table)


def _joining(reading: Reading) -> frozenset[str]:
    words = [*reading.units, *reading.months, *reading.money["big"], *reading.currencies, *reading.joins]
    several = [word for short in reading.abbreviations for word in short.split()[1:]]
    return frozenset(word.lower() for word in (*words, *several))
