"""What the greeting's bench says of the waits that it has measured."""

from __future__ import annotations

from tests.bench.greeting.command import Wait, figures, row

WAITS = [Wait(1.0, 0.9), Wait(1.2, 1.1), Wait(3.0, -0.5)]


def test_the_figures_are_the_median_and_the_longest() -> None:
    pressed, allowed = figures(WAITS).values()
    assert pressed == {"median": 1.2, "max": 3.0}
    assert allowed == {"median": 0.9, "max": 1.1}


def test_the_row_says_how_many_calls_there_were() -> None:
    assert "3 calls" in row(WAITS)
    assert "1.20 s, 3.00 s after **Call** was pressed" in row(WAITS)
    assert row(WAITS).startswith("| ")
    assert row(WAITS).endswith(" |")
