"""The words of a language that tell whether a caller's sentence goes on, and how something is read out."""

import tomllib
from dataclasses import dataclass
from functools import cache
from typing import Self

from agent.languages import FOLDER


@dataclass(frozen=True, slots=True)
class CueWords:
    """The words of one language that matter, from `languages/<language>/lexical_cue.toml`."""

    unfinished: frozenset[str]
    digits: frozenset[str]
    numbers: frozenset[str]  # all words that numbers consist of, `digits` included
    backchannels: frozenset[str]
    # What is read out piece by piece, for `turns.dictation`: the words that announce it, and how it is read out.
    cards: frozenset[str]
    phones: frozenset[str]
    codes: frozenset[str]
    numbered: frozenset[str]
    partial: frozenset[str]
    names: frozenset[str]
    mails: frozenset[str]
    copulas: frozenset[str]
    at: frozenset[str]
    dots: frozenset[str]
    symbols: frozenset[str]
    zeros: frozenset[str]
    doubles: frozenset[str]
    triples: frozenset[str]
    aids: frozenset[str]

    @classmethod
    @cache
    def of(cls, language: str) -> Self:
        """Read a language's words; a FileNotFoundError means that it has none."""
        lists = tomllib.loads((FOLDER / language / "lexical_cue.toml").read_text(encoding="utf-8"))
        words = {name: frozenset(text.split()) for name, text in lists.items()}
        return cls(**words | {"numbers": words["numbers"] | words["digits"]})
