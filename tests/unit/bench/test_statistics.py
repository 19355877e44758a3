"""Percentiles, shares and their intervals."""

import numpy as np
import pytest

from tests.bench.turns.statistics import estimate, mean, p50, p95, ratio


def test_an_estimate_lies_in_its_interval_and_counts_the_samples() -> None:
    calls = [[1.0, 1.2], [1.4], [1.1, 1.3, 1.6]]
    found = estimate(calls, p50)
    assert found
    assert found.value == pytest.approx(1.25)
    assert found.low <= found.value <= found.high
    assert found.count == 6


def test_no_sample_is_no_figure() -> None:
    assert estimate([], p50) is None
    assert estimate([[], []], mean) is None
    assert ratio([[1.0]], [], p50) is None


def test_nothing_can_be_a_multiple_of_zero() -> None:
    assert ratio([[1.0]], [[0.0, 0.0]], mean) is None


def test_the_95th_percentile_sees_the_tail_and_the_median_does_not() -> None:
    calls = [[1.0] * 9 + [3.0]] * 10
    assert p50(np.array(calls[0])) == 1.0
    found = estimate(calls, p95)
    assert found
    assert found.value == 3.0


def test_a_ratio_of_likes_has_one_in_its_interval() -> None:
    rng = np.random.default_rng(1)
    ours = [list(rng.normal(0.8, 0.1, 8)) for _ in range(12)]
    other = [list(rng.normal(1.6, 0.1, 8)) for _ in range(12)]
    halves, same = ratio(ours, other, p50), ratio(ours, ours, p50)
    assert halves
    assert halves.low < 0.5 < halves.high
    assert halves.high - halves.low < 0.1
    assert same
    assert same.low < 1 < same.high


def test_calls_are_drawn_again_not_turns() -> None:
    """Ten turns that are all the same because they are of one call say as much as one."""
    alike = estimate([[1.0] * 10, [2.0] * 10], mean)
    mixed = estimate([[1.0, 2.0] * 5, [1.0, 2.0] * 5], mean)
    assert alike
    assert mixed
    assert (alike.low, alike.high) == (1.0, 2.0)
    assert (mixed.low, mixed.high) == (1.5, 1.5)


def test_the_same_samples_give_the_same_interval() -> None:
    calls = [[0.1 * number] for number in range(20)]
    assert estimate(calls, p50) == estimate(calls, p50)
