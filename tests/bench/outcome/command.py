"""`python -m tests.bench outcome GGUF`: how well an embedded language model fills in the outcome of a call."""

from __future__ import annotations

import asyncio
import time
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.lines.outcome import OutcomeField
from agent.records.capture.outcome import fill_in_form
from agent.records.transcript import Transcript, Turn
from speech.cores import usable_cores
from speech.models.engines import Delta
from speech.models.llm import Qwen
from speech.requests import ChatRequest
from tests.bench.figures import report
from tests.unit.agent.fakes import ScriptedLLM, line

if TYPE_CHECKING:
    import argparse

    from agent.records.transcript import OutcomeFields

CALLS = Path(__file__).with_name("calls.toml")
PATIENCE = 600.0  # seconds: how long it takes is measured, and not cut off
KINDS = ("right", "missed", "wrong", "made up")


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    outcome = commands.add_parser("outcome", help="the fields of a form, filled in by an embedded model")
    outcome.add_argument("weights", type=Path, metavar="GGUF", help="the model's file")
    outcome.set_defaults(main=main)


def main(given: argparse.Namespace) -> int:
    report({f"outcome_{given.weights.stem}": asyncio.run(measure(given.weights))})
    return 0


async def measure(weights: Path) -> dict[str, Any]:
    content = tomllib.loads(CALLS.read_text())
    its = line(outcome={name: OutcomeField.model_validate(field) for name, field in content["outcome"].items()})
    model = _model(weights)
    counts, answered, took = dict.fromkeys(KINDS, 0), 0, 0.0
    for call in content["calls"]:
        began = time.monotonic()
        form = await fill_in_form(model, _transcript(call["talk"]), its, summary=True, within=PATIENCE)
        took = max(took, time.monotonic() - began)
        answered += form.fields.values is not None
        for name in content["outcome"]:
            if kind := _judge(form.fields, name, call["right"].get(name)):
                counts[kind] += 1
    return {"calls": len(content["calls"]), "answered with JSON": answered, **counts, "longest, s": round(took, 1)}


def _judge(fields: OutcomeFields, name: str, right: Any) -> str:
    """Return one of KINDS; "" for a field that is rightly empty."""
    found = (fields.values or {}).get(name)
    if found is None:
        return "" if right is None else "missed"
    if right is None:
        return "made up"
    return "right" if str(found).casefold() == str(right).casefold() else "wrong"


def _transcript(talk: list[str]) -> Transcript:
    turns = [Turn(who="agent" if at % 2 else "caller", text=text, start=at, end=at + 1) for at, text in enumerate(talk)]
    day = "2026-11-27T10:00:00.000+00:00"
    about = {"call": "", "started": day, "ended": day, "seconds": 30, "language": "en", "caller": "", "name": ""}
    return Transcript.model_validate(about | {"dialled": "", "outcome": "", "turns": turns})


def _model(weights: Path) -> ScriptedLLM:
    qwen = Qwen(weights, usable_cores(), calls_tools=False)

    def answer(_: str) -> str:
        items = [item for item in model.contexts[-1].items if item.type == "message"]
        messages = [{"role": item.role, "content": item.text_content} for item in items]
        parts: list[str] = []

        def take(part: object) -> bool:
            parts.append(part.text if isinstance(part, Delta) else "")
            return False

        qwen.chat(ChatRequest.model_validate({"model": "", "messages": messages}), take)
        return "".join(parts)

    model = ScriptedLLM(answer)
    return model
