"""Shows each turn on one time axis: what the agent's log says, and what the phone sent and received."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from phone.report.report import clock

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

EVENT = "Turn answered"
TEXT_EVENT = re.compile(rf"\S+ INFO +agent: {EVENT}  (?P<fields>.+)")
STAGES = ("transcribed", "decided", "first_token", "first_audio")
TITLE = "timeline   seconds after the caller's last sound, as it was sent"
COLUMNS = (
    *("speech end", "heard by agent"),
    *("transcribed", "turn decided", "first token", "first audio sent"),
    "first audio heard",
)


@dataclass(frozen=True)
class LoggedTurn:
    """A turn as the agent's log has it."""

    spoke_until: float  # the caller's last sound as it reached the agent; seconds since 1970
    after: Mapping[str, float]  # seconds from there, by stage


def timeline_rows(report: Mapping[str, Any], log: Iterable[str]) -> list[str]:
    """Return a table with a row for each of the caller's turns; no rows when the caller said nothing.

    `report` is Report.as_json(). `log` is the agent's log as text or JSON; other events and other calls are skipped.
    """
    turns, zero, known = report["turns"], report["invited"], logged_turns(log)
    until = [*(turn["start"] for turn in turns[1:]), report["ended_after"]]
    rows = [_row(turn, _of(turn, end, known, zero), zero) for turn, end in zip(turns, until, strict=False)]
    return [TITLE, "        " + "  ".join(COLUMNS), *rows] if rows else []


def logged_turns(log: Iterable[str]) -> list[LoggedTurn]:
    return [turn for row in log if (turn := _logged_turn(_fields(row)))]


def _logged_turn(fields: Mapping[str, Any]) -> LoggedTurn | None:
    try:
        spoke_until = datetime.fromisoformat(fields["spoke_until"]).timestamp()
        return LoggedTurn(spoke_until, {stage: float(fields[stage]) for stage in STAGES if stage in fields})
    except (KeyError, TypeError, ValueError):
        return None


def _fields(row: str) -> Mapping[str, Any]:
    if found := TEXT_EVENT.match(row):
        return dict(field.split("=", 1) for field in found["fields"].split("  ") if "=" in field)
    try:
        event = json.loads(row)
    except ValueError:
        return {}
    return event if isinstance(event, dict) and event.get("message") == EVENT else {}


def _of(turn: Mapping[str, Any], until: float, known: list[LoggedTurn], zero: float) -> LoggedTurn | None:
    """Return the logged turn that ends where this turn ends; an agent that cut in logs one for the first words too."""
    during = [it for it in known if turn["start"] <= it.spoke_until - zero < until]
    return min(during, key=lambda it: abs(it.spoke_until - zero - turn["end"]), default=None)


def _row(turn: Mapping[str, Any], known: LoggedTurn | None, zero: float) -> str:
    moments: list[float | None] = [None] * (1 + len(STAGES))
    if known:
        heard = known.spoke_until - zero - turn["end"]
        after = (known.after.get(stage) for stage in STAGES)
        moments = [heard, *(None if it is None else heard + it for it in after)]
    figures = zip(COLUMNS, [0.0, *moments, turn["gap"]], strict=True)
    cells = [("-" if it is None else f"{it:z.2f}").rjust(len(column)) for column, it in figures]
    return f"  {clock(turn['start'])}  " + "  ".join([*cells, *_remark(turn, known)])


def _remark(turn: Mapping[str, Any], known: LoggedTurn | None) -> list[str]:
    if turn["gap"] is None:
        return ["no answer" if known is None else "not heard"]
    return [] if known else ["not in the agent's log"]
