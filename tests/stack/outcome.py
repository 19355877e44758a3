"""How a call ended, and what was said in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

ALIKE = 0.85  # of the letters; "visit is moved" and "visit is booked" are less alike


@dataclass(frozen=True)
class Outcome:
    """How a call ended: the phone's exit code, its report (`phone.report.report`) and what it printed."""

    code: int
    report: dict[str, Any]
    printed: str

    @property
    def said(self) -> list[dict[str, Any]]:
        """What the line said: `text` as the phone's larger Whisper wrote it, `start` and `end` since the INVITE."""
        return [part for part in self.report["conversation"] if part["who"] == "line"]

    @property
    def heard(self) -> str:
        """All of it, in lower case and without punctuation; "good-bye" and "good bye" are "goodbye"."""
        return " ".join(plain(part["text"]) for part in self.said)

    def hears(self, words: str) -> bool:
        """Whether these words (a regular expression) were in what the line said."""
        return sounds_like(words, self.heard)

    @property
    def hung_up(self) -> bool:
        """Whether the line did it."""
        return bool(self.report["ended_by"] == "line")

    @property
    def began_at(self) -> float:
        """When the INVITE was sent or came, in seconds since 1970: all phones of a machine have one clock."""
        return float(self.report["invited"])

    @property
    def ended_at(self) -> float:
        """When one side hung up, in seconds since 1970."""
        return self.began_at + float(self.report["ended_after"])

    @property
    def keys(self) -> str:
        """The keys that the line pressed."""
        return "".join(key["key"] for key in self.report["keys"])

    def sounded(self, since: float, until: float) -> float:
        """Seconds of sound from the line, words or music, between two moments (seconds since the INVITE)."""
        parts = [(max(part["start"], since), min(part["end"], until)) for part in self.said]
        return float(sum(max(end - start, 0.0) for start, end in parts))

    def says(self, words: str, nth: int = 0) -> float:
        """When the line began the nth utterance with these words (a regular expression): seconds since the INVITE."""
        texts = {float(part["start"]): plain(part["text"]) for part in self.said}
        found = [start for start, text in texts.items() if re.search(words, text)]
        if len(found) <= nth:
            found = [start for start, text in texts.items() if sounds_like(words, text)]
        assert len(found) > nth, f"“{words}” is not {nth + 1} times in what the line said:\n{self.printed}"
        return found[nth]

    def after_the_caller(self, words: str) -> float:
        """Seconds of waiting at the caller's ear: from the caller's last sound before it to these words' utterance."""
        start = self.says(words)
        before = [turn["end"] for turn in self.report["turns"] if turn["end"] <= start]
        assert before, f"the line said “{words}” before the caller had said anything:\n{self.printed}"
        return float(start - before[-1])

    def longest_silence(self, since: float = 0.0) -> float:
        """Seconds for which nobody said anything, between that moment (since the INVITE) and the end."""
        spoken = sorted((part["start"], part["end"]) for part in self.report["conversation"])
        quiet, until = [], max(since, self.report["answered_after"])
        for start, end in [*spoken, (self.report["ended_after"], self.report["ended_after"])]:
            quiet.append(start - until)
            until = max(until, end)
        return float(max(quiet))


def plain(text: str) -> str:
    """Lower case, no punctuation, single spaces."""
    words = " ".join(re.sub(r"[^a-z0-9' ]", " ", text.lower().replace("-", " ")).split())
    return words.replace("good bye", "goodbye")


def sounds_like(words: str, heard: str) -> bool:
    """Return whether these words (a regular expression) were heard, but for a letter or two, or one short word."""
    if re.search(words, heard):
        return True
    there, length = heard.split(), len(words.split())
    lengths = {length, length - 1} if length > 2 else {length}
    parts = (" ".join(there[at : at + long]) for at in range(len(there)) for long in lengths)
    return any(SequenceMatcher(None, words, part).ratio() >= ALIKE for part in parts)
