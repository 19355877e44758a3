"""What a number of callers at once came to, and how many were held. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.bench.turns import figures
from tests.bench.turns.phone import phone_was_late
from tests.bench.turns.statistics import p50, p95

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tests.bench.sounds import Sound

STEPS = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16)  # callers at once
SLOWEST = 2.0  # s, 95th percentile of the gap
LONGEST_HOLE = 0.1  # s


@dataclass(frozen=True)
class Level:
    """So many callers at once on one side, each with a talk of its own; CPU in cores, memory in MB, of the agent."""

    side: str
    callers: int
    gaps: tuple[float, ...]
    hole: float
    failed: int  # callers who heard no greeting, were hung up on, or could not say what they had to
    phone_late: bool
    cpu: float
    memory: float

    @property
    def p50(self) -> float:
        return p50(np.array(self.gaps)) if self.gaps else float("inf")

    @property
    def p95(self) -> float:
        return p95(np.array(self.gaps)) if self.gaps else float("inf")

    @property
    def exceeded(self) -> list[str]:
        """What was over the limits; nothing: the level is held."""
        return [
            *([f"{self.failed} of {self.callers} callers not served"] if self.failed else []),
            *([f"p95 over {SLOWEST:g} s"] if self.p95 > SLOWEST else []),
            *([f"a hole of {self.hole:.2f} s"] if self.hole > LONGEST_HOLE else []),
            *(["the phone itself was late"] if self.phone_late else []),
        ]


def level(run: Mapping[str, Any], sounds: Mapping[str, Sound]) -> Level:
    """From what was kept of one run at this level."""
    records = run["records"]
    turns = [turn for record in records for turn in figures.turns(record, sounds, "turn")]
    return Level(
        side=run["side"],
        callers=len(records),
        # Cut off or disturbed is a judgement, not a load: those have no gap.
        gaps=tuple(turn.gap for turn in turns if turn.gap is not None),
        hole=max((record.get("longest_hole") or 0.0 for record in records), default=0.0),
        failed=sum(not _served(record) for record in records),
        phone_late=any(phone_was_late(record) for record in records),
        cpu=run["cpu"],
        memory=run["memory"],
    )


def best(levels: Iterable[Level]) -> dict[tuple[str, int], Level]:
    """Of the runs at each level of each side, one that held, if there is one."""
    chosen: dict[tuple[str, int], Level] = {}
    for one in levels:
        key = one.side, one.callers
        if key not in chosen or chosen[key].exceeded:
            chosen[key] = one
    return chosen


def held(levels: Mapping[tuple[str, int], Level], side: str) -> int:
    """The most callers at once up to whom every level was held."""
    most = 0
    for callers in STEPS:
        if (side, callers) not in levels or levels[side, callers].exceeded:
            break
        most = callers
    return most


def quickest(gaps: Mapping[str, Sequence[float]], count: int) -> list[str]:
    """The sentences that every side, alone, answers soonest: load is measured, not the ear for an end."""
    return sorted(gaps, key=lambda sound: max(gaps[sound], default=float("inf")))[:count]


def _served(record: Mapping[str, Any]) -> bool:
    said = [saying["start"] for saying in record.get("sayings", [])]
    return bool(record.get("line")) and None not in said and not record["ran_out"]
