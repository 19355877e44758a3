"""Figures of the calls of one day: how many, how soon the agent answered, what was used. Pure, but for reading notes.

Latencies are counted in bins, so that those of many days are added up quickly. A percentile is right to half a bin.
"""

import math
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Literal, Self
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from desk.health.notes import Cost, Note, Turn

BIN = 0.02  # seconds
Stage = Literal["heard", "decided", "first_token", "first_audio", "whole"]
MODEL_OF: Mapping[Stage, Literal["stt", "llm", "tts"]] = {"heard": "stt", "first_token": "llm", "first_audio": "tts"}
UNITS = ("input_tokens", "cached_tokens", "output_tokens", "characters", "audio_seconds")

Bins = Counter[int]  # how often, by the number of the bin


@dataclass
class Spent:
    """What calls have cost in one currency."""

    total: float = 0.0
    unknown: int = 0  # calls, a part of whose price is not known and not in the total


@dataclass
class Figures:
    """Sums over calls; `add` adds those of others."""

    calls: Counter[str] = field(default_factory=Counter)  # by phone or browser, those that were answered
    hours: Counter[int] = field(default_factory=Counter)  # of the line's day in which they began, rejected ones too
    rejected: Counter[str] = field(default_factory=Counter)  # by reason
    outcomes: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    replies: int = 0
    interrupted: int = 0
    latencies: dict[tuple[Stage, str], Bins] = field(default_factory=lambda: defaultdict(Counter))  # by stage, model
    usage: dict[tuple[str, str, str], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    costs: dict[str, Spent] = field(default_factory=lambda: defaultdict(Spent))  # by currency

    def add(self, other: Self) -> None:
        self.calls.update(other.calls)
        self.hours.update(other.hours)
        self.rejected.update(other.rejected)
        self.outcomes.update(other.outcomes)
        self.seconds += other.seconds
        self.replies += other.replies
        self.interrupted += other.interrupted
        for stage, bins in other.latencies.items():
            self.latencies[stage].update(bins)
        for model, counts in other.usage.items():
            self.usage[model].update(counts)
        for currency, its in other.costs.items():
            self._spend(currency, its.total, its.unknown)

    def count(self, note: Note, hour: int) -> None:
        """Add one call, which began in this hour of its line's day."""
        self.hours[hour] += 1
        if note.rejected:
            self.rejected[note.rejected] += 1
        else:
            self.calls[note.came_by] += 1
            self.outcomes[note.transcript.outcome] += 1
        self.seconds += note.transcript.seconds
        self.interrupted += note.interruptions
        for turn in note.turns:
            self._count_turn(turn, note)
        for used in note.usage:
            counts = self.usage[used.kind, used.provider, used.model]
            counts.update({name: getattr(used, name) for name in ("requests", "errors", *UNITS)})
        if note.cost:
            self._count_cost(note.cost)

    def _count_turn(self, turn: Turn, note: Note) -> None:
        self.replies += turn.first_audio is not None
        for stage, seconds in gaps(turn):
            kind = MODEL_OF.get(stage)
            model = getattr(note.transcript.models, kind) if kind else ""
            self.latencies[stage, model][int(seconds / BIN)] += 1

    def _count_cost(self, cost: Cost) -> None:
        known = sum(part.amount for part in cost.parts if part.amount is not None)
        self._spend(cost.currency, known if cost.total is None else cost.total, int(cost.total is None))

    def _spend(self, currency: str, total: float, unknown: int) -> None:
        its = self.costs[currency]
        its.total += total
        its.unknown += unknown


@dataclass
class Folder:
    """The figures of one folder of notes, by the day in the line's time zone, and how many notes are damaged."""

    days: dict[date, Figures]
    damaged: int


def gaps(turn: Turn) -> Iterator[tuple[Stage, float]]:
    """Split a reply's latency into the time that each stage took after the one before it had ended, in seconds.

    What was begun early, as an answer is before it is decided that the caller is done, costs no time of its own.
    """
    stages: list[tuple[Stage, float | None]] = [
        ("heard", turn.transcribed),
        ("decided", turn.decided),
        ("first_token", turn.first_token),
        ("first_audio", turn.first_audio),
    ]
    before = 0.0
    for stage, at in stages:
        if at is not None:
            yield stage, max(0.0, at - before)
            before = max(before, at)
    if turn.first_audio is not None:
        yield "whole", turn.first_audio


def percentile(bins: Bins, part: float) -> float | None:
    """Return the seconds that this part (0 … 1) of the replies took at most; None if there are none."""
    wanted = math.ceil(part * bins.total())
    seen = 0
    for number in sorted(bins):
        seen += bins[number]
        if seen >= max(wanted, 1):
            return round((number + 0.5) * BIN, 3)
    return None


def read_folder(folder: Path, zone: ZoneInfo) -> Folder:
    """Read all notes of one folder. One that is gone by then, or that is being written, does not count.

    Raises:
        OSError: the folder cannot be read.
    """
    found = Folder({}, 0)
    for path in _notes_in(folder):
        try:
            note = Note.model_validate_json(path.read_bytes())
            began = note.transcript.started.astimezone(zone)
        except FileNotFoundError:
            continue
        except (OSError, ValidationError, ValueError, OverflowError):
            found.damaged += 1
            continue
        found.days.setdefault(began.date(), Figures()).count(note, began.hour)
    return found


def _notes_in(folder: Path) -> Iterable[Path]:
    try:
        with os.scandir(folder) as there:
            names = [it.name for it in there if it.name.endswith(".json") and not it.name.startswith(".")]
    except FileNotFoundError:
        return []
    return [folder / name for name in names]
