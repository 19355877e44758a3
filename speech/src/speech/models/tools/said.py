"""The caller's own words as a pattern, so that a model can copy them and write nothing else."""

import re
from collections.abc import Iterable, Iterator

LONGEST = 30  # words of one value
_COUNTED = "zero one two three four five six seven eight nine ten eleven twelve"
NUMBERS = {word: number for number, word in enumerate(_COUNTED.split())}
KEYS = {word: str(number) for word, number in NUMBERS.items() if number < 10} | {
    "oh": "0",
    "star": "*",
    "asterisk": "*",
    "pound": "#",
    "hash": "#",
}
# Words that are no value by themselves: "I" is nobody's name.
_POINTING = "a an the i me my you your we us our it its he him his she her they them this that there"
POINTING = frozenset(_POINTING.split())
_SPECIAL = re.compile(r"[\\.^$*+?()\[\]{}|]")
_AROUND = '.,!?;:…"“”()'
_DIGITS = re.compile(r"[\d*#]+")


def pattern_of(texts: Iterable[str]) -> str:
    """Return a regular expression for some consecutive words of one text, or for the digits in it ("one 2" is "12")."""
    parts = [part for text in texts for part in (*_beginnings(text), *map(_escaped, sorted(_digits(text))))]
    return f"^({'|'.join(parts)})$"


def numbers_in(texts: Iterable[str]) -> list[int]:
    """List the numbers in some texts, in digits or in words up to twelve."""
    bare = [_bare(word).lower() for text in texts for word in text.split()]
    return sorted({NUMBERS.get(word, int(word) if word.isdecimal() else -1) for word in bare} - {-1})


def says_nothing(value: str) -> bool:
    """Return whether a value only points at something or somebody."""
    return POINTING.issuperset(_bare(word).lower() for word in value.split())


def _beginnings(text: str) -> Iterator[str]:
    """Yield a pattern for each word: this word, and as many of the next ones as are wanted."""
    words = [word for word in text.split() if _bare(word)]
    for first in range(len(words)):
        pattern = ""
        for word in reversed(words[first : first + LONGEST]):
            bare = _bare(word)
            after = word[word.index(bare) + len(bare) :]  # the comma stays if more words follow
            pattern = _escaped(bare) + (f"({_escaped(after)} {pattern})?" if pattern else "")
        yield pattern


def _digits(text: str) -> set[str]:
    """Return the digits of a text, all together and each row of them."""
    keys = [_key(_bare(word).lower()) for word in text.split()]
    rows = "".join(key or " " for key in keys).split()
    return {*rows, "".join(rows)} - {""}


def _key(word: str) -> str:
    return word if _DIGITS.fullmatch(word) else KEYS.get(word, "")


def _bare(word: str) -> str:
    return word.strip(_AROUND)


def _escaped(text: str) -> str:
    """Return it for a pattern. Unlike `re.escape`, it escapes only what every kind of regular expression knows."""
    return _SPECIAL.sub(r"\\\g<0>", text)
