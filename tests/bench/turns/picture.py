"""A picture of a run, as SVG: how the gaps are distributed on each side, and three smaller figures. Pure."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.bench.turns.goals import Samples
    from tests.bench.turns.statistics import Calls

WIDTH, HEIGHT = 1000, 720
LEFT, RIGHT = 160, 30
TOP, CURVES = 90, 300  # y and height of the curves
STRIP = 74  # height of a strip chart
PAPER, INK, FAINT, GRID = "#ffffff", "#1f2937", "#6b7280", "#e5e7eb"
COLOURS = {"ours": "#0f766e", "article": "#b45309", "pipecat": "#4338ca"}
LABELS = {"ours": "ours", "article": "P, the article's agent", "pipecat": "K, Pipecat"}
STRIPS = {
    "greeting": "first greeting audio",
    "barge-in": "barge-in",
    "barge-in, greeting": "in the greeting",
}
DOT = 4.0  # px, radius


def draw(samples: Samples, sides: Sequence[str], title: str) -> str:
    parts = [f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{PAPER}"/>']
    parts.append(_text(LEFT, 36, title, INK, 20))
    parts.append(_text(LEFT, 60, "share of turns answered within so many seconds after the caller's last sound", FAINT))
    of = samples.get("gap", {})
    gaps = {side: of[side] for side in sides if of.get(side)}
    parts += _curves(gaps) + _legend(gaps)
    top = TOP + CURVES + 60
    for number, (name, label) in enumerate(STRIPS.items()):
        parts += _strip(label, samples.get(name, {}), sides, top + number * (STRIP + 10))
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">'
    return "\n".join([head, *parts, "</svg>", ""])


def _curves(gaps: Mapping[str, Calls]) -> list[str]:
    """Empirical distribution functions, with a mark at the 50th and 95th percentile."""
    values = {side: np.sort([gap for call in calls for gap in call]) for side, calls in gaps.items()}
    most = max((float(found[-1]) for found in values.values()), default=1.0)
    axis = _Axis(most)
    parts = axis.grid(TOP, CURVES)
    for share in (0.5, 0.95):
        y = TOP + CURVES * (1 - share)
        parts.append(_line(LEFT, y, WIDTH - RIGHT, y, FAINT, dashed=True))
        parts.append(_text(LEFT - 10, y + 5, f"{share:.0%}", FAINT, anchor="end"))
    for side, found in values.items():
        points, low = [(axis.x(0.0), float(TOP + CURVES))], 0.0
        for number, gap in enumerate(found):
            points.append((axis.x(float(gap)), TOP + CURVES * (1 - low)))
            low = (number + 1) / len(found)
            points.append((axis.x(float(gap)), TOP + CURVES * (1 - low)))
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{COLOURS[side]}" stroke-width="2.5"/>')
        for share in (0.5, 0.95):
            gap = float(np.quantile(found, share))
            x, y = axis.x(gap), TOP + CURVES * (1 - share)
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="{COLOURS[side]}"/>')
    return parts


def _strip(label: str, sides_calls: Mapping[str, Calls], sides: Sequence[str], top: float) -> list[str]:
    """A dot a sample, one lane a side, with a bar at the median."""
    values = {side: sorted(value for call in sides_calls.get(side, []) for value in call) for side in sides}
    axis = _Axis(max((found[-1] for found in values.values() if found), default=1.0))
    parts = axis.grid(top, STRIP - 22)
    parts.append(_text(LEFT - 10, top + (STRIP - 22) / 2 + 4, label, INK, 12, anchor="end"))
    lane = (STRIP - 22) / max(len(sides), 1)
    for place, side in enumerate(sides):
        middle = top + lane * (place + 0.5)
        for value in values[side]:
            x = axis.x(value)
            parts.append(f'<circle cx="{x:.1f}" cy="{middle:.1f}" r="{DOT}" fill="{COLOURS[side]}" opacity="0.35"/>')
        if values[side]:
            x = axis.x(float(np.median(values[side])))
            parts.append(_line(x, middle - lane / 2, x, middle + lane / 2, COLOURS[side], width=3))
    return parts


def _legend(gaps: Mapping[str, Calls]) -> list[str]:
    parts = []
    for number, (side, calls) in enumerate(gaps.items()):
        middle, tail = np.quantile([gap for call in calls for gap in call], (0.5, 0.95))
        y = TOP + CURVES - 20 - 22 * (len(gaps) - 1 - number)
        parts.append(_line(WIDTH - 370, y - 5, WIDTH - 340, y - 5, COLOURS[side], width=4))
        parts.append(_text(WIDTH - 332, y, f"{LABELS[side]}: p50 {middle:.2f} s, p95 {tail:.2f} s", INK))
    return parts


class _Axis:
    def __init__(self, most: float) -> None:
        self._step = next((step for step in (0.1, 0.2, 0.25, 0.5) if most / step <= 10), 1.0)
        self._most = self._step * (int(most / self._step) + 1)

    def x(self, seconds: float) -> float:
        return LEFT + seconds / self._most * (WIDTH - LEFT - RIGHT)

    def grid(self, top: float, height: float) -> list[str]:
        parts = []
        for number in range(round(self._most / self._step) + 1):
            x = self.x(number * self._step)
            parts.append(_line(x, top, x, top + height, GRID))
            parts.append(_text(x, top + height + 16, f"{number * self._step:g} s", FAINT, 12, anchor="middle"))
        return parts


def _line(x: float, y: float, to_x: float, to_y: float, colour: str, width: float = 1, *, dashed: bool = False) -> str:
    dashes = ' stroke-dasharray="4 4"' if dashed else ""
    ends = f'x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}"'
    return f'<line {ends} stroke="{colour}" stroke-width="{width}"{dashes}/>'


def _text(x: float, y: float, text: str, colour: str, size: int = 14, anchor: str = "start") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}"'
    return f'<text {place} fill="{colour}">{escape(text)}</text>'
