"""Card and identity numbers are taken out of what was said, however they were said.

A number may be written in figures, spoken in words, in groups, over several turns, or keyed; the agent may have read it
back, and a tool been given it. Telephone numbers, times, dates and prices stay.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal

from agent.records import identity
from agent.records.figures import Piece, Spoken

REDACTED = "[redacted]"

LABELLED = 6  # figures right after "passport" and its like are an identity number
LABEL_WITHIN = 8  # words
PART = 4  # figures of a number that was found, and nothing else, are taken out wherever they stand
LARGE_PART = 6  # is taken out with what is around it
GROUPS_AT_ONCE = 8  # pieces of one number
PLUS = re.compile(r"(?:\+|\bplus)\W*$", re.IGNORECASE)  # a telephone number follows


@dataclass(frozen=True, slots=True)
class Said:
    """One turn's words, or the keys the caller pressed without a longer pause."""

    who: Literal["caller", "agent"]
    text: str


@dataclass(frozen=True, slots=True)
class Run:
    """Figures and letters with nothing but fillers between them."""

    turn: int
    pieces: tuple[Piece, ...]
    before: tuple[str, ...]  # the words before it in its turn, and if it is the first there, of the other's turn before
    gap: int  # words between it and the run before it that are no fillers
    first: bool  # of its turn
    last: bool
    telephone: bool

    @property
    def text(self) -> str:
        return "".join(piece.value for piece in self.pieces)


@dataclass
class Redaction:
    """What was found in a call, and the same texts without it."""

    language: str
    texts: list[str] = field(default_factory=list)
    touched: set[int] = field(default_factory=set)  # of the texts
    numbers: set[str] = field(default_factory=set)

    def of(self, text: str) -> str:
        """Another text of the same call, such as its summary."""
        spoken = Spoken.of(self.language)
        runs = _runs([Said("agent", text)], spoken)
        spans = _numbers(runs, spoken)[1] + _parts(runs, self.numbers)
        return _without(text, [span for _, span in spans])

    def of_json(self, text: str) -> str:
        """The same for what is JSON, as a tool's result often is."""
        try:
            value = json.loads(text)
        except ValueError:
            return self.of(text)
        kept = self.of_value(value)
        return text if kept == value else json.dumps(kept, ensure_ascii=False)

    def of_value(self, value: Any) -> Any:
        """The same for every text and number in a JSON value."""
        if isinstance(value, dict):
            return {key: self.of_value(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.of_value(item) for item in value]
        if isinstance(value, str):
            return self.of(value)
        clean = self.of(str(value)) if isinstance(value, int) and not isinstance(value, bool) else ""
        return clean if REDACTED in clean else value


def redact(said: Sequence[Said], language: str) -> Redaction:
    """Everything that was said in a call, in its order, and what else is to be found by it."""
    spoken = Spoken.of(language)
    spans: list[tuple[int, tuple[int, int]]] = []
    runs: list[Run] = []
    redaction = Redaction(language)
    for who in ("caller", "agent"):
        mine = _runs(said, spoken, who)
        numbers, found = _numbers(mine, spoken)
        redaction.numbers |= numbers
        runs += mine
        spans += found
    spans += _parts(runs, redaction.numbers)
    redaction.touched = {turn for turn, _ in spans}
    redaction.texts = [
        _without(turn.text, [span for at, span in spans if at == number]) for number, turn in enumerate(said)
    ]
    return redaction


def _runs(said: Sequence[Said], spoken: Spoken, who: str = "agent") -> list[Run]:
    runs: list[Run] = []
    gap = 0
    other: list[str] = []
    for number, turn in enumerate(said):
        pieces = spoken.pieces(turn.text)
        if turn.who != who:
            other = [piece.word for piece in pieces]
            continue
        words: list[str] = []  # since the last run
        groups: list[tuple[list[Piece], list[str], int]] = []
        open_run: list[Piece] = []
        for piece in pieces:
            if piece.value:
                if not open_run:
                    groups.append((open_run := [], words if groups else other + words, gap))
                open_run.append(piece)
            elif piece.word not in spoken.fillers:
                if open_run:
                    open_run, words, gap = [], [], 0
                words.append(piece.word)
                gap += 1
        runs += [
            Run(
                number, tuple(group), tuple(before), between, at == 0, at == len(groups) - 1,
                PLUS.search(turn.text[: group[0].start]) is not None,
            )
            for at, (group, before, between) in enumerate(groups)
        ]  # fmt: skip
        if open_run:
            gap = 0
        other = []
    return runs


def _numbers(runs: list[Run], spoken: Spoken) -> tuple[set[str], list[tuple[int, tuple[int, int]]]]:
    """The numbers that must not be kept, and where in which turn they stand."""
    numbers: set[str] = set()
    spans: list[tuple[int, tuple[int, int]]] = []
    for group in _groups(runs):
        text = "".join(run.text for run in group)
        found = [] if group[0].telephone else list(_by_form(text, spoken))
        if _labelled(group, spoken):
            found.append((0, len(text)))
        for start, end in found:
            numbers.add(text[start:end])
            spans += _where(group, start, end)
    return numbers, spans


def _by_form(text: str, spoken: Spoken) -> Iterator[tuple[int, int]]:
    yield from identity.cards(text)
    for form in spoken.identity:
        yield from identity.FORMS[form](text)


def _groups(runs: list[Run]) -> Iterator[list[Run]]:
    """Each run, and each with those that go on with it in the same speaker's next turns."""
    for first in range(len(runs)):
        group = [runs[first]]
        yield list(group)
        for before, after in list(pairwise(runs[first:]))[: GROUPS_AT_ONCE - 1]:
            if before.turn == after.turn or not (before.last and after.first) or after.gap > LABEL_WITHIN:
                break
            group.append(after)
            yield list(group)


def _labelled(group: list[Run], spoken: Spoken) -> bool:
    if sum(map(str.isdigit, "".join(run.text for run in group))) < LABELLED or any(run.gap for run in group[1:]):
        return False
    before = group[0].before
    return any(
        before[at : at + len(label)] == label
        for label in spoken.labels
        for at in range(max(0, len(before) - LABEL_WITHIN - len(label)), len(before) - len(label) + 1)
    )


def _where(group: list[Run], start: int, end: int) -> list[tuple[int, tuple[int, int]]]:
    """The pieces that have a part of `start` to `end` in them, as one span a run."""
    spans = []
    at = 0
    for run in group:
        hit = []
        for piece in run.pieces:
            if at < end and at + len(piece.value) > start:
                hit.append(piece)
            at += len(piece.value)
        if hit:
            spans.append((run.turn, (hit[0].start, hit[-1].end)))
    return spans


def _parts(runs: list[Run], numbers: set[str]) -> list[tuple[int, tuple[int, int]]]:
    """Where a part of one of them is said again, or read back."""
    return [
        (run.turn, (run.pieces[0].start, run.pieces[-1].end))
        for run in runs
        if not run.telephone and any(_is_part(run.text, number) for number in numbers)
    ]


def _is_part(text: str, number: str) -> bool:
    within = len(text) >= PART and text in number
    return within or any(number[at : at + LARGE_PART] in text for at in range(len(number) - LARGE_PART + 1))


def _without(text: str, spans: list[tuple[int, int]]) -> str:
    merged: list[list[int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1][1] = max(end, merged[-1][1])
        else:
            merged.append([start, end])
    for start, end in reversed(merged):
        text = text[:start] + REDACTED + text[end:]
    return text
