"""Percentiles, shares, and how sure they are. Pure.

Samples come a call at a time, and calls are what is drawn again: turns of one call have more in common than turns of
two, so that drawing turns would make an interval look too narrow.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

ROUNDS = 2000
SEED = 20261123  # the same samples give the same interval
CONFIDENCE = 0.95

Values = npt.NDArray[np.float64]
Statistic = Callable[[Values], float]
Calls = Sequence[Sequence[float]]  # the samples of each call
Rows = Sequence[Sequence[float | tuple[float, ...]]]  # where a sample may be a row of several numbers


def p50(values: Values) -> float:
    return float(np.percentile(values, 50))


def p95(values: Values) -> float:
    return float(np.percentile(values, 95))


def mean(values: Values) -> float:
    """Of zeros and ones: their share."""
    return float(values.mean())


@dataclass(frozen=True)
class Estimate:
    """A figure, the interval it lies in (CONFIDENCE), and the number of samples behind it."""

    value: float
    low: float
    high: float
    count: int


def estimate(calls: Calls | Rows, statistic: Statistic) -> Estimate | None:
    """None without a sample."""
    values = _joined(calls)
    if not len(values):
        return None
    low, high = _interval(_drawn(calls, statistic, np.random.default_rng(SEED)))
    return Estimate(statistic(values), low, high, len(values))


def ratio(ours: Calls, other: Calls, statistic: Statistic) -> Estimate | None:
    """Of ours to the other's, both drawn again by themselves. None without samples, or where the other's is zero."""
    mine, its = _joined(ours), _joined(other)
    if not len(mine) or not len(its) or not statistic(its):
        return None
    rng = np.random.default_rng(SEED)
    top, bottom = _drawn(ours, statistic, rng), _drawn(other, statistic, rng)
    drawn = top[bottom > 0] / bottom[bottom > 0]
    low, high = _interval(drawn)
    return Estimate(statistic(mine) / statistic(its), low, high, min(len(mine), len(its)))


def _drawn(calls: Calls | Rows, statistic: Statistic, rng: np.random.Generator) -> Values:
    full = [np.asarray(call, float) for call in calls if len(call)]
    draws = rng.integers(len(full), size=(ROUNDS, len(full)))
    return np.array([statistic(np.concatenate([full[place] for place in draw])) for draw in draws])


def _interval(drawn: Values) -> tuple[float, float]:
    outside = (1 - CONFIDENCE) / 2 * 100
    low, high = np.percentile(drawn, (outside, 100 - outside))
    return float(low), float(high)


def _joined(calls: Calls | Rows) -> Values:
    return np.array([value for call in calls for value in call], float)
