"""What a caller's last words tell about what comes next."""

import enum
import re
import tomllib
from dataclasses import dataclass
from functools import cache

from agent.languages import FOLDER

WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")  # noqa: RUF001 - the apostrophe that transcripts have
AMOUNT = re.compile(r"\d+(?:[.:]\d+)+")  # 6:30 or 12.50 is one number, however many figures it has
WHOLE_NUMBER = 7  # figures: somebody's telephone number may be complete
GOES_ON = (",", "...", "…", "-", "–", "—")  # noqa: RUF001 - what speech to text ends a broken-off sentence with


class Hint(enum.Enum):
    """What words tell; None of these where they tell nothing."""

    UNFINISHED = enum.auto()  # no sentence ends like that
    NUMBER = enum.auto()  # it ends in a number: of people, or the first figures of one that is read out
    PART_OF_NUMBER = enum.auto()  # it ends in a number that is being read out, or a word that is being spelled


@dataclass(frozen=True, slots=True)
class LexicalCue:
    """One language's words, from `languages/<language>/lexical_cue.toml`."""

    unfinished: frozenset[str]
    digits: frozenset[str]
    numbers: frozenset[str]  # and what others consist of
    backchannels: frozenset[str]

    @classmethod
    @cache
    def of(cls, language: str) -> "LexicalCue":
        """Read a language's words; a FileNotFoundError where there are none."""
        lists = tomllib.loads((FOLDER / language / "lexical_cue.toml").read_text(encoding="utf-8"))
        words = {name: frozenset(text.split()) for name, text in lists.items()}
        return cls(**words | {"numbers": words["numbers"] | words["digits"]})

    def hint(self, said: str) -> Hint | None:
        """What the last of these words tell."""
        words = _words(AMOUNT.sub("1", said))
        if not words or said.rstrip().endswith("?"):
            return None
        if words[-1] in self.unfinished or said.rstrip().endswith(GOES_ON):
            return Hint.UNFINISHED
        parts = [part for word in words for part in word.split("-")]
        figures = self._figures(parts)
        if not figures or figures >= WHOLE_NUMBER:
            return None
        read_out = figures > 2 or (figures == 2 and all(map(self._is_digit, parts[-2:])))
        return Hint.PART_OF_NUMBER if read_out else Hint.NUMBER

    def _figures(self, words: list[str]) -> int:
        """How many figures, numbers or single letters these words end with."""
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
        """Whether this only tells a speaker to go on; so does a sound in which there are no words at all."""
        words = _words(said)
        return set(words) <= self.backchannels or "-".join(words) in self.backchannels


def _words(said: str) -> list[str]:
    return [word.lower().replace("’", "'") for word in WORD.findall(said)]  # noqa: RUF001
