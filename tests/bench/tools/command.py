"""`python -m tests.bench tools`: how often the embedded language model calls the right tool, and a wrong one."""

from __future__ import annotations

import statistics
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from speech.cores import usable_cores
from tests.bench.figures import report
from tests.bench.hearing.listening import FETCH, WEIGHTS
from tests.bench.tools import utterances
from tests.bench.tools.in_process import InProcess
from tests.bench.tools.utterances import is_right

if TYPE_CHECKING:
    import argparse

    from tests.bench.tools.in_process import Answer
    from tests.bench.tools.utterances import Utterance


DEFAULT = "qwen2.5-coder-1.5b-instruct"


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    tools = commands.add_parser("tools", help="sixty utterances, forty of which want a tool to be called")
    which = [*utterances.FILES, utterances.KNOWLEDGE]
    tools.add_argument("--which", choices=which, default="all", help="the utterances (%(default)s)")
    tools.add_argument("--model", default=DEFAULT, help="a language model of speech/models/manifest.toml (%(default)s)")
    tools.add_argument("--weights", type=Path, default=WEIGHTS, help="where the models are, or are put")
    tools.add_argument("--threads", type=int, default=usable_cores(), help="of the model (%(default)s)")
    tools.set_defaults(main=main)


def main(given: argparse.Namespace) -> int:
    model = InProcess(_file_of(given.model, given.weights), given.threads)
    asked = utterances.load(given.which)
    answered = [(utterance, _shown(utterance, model.ask(utterance))) for utterance in asked]
    plain = [model.ask(utterance, tools=False).seconds for utterance in asked if not utterance.tool]
    what = f"tools, {given.which} utterances, {given.model}, {given.threads} threads"
    report({what: figures(answered) | latency(answered, plain)})
    return 0


def figures(answered: list[tuple[Utterance, Answer]]) -> dict[str, str]:
    """Count the right calls, and the calls where none is wanted."""
    wanted = [(it, answer) for it, answer in answered if it.tool]
    others = [answer for it, answer in answered if not it.tool]
    right = sum(is_right(it, answer.tool, answer.arguments) for it, answer in wanted)
    return {
        "right calls, with their arguments": f"{right} of {len(wanted)}",
        "right tools": f"{sum(answer.tool == it.tool for it, answer in wanted)} of {len(wanted)}",
        "calls where none is wanted": f"{sum(answer.tool is not None for answer in others)} of {len(others)}",
    }


def latency(answered: list[tuple[Utterance, Answer]], plain: list[float]) -> dict[str, str]:
    """Say when the first word of an ordinary answer comes, with and without tools, and when a call does (medians)."""
    talk = [answer.seconds for it, answer in answered if not it.tool and not answer.tool]
    calls = [answer.seconds for _, answer in answered if answer.tool]
    times = {"first word with tools": talk, "first word without tools": plain, "call": calls}
    return {name: f"{statistics.median(taken):.2f} s" for name, taken in times.items() if taken}


def _file_of(model: str, folder: Path) -> Path:
    """Return the model's file, which is downloaded if it is missing."""
    if not (folder / model).is_dir():
        subprocess.run([sys.executable, str(FETCH), model, "--to", str(folder)], check=True)
    return next((folder / model).glob("*.gguf"))


def _shown(utterance: Utterance, answer: Answer) -> Answer:
    """Print an answer, so that a person can judge it as well."""
    verdict = "right" if is_right(utterance, answer.tool, answer.arguments) else "WRONG"
    made = f"{answer.tool} {answer.arguments}" if answer.tool else answer.text.strip()
    wanted = utterance.tool or "none"
    print(f"{verdict}  {wanted}  {utterance.talk[-1]}  ->  {made}  ({answer.seconds:.1f} s)", flush=True)  # noqa: T201
    return answer
