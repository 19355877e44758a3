"""Card and identity numbers are taken out of what was said, however they were said.

A number may be written in figures, spoken in words, in groups, over several turns, or keyed; the agent may have read it
back, and a tool been given it. Telephone numbers, times, dates and prices stay.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, pairwise
from typing import Any, Literal

from agent.records.redaction import id_numbers as identity
from agent.records.redaction.spoken_digits import Piece, Spoken

REDACTED = "[redacted]"

LABELLED = 6  # figures right after "passport" and its like are an identity number
LABEL_WITHIN = 8  # words
PART = 4  # figures of a number that was found, and nothing else, are taken out wherever they stand
LARGE_PART = 6  # is taken out with what is around it
GROUPS_AT_ONCE = 8  # pieces of one number
GROUPS_WITHIN = 8  # words from one turn's last figures to the first of the speaker's next
GROUPS_WITHIN_A_TURN = 5  # words between two groups of a number
GROUP = 3  # fewer figures among words are no group of a number, but "for four people", or "the first one"
PLUS = re.compile(r"(?:\+|\bplus)\W*$", re.IGNORECASE)  # a telephone number follows, if it is as long as one
TELEPHONE = range(9, 16)  # figures with the country's code


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

    @property
    def figures(self) -> "Run":
        """Without letters: "I" and "a" are words as often as not."""
        return replace(self, pieces=tuple(piece for piece in self.pieces if piece.value.isdigit()))

    @property
    def aside(self) -> bool:
        """Too few figures for a group of a number, and others beside them in the turn."""
        count = len(self.figures.text)
        return count < GROUP and not (count and self.first and self.last)


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
                _is_telephone(turn.text, group),
            )
            for at, (group, before, between) in enumerate(groups)
        ]  # fmt: skip
        if open_run:
            gap = 0
        other = []
    return runs


def _is_telephone(text: str, run: list[Piece]) -> bool:
    figures = [piece.value for piece in run if piece.value.isdigit()]
    as_long = len("".join(figures)) in TELEPHONE
    return as_long and PLUS.search(text[: run[0].start]) is not None and not any(_usual_cards(figures))


def _numbers(runs: list[Run], spoken: Spoken) -> tuple[set[str], list[tuple[int, tuple[int, int]]]]:
    """The numbers that must not be kept, and where in which turn they stand."""
    numbers: set[str] = set()
    spans: list[tuple[int, tuple[int, int]]] = []
    for group in _groups(runs):
        for of, start, end in _found(group, spoken):
            numbers.add(_text(of)[start:end])
            spans += _where(of, start, end)
    return numbers, spans


def _found(group: list[Run], spoken: Spoken) -> Iterator[tuple[list[Run], int, int]]:
    """The numbers in a group: of which runs, and where in their text."""
    text = _text(group)
    figures = [run.figures for run in group]
    among_words = any(before.turn == after.turn for before, after in pairwise(group))
    if group[0].telephone:
        spans = []
    elif among_words:
        spans = [(figures, *span) for span in _usual_cards([piece.value for run in figures for piece in run.pieces])]
    else:
        edges = _edges([piece.value for run in group for piece in run.pieces])
        spans = [(figures, *span) for span in identity.cards(_text(figures))]
        spans += [(group, *span) for form in spoken.identity for span in identity.FORMS[form](text, edges)]
    yield from spans
    if _labelled(group, spoken):
        yield group, 0, len(text)


def _usual_cards(values: list[str]) -> Iterator[tuple[int, int]]:
    return identity.cards_in_groups("".join(values), _edges(values))


def _edges(values: list[str]) -> set[int]:
    return set(accumulate(map(len, values), initial=0))


def _text(runs: list[Run]) -> str:
    return "".join(run.text for run in runs)


def _groups(runs: list[Run]) -> Iterator[list[Run]]:
    """Each run, and each with those that go on with it, in its turn or in the same speaker's next ones."""
    for first, run in enumerate(runs):
        group = [run]
        yield list(group)
        words = 0
        for after in runs[first + 1 :]:
            words += after.gap
            if words > (GROUPS_WITHIN_A_TURN if after.turn == group[-1].turn else GROUPS_WITHIN):
                break
            if after.aside:
                words += 1
                continue
            group.append(after)
            yield list(group)
            if len(group) == GROUPS_AT_ONCE:
                break
            words = 0


def _labelled(group: list[Run], spoken: Spoken) -> bool:
    if sum(map(str.isdigit, _text(group))) < LABELLED or any(run.gap for run in group[1:]):
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
