"""Times a caller feels: to the answer, to the first word, and each turn's gap, from RTP on the phone's one clock."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.stack.line import Line

QUESTIONS = ["When are you open?", "Where are you?", "Can I bring my dog?"]
TURNS = 30


def measure(line: Line, count: int) -> dict[str, Any]:
    answers = [line.phone("--silent", "--stay", "4").report for _ in range(count)]
    unanswered = [report for report in answers if report["first_word_after"] is None]
    answers = [report for report in answers if report not in unanswered]
    arguments = [part for question in QUESTIONS for part in ("--say", question)]
    talks = [line.phone(*arguments).report for _ in range(TURNS // len(QUESTIONS))]
    gaps = [turn["gap"] for talk in talks for turn in talk["turns"] if turn["gap"] is not None]
    return {
        f"unanswered of {count} calls": len(unanswered),
        f"INVITE to 200 OK over {count} calls, s": spread([report["answered_after"] for report in answers]),
        f"INVITE to first word over {count} calls, s": spread([report["first_word_after"] for report in answers]),
        f"turn gap, embedded models, over {len(gaps)} turns, s": spread(gaps),
    }


def spread(values: list[float]) -> dict[str, float]:
    """The median and the 95th percentile."""
    return {"p50": round(statistics.median(values), 2), "p95": round(statistics.quantiles(values, n=20)[-1], 2)}
