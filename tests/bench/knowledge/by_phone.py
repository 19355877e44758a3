"""Asks the line by phone: the embedded voice says the questions, and a larger Whisper writes down the answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.knowledge.questions import Question
    from tests.stack.line import Line
    from tests.stack.outcome import Outcome

TOGETHER = 5  # questions in one call


def ask(line: Line, questions: list[Question]) -> Iterator[str]:
    """Yield for each question what the line was heard to say; "" if it said nothing before the next one."""
    for first in range(0, len(questions), TOGETHER):
        asked = questions[first : first + TOGETHER]
        said = [part for question in asked for part in ("--say", question.text)]
        outcome = line.phone("--reply-timeout", "60", *said)
        yield from answers(outcome, len(asked))


def answers(outcome: Outcome, count: int) -> list[str]:
    """List what the line was heard to say after each of so many questions, until the caller's next one."""
    ends = [turn["end"] for turn in outcome.report.get("turns", [])]
    until = [*ends[1:], float("inf")]
    heard = [
        " ".join(part["text"] for part in outcome.said if end <= part["start"] < next_end)
        for end, next_end in zip(ends, until, strict=True)
    ]
    return [*heard, *[""] * count][:count]
