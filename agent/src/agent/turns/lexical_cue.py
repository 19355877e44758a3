"""The lexical cue: what a caller's last words say about whether the sentence goes on."""

import enum
import re
import tomllib
from dataclasses import dataclass
from functools import cache

from agent.languages import FOLDER

WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")  # noqa: RUF001 - the apostrophe that transcripts have
AMOUNT = re.compile(r"\d+(?:[.:]\d+)+")  # 6:30 or 12.50 is one number, however many digits it has
WHOLE_NUMBER = 7  # digits; a telephone number with this many may be complete
GOES_ON = (",", "...", "…", "-", "–", "—")  # noqa: RUF001 - what speech to text ends a broken-off sentence with


class Hint(enum.Enum):
    """A hint that the last words give; None is used instead when they give no hint."""

    UNFINISHED = enum.auto()  # no sentence ends like this
    NUMBER = enum.auto()  # the words end with a number: an amount, or the first digits of one that is read out
    PART_OF_NUMBER = enum.auto()  # the words end inside a number that is read out, or a word that is spelled


@dataclass(frozen=True, slots=True)
class LexicalCue:
    """The words of one language that matter, from `languages/<language>/lexical_cue.toml`."""

    unfinished: frozenset[str]
    digits: frozenset[str]
    numbers: frozenset[str]  # all words that numbers consist of, `digits` included
    backchannels: frozenset[str]

    @classmethod
    @cache
    def of(cls, language: str) -> "LexicalCue":
        """Read a language's words; a FileNotFoundError means that it has none."""
        lists = tomllib.loads((FOLDER / language / "lexical_cue.toml").read_text(encoding="utf-8"))
        words = {name: frozenset(text.split()) for name, text in lists.items()}
        return cls(**words | {"numbers": words["numbers"] | words["digits"]})

    def hint(self, said: str) -> Hint | None:
        """Return the hint that the last of these words give."""
        words = _words(AMOUNT.sub("1", said))
        if not words or said.rstrip().endswith("?"):
            return None
        if words[-1] in self.unfinished or said.rstrip().endswith(GOES_ON):
            return Hint.UNFINISHED
        parts = [part for word in words for part in word.split("-")]
        count = self._count_digits(parts)
        if not count or count >= WHOLE_NUMBER:
            return None
        read_out = count > 2 or (count == 2 and all(map(self._is_digit, parts[-2:])))
        return Hint.PART_OF_NUMBER if read_out else Hint.NUMBER

    def _count_digits(self, words: list[str]) -> int:
        """Count the digits, number words and single letters at the end of these words."""
        count = 0
        for word in reversed(words):
            if word.isdigit():
                count += len(word)
            elif word in self.numbers or word[0].isdigit() or (len(word) == 1 and word not in self.unfinished):
                count += 1
            else:
                break
        return count

    def _is_digit(self, word: str) -> bool:
        return word in self.digits or (word.isdigit() and len(word) == 1)

    def is_backchannel(self, said: str) -> bool:
        """Return whether this only encourages the speaker to go on; a sound without any words does, too."""
        words = _words(said)
        return set(words) <= self.backchannels or "-".join(words) in self.backchannels


def _words(said: str) -> list[str]:
    return [word.lower().replace("’", "'") for word in WORD.findall(said)]  # noqa: RUF001
