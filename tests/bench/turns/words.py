"""Which words of a sentence are found in what was heard of it. Pure."""

from __future__ import annotations

import re
from difflib import SequenceMatcher

WORD = re.compile(r"[a-z0-9']+")


def words(text: str) -> list[str]:
    return WORD.findall(text.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'"))


def found(said: str, heard: str) -> list[bool]:
    """For each word that was said, whether it was heard, in its place among the others."""
    wanted = words(said)
    matches = SequenceMatcher(a=wanted, b=words(heard), autojunk=False).get_matching_blocks()
    there = {place for match in matches for place in range(match.a, match.a + match.size)}
    return [place in there for place in range(len(wanted))]
