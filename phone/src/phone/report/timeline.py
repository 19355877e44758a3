"""Each turn's timeline: what the agent's log tells and what the phone sent and heard, on one axis."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from phone.report.report import clock

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

EVENT = "turn answered"
TEXT_LINE = re.compile(rf"\S+ INFO +agent: {EVENT}  (?P<fields>.+)")
STAGES = ("transcribed", "decided", "first_token", "first_audio")
TITLE = "timeline   seconds after the caller's last sound, as it was sent"
COLUMNS = (
    *("speech end", "heard by agent"),
    *("transcribed", "turn decided", "first token", "first audio sent"),
    "first audio heard",
)


@dataclass(frozen=True)
class Answered:
    """A turn as the agent's log tells it."""

    spoke_until: float  # the caller's last sound as it reached the agent; seconds since 1970
    after: Mapping[str, float]  # seconds from there, by stage


def timeline_lines(report: Mapping[str, Any], log: Iterable[str]) -> list[str]:
    """A table with a line for each of the caller's turns; none when the caller said nothing.

    `report` is Report.as_json(), `log` the agent's, as text or as JSON; other lines and other calls' do not matter.
    """
    turns, zero, known = report["turns"], report["invited"], answered(log)
    until = [*(turn["start"] for turn in turns[1:]), report["ended_after"]]
    rows = [_row(turn, _of(turn, end, known, zero), zero) for turn, end in zip(turns, until, strict=False)]
    return [TITLE, "        " + "  ".join(COLUMNS), *rows] if rows else []


def answered(log: Iterable[str]) -> list[Answered]:
    return [turn for line in log if (turn := _answered(_fields(line)))]


def _answered(fields: Mapping[str, Any]) -> Answered | None:
    try:
        spoke_until = datetime.fromisoformat(fields["spoke_until"]).timestamp()
        return Answered(spoke_until, {stage: float(fields[stage]) for stage in STAGES if stage in fields})
    except (KeyError, TypeError, ValueError):
        return None


def _fields(line: str) -> Mapping[str, Any]:
    if found := TEXT_LINE.match(line):
        return dict(field.split("=", 1) for field in found["fields"].split("  ") if "=" in field)
    try:
        event = json.loads(line)
    except ValueError:
        return {}
    return event if isinstance(event, dict) and event.get("message") == EVENT else {}


def _of(turn: Mapping[str, Any], until: float, known: list[Answered], zero: float) -> Answered | None:
    """The one that ends where this turn ends; an agent that cut in has answered the turn's first words before."""
    during = [it for it in known if turn["start"] <= it.spoke_until - zero < until]
    return min(during, key=lambda it: abs(it.spoke_until - zero - turn["end"]), default=None)


def _row(turn: Mapping[str, Any], known: Answered | None, zero: float) -> str:
    moments: list[float | None] = [None] * (1 + len(STAGES))
    if known:
        heard = known.spoke_until - zero - turn["end"]
        after = (known.after.get(stage) for stage in STAGES)
        moments = [heard, *(None if it is None else heard + it for it in after)]
    figures = zip(COLUMNS, [0.0, *moments, turn["gap"]], strict=True)
    cells = [("-" if it is None else f"{it:z.2f}").rjust(len(column)) for column, it in figures]
    return f"  {clock(turn['start'])}  " + "  ".join([*cells, *_remark(turn, known)])


def _remark(turn: Mapping[str, Any], known: Answered | None) -> list[str]:
    if turn["gap"] is None:
        return ["no answer" if known is None else "not heard"]
    return [] if known else ["not in the agent's log"]
