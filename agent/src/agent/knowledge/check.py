"""Lets an answer through, sentence by sentence, while it is being written, as far as facts support it."""

import re

from agent.aloud.abbreviations import ends_with_one
from agent.aloud.reading import Reading
from agent.knowledge.claims import Judge

END = re.compile(r"[.!?…]+[\"'”’)\]]*(?=\s)|\n")  # noqa: RUF001


class Checked:
    """Takes an answer in pieces, and returns what of it may be said. Where the pieces end makes no difference."""

    def __init__(self, judge: Judge, reading: Reading) -> None:
        self._judge, self._reading = judge, reading
        self._rest = ""  # the sentence that is being written
        self._held = ""  # sentences that say yes or no to what the next one states
        self._has_stated = False  # a fact has been said
        self.over = False  # nothing more may be said

    def feed(self, piece: str) -> str:
        """Return what may be said now."""
        self._rest += piece
        return "".join(iter(self._next, ""))

    def flush(self) -> str:
        """Return the rest, at the end of the answer."""
        rest, self._rest = self._rest, ""
        return self.feed("") + self._take(rest, last=True)

    def _next(self) -> str:
        """Return the next sentence that may be said; "" if more has to be seen first."""
        while not self.over and (end := self._end()):
            sentence, self._rest = self._rest[:end], self._rest[end:]
            if said := self._take(sentence):
                return said
        return ""

    def _end(self) -> int:
        for end in END.finditer(self._rest):
            before, after = self._rest[: end.end()], self._rest[end.end() :]
            if not ends_with_one(before, after, self._reading):
                return end.end()
        return 0

    def _take(self, sentence: str, *, last: bool = False) -> str:
        """Take a whole sentence, and return what is said for it."""
        if self.over or not (drafted := self._held + sentence).strip():
            return ""
        self._held = ""
        if self._judge.asks_the_caller(sentence):
            return sentence  # without the "Sure!" before it, which would say yes to the question
        claim = self._judge.claim(drafted)
        if self._judge.is_talk(claim):
            return drafted
        if self._judge.is_yes_or_no(claim) and not last:
            self._held = drafted
            return ""
        if self._judge.supports(claim):
            self._has_stated = True
            return drafted
        if not self._has_stated and (fact := self._judge.answer(claim)):
            self.over = True
            return fact.text
        if claim.says_unknown:
            return drafted
        self.over = True
        return "" if self._has_stated else self._judge.unknown
