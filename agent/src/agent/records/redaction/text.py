"""Removing card and identity numbers from what was said, however they were said.

A number may be written in digits, spoken in words, in groups, over several turns, or entered on the keypad. The agent
may have read it back, and a tool may have been given it. Phone numbers, times, dates and prices stay.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, pairwise
from typing import Any, Literal

from agent.records.redaction import id_numbers
from agent.records.redaction.spoken_digits import Piece, SpokenDigits

REDACTED = "[redacted]"

LABELLED = 6  # this many digits right after "passport" or the like are an identity number
LABEL_WITHIN = 8  # words between such a label and its digits, at most
PART = 4  # this many digits of a number that was found are removed wherever they stand alone
LARGE_PART = 6  # this many digits of it are removed together with the digits around them
GROUPS_AT_ONCE = 8  # runs in one number, at most
GROUPS_WITHIN = 8  # words from the last digits of a turn to the first of the speaker's next turn, at most
GROUPS_WITHIN_A_TURN = 5  # words between two groups of a number, at most
GROUP = 3  # fewer digits than this, among words, are not a group of a number: "for four people", "the first one"
PLUS = re.compile(r"(?:\+|\bplus)\W*$", re.IGNORECASE)  # what follows is a phone number, if it is as long as one
PHONE_NUMBER = range(9, 16)  # digits, with the country code


@dataclass(frozen=True, slots=True)
class Utterance:
    """The words of one turn, or the DTMF digits that were entered without a longer pause."""

    who: Literal["caller", "agent"]
    text: str


@dataclass(frozen=True, slots=True)
class Run:
    """Digits and letters with nothing but fillers between them."""

    turn: int
    pieces: tuple[Piece, ...]
    before: tuple[str, ...]  # words before it in its turn; for a turn's first run, those of the other speaker, too
    gap: int  # words, without fillers, between it and the run before it
    first: bool  # in its turn
    last: bool
    is_phone_number: bool

    @property
    def text(self) -> str:
        return "".join(piece.value for piece in self.pieces)

    @property
    def digits(self) -> "Run":
        """The run without its letters, since "I" and "a" are often words."""
        return replace(self, pieces=tuple(piece for piece in self.pieces if piece.value.isdigit()))

    @property
    def is_incidental(self) -> bool:
        """Whether the run has too few digits for a group of a number and, if it has any, is not alone in its turn."""
        count = len(self.digits.text)
        return count < GROUP and not (count and self.first and self.last)


@dataclass
class Redaction:
    """The numbers found in a call, and the texts of the call without them."""

    language: str
    texts: list[str] = field(default_factory=list)
    touched: set[int] = field(default_factory=set)  # indexes of the texts that were changed
    numbers: set[str] = field(default_factory=set)

    def clean_text(self, text: str) -> str:
        """Return another text of the same call, such as its summary, without the numbers."""
        spoken = SpokenDigits.of(self.language)
        runs = _runs([Utterance("agent", text)], spoken)
        spans = _numbers(runs, spoken)[1] + _parts(runs, self.numbers)
        return _without(text, [span for _, span in spans])

    def clean_json(self, text: str) -> str:
        """Return a text that may be JSON, as a tool's result often is, without the numbers."""
        try:
            value = json.loads(text)
        except ValueError:
            return self.clean_text(text)
        kept = self.clean_value(value)
        return text if kept == value else json.dumps(kept, ensure_ascii=False)

    def clean_value(self, value: Any) -> Any:
        """Return a JSON value with every text and number in it cleaned."""
        if isinstance(value, dict):
            return {key: self.clean_value(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.clean_value(item) for item in value]
        if isinstance(value, str):
            return self.clean_text(value)
        clean = self.clean_text(str(value)) if isinstance(value, int) and not isinstance(value, bool) else ""
        return clean if REDACTED in clean else value


def redact(said: Sequence[Utterance], language: str) -> Redaction:
    """Find the numbers in everything that was said in a call, given in order, and remove them."""
    spoken = SpokenDigits.of(language)
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


@dataclass
class _OpenRun:
    """A run to which pieces are still added."""

    pieces: list[Piece]
    before: list[str]
    gap: int


def _runs(said: Sequence[Utterance], spoken: SpokenDigits, who: str = "agent") -> list[Run]:
    """Find the runs of one of the two speakers; the other speaker's words count as words before a run."""
    runs: list[Run] = []
    gap = 0
    other: list[str] = []
    for number, turn in enumerate(said):
        pieces = spoken.pieces(turn.text)
        if turn.who != who:
            other = [piece.word for piece in pieces]
            continue
        words: list[str] = []  # since the last run
        in_turn: list[_OpenRun] = []
        run: _OpenRun | None = None
        for piece in pieces:
            if piece.value:
                if run is None:
                    in_turn.append(run := _OpenRun([], words if in_turn else other + words, gap))
                run.pieces.append(piece)
            elif piece.word not in spoken.fillers:
                if run is not None:
                    run, words, gap = None, [], 0
                words.append(piece.word)
                gap += 1
        runs += [
            Run(
                turn=number,
                pieces=tuple(each.pieces),
                before=tuple(each.before),
                gap=each.gap,
                first=each is in_turn[0],
                last=each is in_turn[-1],
                is_phone_number=_is_phone_number(turn.text, each.pieces),
            )
            for each in in_turn
        ]
        if run is not None:
            gap = 0
        other = []
    return runs


def _is_phone_number(text: str, run: list[Piece]) -> bool:
    digits = [piece.value for piece in run if piece.value.isdigit()]
    as_long = len("".join(digits)) in PHONE_NUMBER
    return as_long and PLUS.search(text[: run[0].start]) is not None and not any(_usual_cards(digits))


def _numbers(runs: list[Run], spoken: SpokenDigits) -> tuple[set[str], list[tuple[int, tuple[int, int]]]]:
    """Find the numbers that must not be kept, and where they are in which turn."""
    numbers: set[str] = set()
    spans: list[tuple[int, tuple[int, int]]] = []
    for group in _groups(runs):
        for its_runs, start, end in _numbers_in(group, spoken):
            numbers.add(_text(its_runs)[start:end])
            spans += _where(its_runs, start, end)
    return numbers, spans


def _numbers_in(group: list[Run], spoken: SpokenDigits) -> Iterator[tuple[list[Run], int, int]]:
    """Find the numbers in a group: the runs of each, and its beginning and end in their text."""
    text = _text(group)
    digits = [run.digits for run in group]
    among_words = any(before.turn == after.turn for before, after in pairwise(group))
    if group[0].is_phone_number:
        spans = []
    elif among_words:
        spans = [(digits, *span) for span in _usual_cards([piece.value for run in digits for piece in run.pieces])]
    else:
        edges = _edges([piece.value for run in group for piece in run.pieces])
        spans = [(digits, *span) for span in id_numbers.cards(_text(digits))]
        spans += [(group, *span) for form in spoken.identity for span in id_numbers.FORMS[form](text, edges)]
    yield from spans
    if _labelled(group, spoken):
        yield group, 0, len(text)


def _usual_cards(values: list[str]) -> Iterator[tuple[int, int]]:
    return id_numbers.cards_in_groups("".join(values), _edges(values))


def _edges(values: list[str]) -> set[int]:
    return set(accumulate(map(len, values), initial=0))


def _text(runs: list[Run]) -> str:
    return "".join(run.text for run in runs)


def _groups(runs: list[Run]) -> Iterator[list[Run]]:
    """Yield each run, alone and with those that may continue it in its turn or in the same speaker's next turns."""
    for first, run in enumerate(runs):
        group = [run]
        yield list(group)
        words = 0
        for after in runs[first + 1 :]:
            words += after.gap
            if words > (GROUPS_WITHIN_A_TURN if after.turn == group[-1].turn else GROUPS_WITHIN):
                break
            if after.is_incidental:
                words += 1
                continue
            group.append(after)
            yield list(group)
            if len(group) == GROUPS_AT_ONCE:
                break
            words = 0


def _labelled(group: list[Run], spoken: SpokenDigits) -> bool:
    if sum(map(str.isdigit, _text(group))) < LABELLED or any(run.gap for run in group[1:]):
        return False
    before = group[0].before
    return any(
        before[at : at + len(label)] == label
        for label in spoken.labels
        for at in range(max(0, len(before) - LABEL_WITHIN - len(label)), len(before) - len(label) + 1)
    )


def _where(group: list[Run], start: int, end: int) -> list[tuple[int, tuple[int, int]]]:
    """Find the pieces that overlap `start` to `end`, as one span for each run."""
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
    """Find where a part of one of the numbers is repeated or read back."""
    return [
        (run.turn, (run.pieces[0].start, run.pieces[-1].end))
        for run in runs
        if not run.is_phone_number and any(_is_part(run.text, number) for number in numbers)
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
