"""Counts the words that were heard wrong. Pure."""

from __future__ import annotations

import asyncio

from agent.aloud.reader import Reader
from agent.aloud.stream import read_aloud
from tests.bench.sounds.check.words import errors

READER = Reader.of("en")


def wrong_words(said: str, heard: str) -> tuple[int, int]:
    """Return how many words were heard wrong, left out or added, and how many were said.

    Case, punctuation, fillers and "and" do not count, and each digit of a number is a word. Whisper writes numbers,
    prices and times in figures, and what was said is written in words, so what Whisper wrote is compared as it is,
    where "48213" is five digits, and as Landline would read it aloud, where "$3.50" is three dollars and fifty cents.
    The comparison with fewer mistakes counts.
    """
    aloud = asyncio.run(read_aloud(heard, READER))
    return min(errors(said, heard), errors(said, aloud))
