"""`python -m tests.bench knowledge`: how often the example line answers rightly, honestly, or with what it made up."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.figures import report
from tests.bench.knowledge import by_phone
from tests.bench.knowledge.in_process import InProcess
from tests.bench.knowledge.questions import FILES, Judged, judge, load
from tests.bench.turns.line import bench_line

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from tests.bench.knowledge.questions import Question


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    knowledge = commands.add_parser("knowledge", help="sixty questions to the example line, by phone")
    knowledge.add_argument("--which", choices=FILES, default="all", help="the questions (%(default)s)")
    weights = "ask the model in this file, in this process and without a call: for tuning"
    knowledge.add_argument("--in-process", type=Path, metavar="GGUF", help=weights)
    knowledge.set_defaults(main=main)


def main(given: argparse.Namespace) -> int:
    questions = load(given.which)
    answers = _in_process(given.in_process, questions) if given.in_process else _by_phone(questions)
    judged = [_shown(judge(question, answer)) for question, answer in zip(questions, answers, strict=True)]
    how = "in process" if given.in_process else "by phone"
    report({f"knowledge, {given.which} questions, {how}": figures(judged)})
    return 0


def figures(judged: list[Judged]) -> dict[str, str]:
    """Count the right answers, the honest ones where the facts have none, and those with what the line was not told."""
    answered = [it for it in judged if it.question.right]
    unanswered = [it for it in judged if not it.question.right]
    return {
        "right by the facts": f"{sum(it.is_right for it in answered)} of {len(answered)}",
        "honestly not known": f"{sum(it.is_right for it in unanswered)} of {len(unanswered)}",
        "numbers or names to be read": f"{sum(bool(it.not_told) for it in judged)} of {len(judged)}",
    }


def _in_process(weights: Path, questions: list[Question]) -> Iterator[str]:
    for drafted, said in InProcess(weights).ask(questions):
        print(f"       written: {drafted.strip()}", flush=True)  # noqa: T201 - for tuning
        yield said


def _by_phone(questions: list[Question]) -> Iterator[str]:
    # Answers are judged here, and not how soon they come: the phone's models share this machine's cores.
    with bench_line(("filler_after=30", "apology_after=60")) as line:
        try:
            line.up()
            yield from by_phone.ask(line, questions)
        finally:
            line.clean()


def _shown(judged: Judged) -> Judged:
    """Print an answer, so that a person can judge it as well."""
    verdict = "right" if judged.is_right else "WRONG"
    not_told = f"  NOT TOLD: {', '.join(judged.not_told)}" if judged.not_told else ""
    kind = "fact" if judged.question.right else "none"
    print(f"{verdict}  {kind}  {judged.question.text}  ->  {judged.answer.strip()}{not_told}", flush=True)  # noqa: T201
    return judged
