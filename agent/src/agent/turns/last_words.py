"""What a caller's last words tell about what comes next."""

import enum
import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

LANGUAGES = Path(__file__).parent / "languages"
WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")  # noqa: RUF001 - the apostrophe that transcripts have
GOES_ON = (",", "...", "…", "-", "–", "—")  # noqa: RUF001 - what speech to text ends a broken-off sentence with


class Hint(enum.Enum):
    """What words tell; None of these where they tell nothing."""

    UNFINISHED = enum.auto()  # no sentence ends like that
    NUMBER = enum.auto()  # it ends in a number, which may have more figures


@dataclass(frozen=True, slots=True)
class LastWords:
    """One language's words, from `languages/<language>.toml`."""

    unfinished: frozenset[str]
    numbers: frozenset[str]
    backchannels: frozenset[str]

    @classmethod
    @cache
    def of(cls, language: str) -> "LastWords":
        """Read a language's words; a FileNotFoundError where there are none."""
        lists = tomllib.loads((LANGUAGES / f"{language}.toml").read_text(encoding="utf-8"))
        return cls(**{name: frozenset(words.split()) for name, words in lists.items()})

    def hint(self, said: str) -> Hint | None:
        """What the last of these words tell."""
        words = _words(said)
        if not words or said.rstrip().endswith("?"):
            return None
        if words[-1] in self.unfinished or said.rstrip().endswith(GOES_ON):
            return Hint.UNFINISHED
        last = words[-1].rpartition("-")[2]
        return Hint.NUMBER if last in self.numbers or len(last) == 1 or last[0].isdigit() else None

    def is_backchannel(self, said: str) -> bool:
        """Whether this only tells a speaker to go on; so does a sound in which there are no words at all."""
        words = _words(said)
        return set(words) <= self.backchannels or "-".join(words) in self.backchannels


def _words(said: str) -> list[str]:
    return [word.lower().replace("’", "'") for word in WORD.findall(said)]  # noqa: RUF001
