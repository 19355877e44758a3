"""What differs between languages when a text is read aloud, from `languages/<language>/aloud.toml`."""

import re
import tomllib
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from agent.languages import FOLDER

FRACTIONS = "½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞"

Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], str | None]]
"""A pattern, and what a match of it is read as; None if it is something else after all."""


@dataclass(frozen=True)
class Reading:
    """The tables of one `aloud.toml`, whose comments say what each row means."""

    region: str
    number: dict[str, Any]
    ordinal: dict[str, Any]
    date: dict[str, Any]
    time: dict[str, Any]
    money: dict[str, Any]
    units: dict[str, list[str]]
    fractions: dict[str, list[str]]
    literal: dict[str, str]
    telephone: dict[str, Any]
    web: dict[str, str]
    days: dict[str, str]
    titles: dict[str, str]
    after_a_name: dict[str, str]
    endings: dict[str, str]
    before_a_number: dict[str, str]
    abbreviations: dict[str, str]
    uncut: list[str]
    closing: list[str]
    symbols: dict[str, str]
    joins: list[str]

    @classmethod
    @cache
    def of(cls, language: str) -> "Reading":
        """Read a language's file; a TypeError means that a table is missing or unknown."""
        tables = tomllib.loads((FOLDER / language / "aloud.toml").read_text(encoding="utf-8"))
        tables["days"] |= {capital(short): day for short, day in tables["days"].items()}
        signs = {sign: unicodedata.normalize("NFKC", sign).replace("\u2044", "/") for sign in FRACTIONS}
        tables["fractions"] |= {
            sign: tables["fractions"][it] for sign, it in signs.items() if it in tables["fractions"]
        }
        return cls(**tables)

    @cached_property
    def currencies(self) -> dict[str, dict[str, Any]]:
        """What is known of a currency, by each of its signs, codes and words."""
        of_name: dict[str, dict[str, Any]] = self.money["currencies"]
        return {sign: its for name, its in of_name.items() for sign in (name, *its.get("also", []))}

    @cached_property
    def day_names(self) -> str:
        """The pattern of a day of the week, written out or shortened, with or without a full stop."""
        return one_of({*self.days, *(short.rstrip(".") for short in self.days), *self.days.values()})

    @cached_property
    def months(self) -> dict[str, int]:
        """The names of the months, and their abbreviations, with the month's number."""
        names = {name: number for number, name in enumerate(self.date["months"], 1)}
        return names | {short: names[name] for short, name in self.date["short"].items()}

    @cached_property
    def dotted(self) -> frozenset[str]:
        """Everything that ends in a full stop and does not end a sentence by it, in lower case."""
        return _dotted([*self.titles, *self.after_a_name, *self.abbreviations, *self.uncut])

    @cached_property
    def dotted_before_a_number(self) -> frozenset[str]:
        """What ends in a full stop and is an abbreviation only before a number, in lower case: "no." or "sept."."""
        return _dotted([*self.before_a_number, *self.date["short"], *self.days])


def _dotted(words: Iterable[str]) -> frozenset[str]:
    return frozenset(word.lower() for word in words if word.endswith("."))


def one_of(words: Iterable[str]) -> str:
    """Return the pattern of any of these words, of which the longest is tried first."""
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))


def chosen_by_words_before(rows: Iterable[tuple[str, str]]) -> Callable[[re.Match[str], str], str]:
    """Return what chooses the rule set for a match, by the words before it.

    Each of `rows` is a pattern of such words and its rule set. If none fits, it is the usual one.
    """
    after = [(re.compile(rf"(?:^|\W)(?:{pattern})\s*$", re.IGNORECASE), ruleset) for pattern, ruleset in rows]

    def choose(match: re.Match[str], usual: str) -> str:
        before = text_before(match)
        return next((ruleset for pattern, ruleset in after if pattern.search(before)), usual)

    return choose


def capital(word: str) -> str:
    """Return a word with a capital first letter, and the others as they are."""
    return word[:1].upper() + word[1:]


def spelled(letters: str) -> str:
    """Return letters as they are named one by one."""
    return " ".join(letters.upper())


def apart(match: re.Match[str], words: str) -> str:
    """Keep a number apart from letters that touch it: "B12" and "12a"."""
    before, after = text_before(match)[-1:], match.string[match.end() : match.end() + 1]
    return f"{' ' if before.isalpha() else ''}{words}{' ' if after.isalpha() else ''}"


def text_before(match: re.Match[str]) -> str:
    """Return what stands before a match, as it was written."""
    return match.string[: match.start()]
