"""What a caller's last words tell about what comes next."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

LANGUAGES = Path(__file__).parent / "languages"
WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")  # noqa: RUF001 - the apostrophe that transcripts have
GOES_ON = (",", "...", "…")
WHOLE_NUMBER = 7  # digits of a telephone number without its area code; with fewer, more are waited for


@dataclass(frozen=True, slots=True)
class Waits:
    """Seconds since the caller's last sound after which it is the agent's turn."""

    done: float  # the sentence may be over
    number: float  # it ends in a number, which may have more figures
    unfinished: float  # it cannot be over


@dataclass(frozen=True, slots=True)
class LastWords:
    """One language's words, from `languages/<language>.toml`."""

    unfinished: frozenset[str]
    digits: frozenset[str]
    numbers: frozenset[str]
    backchannels: frozenset[str]

    @classmethod
    @cache
    def of(cls, language: str) -> "LastWords":
        """Read a language's words; a FileNotFoundError where there are none."""
        lists = tomllib.loads((LANGUAGES / f"{language}.toml").read_text(encoding="utf-8"))
        return cls(**{name: frozenset(words.split()) for name, words in lists.items()})

    def wait(self, said: str, waits: Waits) -> float:
        """How long to wait for more after these words."""
        words = _words(said)
        if not words or said.rstrip().endswith("?"):
            return waits.done
        digits = self._digits_at_the_end(words)
        if words[-1] in self.unfinished or said.rstrip().endswith(GOES_ON) or 2 <= digits < WHOLE_NUMBER:
            return waits.unfinished
        return waits.number if digits or words[-1] in self.numbers else waits.done

    def is_backchannel(self, said: str) -> bool:
        """Whether this only tells a speaker to go on; so does a sound in which there are no words at all."""
        words = _words(said)
        return set(words) <= self.backchannels or "-".join(words) in self.backchannels

    def _digits_at_the_end(self, words: list[str]) -> int:
        count = 0
        for word in reversed(words):
            if word.isdigit():
                count += len(word)
            elif word in self.digits or len(word) == 1:
                count += 1
            else:
                break
        return count


def _words(said: str) -> list[str]:
    return [word.lower().replace("’", "'") for word in WORD.findall(said)]  # noqa: RUF001
