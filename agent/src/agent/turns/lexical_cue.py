"""The lexical cue: what a caller's last words say about whether the sentence goes on."""

import enum
import tomllib
from dataclasses import dataclass
from functools import cache

from agent.languages import FOLDER
from agent.turns.dictation import Progress, progress, run_at_the_end, words_of

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
    def of(cls, language: str) -> "LexicalCue":
        """Read a language's words; a FileNotFoundError means that it has none."""
        lists = tomllib.loads((FOLDER / language / "lexical_cue.toml").read_text(encoding="utf-8"))
        words = {name: frozenset(text.split()) for name, text in lists.items()}
        return cls(**words | {"numbers": words["numbers"] | words["digits"]})

    def hint(self, said: str, asked: str = "", region: str | None = None) -> Hint | None:
        """Return the hint that the last of these words give; a line break among them is a pause.

        `asked` is what the agent said before them, and `region` (ISO 3166) that of the telephone numbers.
        """
        words = words_of(said)
        if not words or said.rstrip().endswith("?"):
            return None
        how_far = progress(said, asked, self, region)
        if how_far is Progress.COMPLETE:
            return None
        if how_far is Progress.INCOMPLETE or words[-1] in self.unfinished or said.rstrip().endswith(GOES_ON):
            return Hint.UNFINISHED
        return self._hint_of_a_number(said) or (Hint.NUMBER if how_far else None)

    def times(self, word: str) -> int:
        """Return how often this word has the next digit or letter repeated: 2 for "double"; 0 if it does not."""
        return 2 if word in self.doubles else 3 if word in self.triples else 0

    def _hint_of_a_number(self, said: str) -> Hint | None:
        count = len(run_at_the_end(said, self).text)
        if not count or count >= WHOLE_NUMBER:
            return None
        parts = [part for word in words_of(said) for part in word.split("-")]
        read_out = count > 2 or (count == 2 and all(map(self._is_digit, parts[-2:])))
        return Hint.PART_OF_NUMBER if read_out else Hint.NUMBER

    def _is_digit(self, word: str) -> bool:
        return word in self.digits or (word.isdigit() and len(word) == 1)

    def is_backchannel(self, said: str) -> bool:
        """Return whether this only encourages the speaker to go on; a sound without any words does, too."""
        words = words_of(said)
        return set(words) <= self.backchannels or "-".join(words) in self.backchannels
