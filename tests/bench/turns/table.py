"""The table of a run, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bench.turns.goals import FIGURES, NAMES, Figure, Samples, Verdict
from tests.bench.turns.statistics import Estimate, estimate

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def figures_table(samples: Samples, sides: Sequence[str], figures: Sequence[Figure] = FIGURES) -> str:
    """Each figure on each side, with its interval and the number of samples."""
    rows = [["", *(NAMES[side] for side in sides)]]
    for figure in figures:
        calls = samples.get(figure.samples, {})
        found = [estimate(calls.get(side, []), figure.statistic) for side in sides]
        if any(found):
            unit = f", {figure.unit}" if figure.unit else ""
            rows.append([figure.name + unit, *(_with_count(one, figure.unit) for one in found)])
    return aligned(rows)


def goals_table(verdicts: Iterable[Verdict], figures: Sequence[Figure] = FIGURES) -> str:
    units = {figure.name: figure.unit for figure in figures}
    rows = [["goal", "", "ours", "compared with", "ratio", ""]]
    for verdict in verdicts:
        unit = units[verdict.goal.figure]
        others = ", ".join(
            f"{NAMES[side]} {_number(one.value, unit)}" for side, one in verdict.others.items() if one is not None
        )
        held = {True: "held", False: "NOT HELD", None: "NOT HELD"}[verdict.held]
        rows.append(
            [
                verdict.goal.figure,
                _bound(verdict, unit),
                _text(verdict.ours, unit),
                others,
                _text(verdict.ratio, "") if len(verdict.others) == 1 else "",
                f"{held} ({verdict.why})" if verdict.why else held,
            ]
        )
    return aligned(rows)


def _bound(verdict: Verdict, unit: str) -> str:
    goal = verdict.goal
    if unit == "%" and not goal.against:
        return f"{'>=' if goal.at_least else '<='} {goal.limit:.0%}"
    return str(goal)


def _with_count(one: Estimate | None, unit: str) -> str:
    return f"{_text(one, unit)} n={one.count}" if one else "-"


def _text(one: Estimate | None, unit: str) -> str:
    if one is None:
        return "-"
    if one.count == 1:
        return _number(one.value, unit)
    return f"{_number(one.value, unit)} [{_number(one.low, unit)}..{_number(one.high, unit)}]"


def _number(value: float, unit: str) -> str:
    if unit == "%":
        return f"{value * 100:.0f} %"
    return f"{value:.0f}" if unit == "MB" else f"{value:.2f}"


def aligned(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
