"""The lexical cue: what a caller's last words say about whether the sentence goes on."""

import enum

from agent.turns.cue_words import CueWords
from agent.turns.dictation import Progress, progress, run_at_the_end, words_of

WHOLE_NUMBER = 7  # digits; a telephone number with this many may be complete
GOES_ON = (",", "...", "…", "-", "–", "—")  # noqa: RUF001 - what speech to text ends a broken-off sentence with


class Hint(enum.Enum):
    """A hint that the last words give; None is used instead when they give no hint."""

    UNFINISHED = enum.auto()  # no sentence ends like this
    NUMBER = enum.auto()  # the words end with a number: an amount, or the first digits of one that is read out
    PART_OF_NUMBER = enum.auto()  # the words end inside a number that is read out, or a word that is spelled


class LexicalCue(CueWords):
    """Judges words by those of one language."""

    __slots__ = ()

    def hint(self, said: str, asked: str = "", region: str | None = None) -> Hint | None:
        """Return the hint that the last of these words give; a line break among them is a pause.

        `asked` is what the agent said before them, and `region` (ISO 3166) that of the telephone numbers.
        """
        words = words_of(said)
        if not words or said.rstrip().endswith("?"):
            return None
        run = run_at_the_end(said, self)
        how_far = progress(run, said, asked, self, region)
        if how_far is Progress.COMPLETE:
            return None
        if how_far is Progress.INCOMPLETE or words[-1] in self.unfinished or said.rstrip().endswith(GOES_ON):
            return Hint.UNFINISHED
        count = len(run.text)
        if not 0 < count < WHOLE_NUMBER:
            return Hint.NUMBER if how_far else None
        parts = [part for word in words[-2:] for part in word.split("-")]
        read_out = count > 2 or (count == 2 and all(map(self._is_digit, parts[-2:])))
        return Hint.PART_OF_NUMBER if read_out else Hint.NUMBER

    def _is_digit(self, word: str) -> bool:
        return word in self.digits or (word.isdigit() and len(word) == 1)

    def is_backchannel(self, said: str) -> bool:
        """Return whether this only encourages the speaker to go on; a sound without any words does, too."""
        words = words_of(said)
        return set(words) <= self.backchannels or "-".join(words) in self.backchannels
