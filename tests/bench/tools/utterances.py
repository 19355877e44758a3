"""The utterances, and whether an answer to one is the right call."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.bench.knowledge import questions

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = Path(__file__).parent
FILES = {"tuning": ["utterances"], "held-out": ["held_out"], "all": ["utterances", "held_out"]}
KNOWLEDGE = "knowledge"  # the questions of the other bench, most of which want no call
OPENING = re.compile(r"\b(open|close)\b")  # those among them that tell_opening_hours may answer


@dataclass(frozen=True)
class Utterance:
    """What was said last, after what was said before; `tool` is None where no call is wanted."""

    talk: tuple[str, ...]
    tool: str | None = None
    arguments: Mapping[str, str] = field(default_factory=dict)  # a regular expression each


def load(which: str) -> list[Utterance]:
    """Read the utterances for tuning, those that are held out, or all."""
    if which == KNOWLEDGE:
        asked = [it.text for it in questions.load("all")]
        return [Utterance((text,)) for text in asked if not OPENING.search(text)]
    found = []
    for name in FILES[which]:
        told = tomllib.loads((FOLDER / f"{name}.toml").read_text())
        found += [Utterance(tuple(it["talk"]), it["tool"], it["arguments"]) for it in told["calls"]]
        found += [Utterance(tuple(talk)) for talk in told["none"]["talk"]]
    return found


def is_right(utterance: Utterance, tool: str | None, arguments: Mapping[str, Any]) -> bool:
    """Return whether it is the right call with the right arguments, or none where none is wanted."""
    given = {name: str(value).lower() for name, value in arguments.items() if value not in (None, "")}
    return (
        tool == utterance.tool
        and given.keys() == utterance.arguments.keys()
        and all(re.fullmatch(right, given[name]) for name, right in utterance.arguments.items())
    )
