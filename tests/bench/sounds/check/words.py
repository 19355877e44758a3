"""Word error rate where "five five five" and "555" are the same words."""

from __future__ import annotations

import re

SMALL = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen""".split()  # noqa: SIM905 - easier on the eye than twenty quoted words
TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
ORDINALS = {"first": "one", "second": "two", "third": "three", "fifth": "five", "eighth": "eight", "ninth": "nine"}
ORDINALS |= {"twelfth": "twelve", "thirtieth": "thirty", "twentieth": "twenty"}
FILLERS = {"um", "uh", "uhm", "er", "erm", "hmm", "mm"}  # Whisper leaves them out, or writes another one
SAME = {"ok": "okay", "neighbour": "neighbor", "oclock": "", "00": "", "and": ""}


def normal(text: str) -> list[str]:
    """Lower case, no punctuation and no fillers, numbers as single digits and spelled words as single letters."""
    text = re.sub("['\u2019]", "", text.lower())
    text = re.sub(r"\b(\d+)(st|nd|rd|th)\b", r"\1", text)
    words = [SAME.get(word, word) for word in re.findall(r"[a-z]+|\d+", text)]
    words = [word for word in words if word and word not in FILLERS]
    return [piece for word in _numbered(words) for piece in (word if word.isdigit() else [word])]


def errors(said: str, heard: str) -> tuple[int, int]:
    """Substitutions, insertions and deletions; words said. Letters and digits that Whisper joined are taken apart."""
    expected, got = normal(said), normal(heard)
    spelled = {word for word in expected if len(word) == 1}
    got = [piece for word in got for piece in (word if set(word) <= spelled and word not in expected else [word])]
    distances = list(range(len(got) + 1))
    for row, word in enumerate(expected, 1):
        before, distances[0] = distances[0], row
        for column, other in enumerate(got, 1):
            cost = min(distances[column] + 1, distances[column - 1] + 1, before + (word != other))
            before, distances[column] = distances[column], cost
    return distances[-1], len(expected)


def _numbered(words: list[str]) -> list[str]:
    """Number words as figures: twenty three is 23, a hundred is left to its digits."""
    figures: list[str] = []
    tens = 0
    for word in words:
        word = ORDINALS.get(word, word.removesuffix("th") if word.removesuffix("th") in SMALL else word)
        if word in TENS:
            figures += [str(tens)] if tens else []
            tens = TENS[word]
            continue
        small = SMALL.index(word) if word in SMALL else None
        if tens and small is not None and 0 < small < 10:
            figures.append(str(tens + small))
        else:
            figures += [str(tens)] if tens else []
            figures.append(word if small is None else str(small))
        tens = 0
    return figures + ([str(tens)] if tens else [])
