"""The form about a call that the line's owner wants filled in: the language model finds the values in what was said.

The values are judged here, because a model may answer anything: what does not fit its field is left out.
"""

import json
import logging
import math
import re
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from livekit.agents import llm

from agent.lines.line import Line
from agent.lines.outcome import OutcomeField
from agent.records.capture.summary import WITHIN, ask_about
from agent.records.transcript import OutcomeFields, Transcript

logger = logging.getLogger(__name__)

PROMPT = Path(__file__).with_suffix(".md")
SUMMARY = "SUMMARY"  # a key that is no field's name, since those are in lower case
SUMMARY_MEANS = (
    "two to four short sentences: what the caller wanted, what they were told or what was agreed, and what remains to "
    "be done, if anything"
)
LONGEST_TEXT = 500  # characters of a value
YES_NO = {"yes": True, "true": True, "no": False, "false": False}


class Form(NamedTuple):
    """What the model has written about a call."""

    summary: str | None
    fields: OutcomeFields


async def fill_in_form(
    model: llm.LLM[Any], transcript: Transcript, line: Line, *, summary: bool, within: float = WITHIN
) -> Form:
    """Fill in the line's fields and, if wanted, sum up the call, in one request.

    Without an answer from the model, or if the answer is not JSON, neither is there, and the log says why.
    """
    fields = line.outcome
    wanted = {SUMMARY: SUMMARY_MEANS} if summary else {}
    wanted |= {name: f"{_kind(field)}. {field.meaning}" for name, field in fields.items()}
    began = datetime.fromisoformat(transcript.started).astimezone(ZoneInfo(line.timezone))
    instructions = PROMPT.read_text(encoding="utf-8").format(
        keys="\n".join(f'- "{key}": {meaning}' for key, meaning in wanted.items()),
        day=f"{began:%A, %Y-%m-%d}",
        language=transcript.language,
    )
    answer = await ask_about(model, transcript, instructions, within, "fill in the outcome of the call")
    if answer is None:
        return Form(None, OutcomeFields())
    written = _object_in(answer)
    if written is None:
        logger.warning("Could not fill in the outcome of the call: the model's answer is not a JSON object")
        return Form(None, OutcomeFields())
    text = written.get(SUMMARY)
    return Form(text.strip() or None if summary and isinstance(text, str) else None, _judged(written, fields))


def _kind(field: OutcomeField) -> str:
    match field.kind:
        case "number":
            return "a number, without a unit"
        case "choice":
            return f"one of {', '.join(json.dumps(choice, ensure_ascii=False) for choice in field.choices)}"
        case "date":
            return "a date, written as YYYY-MM-DD"
        case "yes-no":
            return "true or false"
    return "a short text"


def _object_in(answer: str) -> dict[str, Any] | None:
    """Find the JSON object in an answer, around which some models write words or a Markdown fence."""
    found = re.search(r"\{.*\}", answer, re.DOTALL)
    try:
        value = json.loads(found[0]) if found else None
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _judged(written: Mapping[str, Any], fields: Mapping[str, OutcomeField]) -> OutcomeFields:
    values: dict[str, str | int | float | bool | None] = dict.fromkeys(fields)
    left_out = []
    for name, field in fields.items():
        given = written.get(name)
        try:
            values[name] = None if _is_empty(given) else _VALUES[field.kind](given, field)
        except ValueError:
            left_out.append(name)
    if left_out:
        logger.warning("Left out of the outcome because the model's value does not fit: %s", ", ".join(left_out))
    return OutcomeFields(values=values, left_out=left_out)


def _is_empty(given: Any) -> bool:
    return given is None or (isinstance(given, str) and given.strip().lower() in ("", "null", "none"))


def _text(given: Any, _: OutcomeField) -> str:
    if isinstance(given, bool) or not isinstance(given, str | int | float) or len(str(given)) > LONGEST_TEXT:
        raise ValueError
    return str(given).strip()


def _number(given: Any, _: OutcomeField) -> int | float:
    if isinstance(given, bool) or not isinstance(given, str | int | float):
        raise ValueError
    number = float(given)
    if not math.isfinite(number):
        raise ValueError
    return int(number) if number.is_integer() else number


def _choice(given: Any, field: OutcomeField) -> str:
    for choice in field.choices:
        if isinstance(given, str) and given.strip().casefold() == choice.casefold():
            return choice
    raise ValueError


def _date(given: Any, _: OutcomeField) -> str:
    if not isinstance(given, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", given.strip()):
        raise ValueError
    return date.fromisoformat(given.strip()).isoformat()


def _yes_no(given: Any, _: OutcomeField) -> bool:
    if isinstance(given, bool):
        return given
    if isinstance(given, str) and given.strip().lower() in YES_NO:
        return YES_NO[given.strip().lower()]
    raise ValueError


_VALUES = {"text": _text, "number": _number, "choice": _choice, "date": _date, "yes-no": _yes_no}
