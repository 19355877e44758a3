"""Tool calls that a model writes into its answer as text, in one of the forms that it was trained on.

Servers should find them and take them out of the text. Where one does not, the caller would hear a reading of JSON.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

KEYS = "name|type|id|function|tool|tool_name|tool_calls|function_call|arguments|parameters|action"
JSON_CALL = rf"\{{\s*[\"'](?:{KEYS})[\"']\s*:"
OPENING = r"[`\[\s]{0,20}"  # of a block or a list with a call in it
# Where a call begins, whatever the tools are called.
MARKS = re.compile(
    r"<[|｜]?[\w:]*(?:tool|function)[_▁]?calls?[\w▁]*[|｜]?>|<function=|<invoke\b|<tools?>|<\|python_tag\|>|"  # noqa: RUF001
    r"\[(?:TOOL|function)_CALLS?\]|functools\[|```(?:json|tool_calls?|tool_code|xml)\b|" + OPENING + JSON_CALL,
    re.IGNORECASE,
)
LONGEST_MARK = 40  # characters
NAMES = ("name", "tool_name", "tool", "function", "action")
ARGUMENTS = ("arguments", "parameters", "args", "input", "action_input")
# An argument as XML or as in Python: <parameter=days>1</parameter>, <parameter name="days">1</parameter>, days=1
ARGUMENT = re.compile(
    r"<parameter(?:=|\s+name=)\"?(\w+)\"?>(.*?)</parameter>|\b(\w+)\s*=\s*(\"[^\"]*\"|'[^']*'|[\w.+-]+)",
    re.DOTALL,
)


class NotAToolError(ValueError):
    """The model has written a call of something that the call does not offer, or with arguments that do not fit."""


@dataclass
class WrittenCallFilter:
    """Takes the written calls out of one answer, which is fed to it piece by piece.

    `tools` are those of the request, as OpenAI's API describes them.
    """

    tools: Sequence[Mapping[str, Any]]
    _pending: str = ""
    _call: str = ""  # the text from the first mark on
    _required: dict[str, set[str]] = field(init=False)  # by the name of a tool: arguments without which it cannot run
    _mark: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        functions = [tool.get("function") or {} for tool in self.tools]
        self._required = {
            str(function["name"]): _required_in(function.get("parameters") or {})
            for function in functions
            if function.get("name")
        }
        self._mark = _mark_with(self._required)

    def feed(self, text: str) -> str:
        """Return what may be spoken now."""
        if self._call:
            self._call += text
            return ""
        self._pending += text
        if found := self._mark.search(self._pending):
            spoken, self._call, self._pending = self._pending[: found.start()], self._pending[found.start() :], ""
            return spoken
        end = self._end_of_speech()
        spoken, self._pending = self._pending[:end], self._pending[end:]
        return spoken

    def finish(self) -> tuple[str, list[tuple[str, str]]]:
        """Return the rest to be spoken, and the calls: each a name with its arguments as JSON.

        Raises:
            NotAToolError: what was written is a call, but none that can be made.
        """
        if not self._call:
            return self._pending, []
        calls = [self._checked(*call) for call in _calls_in(self._call, self._required)]
        if not calls:
            raise NotAToolError("the model wrote a tool call as text, which names no tool that it was given")
        return "", calls

    def _end_of_speech(self) -> int:
        """Return up to where the pending text cannot be the beginning of a call."""
        start = max(0, len(self._pending) - LONGEST_MARK)
        opening = re.search(r"[<\[{`]", self._pending[start:])
        end = start + opening.start() if opening else len(self._pending)
        last_word = re.search(r"\b\w+$", self._pending[:end])
        if last_word and any(name.startswith(last_word.group()) for name in ("functools", *self._required)):
            return last_word.start()
        return end

    def _checked(self, name: str, arguments: object) -> tuple[str, str]:
        if isinstance(arguments, str):
            arguments = _value(arguments or "{}")
        if name not in self._required or not isinstance(arguments, dict) or not self._required[name] <= set(arguments):
            raise NotAToolError(
                "the model wrote a tool call as text, with a name or arguments that do not fit its tools"
            )
        return name, json.dumps(arguments)


def _mark_with(names: Iterable[str]) -> re.Pattern[str]:
    """Return MARKS, and the names of tools where nobody would say them: end_call, transfer(…)."""
    own = [rf"{OPENING}\b{re.escape(name)}" + (r"\b" if "_" in name else r"\(") for name in names]
    return re.compile("|".join([MARKS.pattern, *own]), re.IGNORECASE)


def _required_in(parameters: Mapping[str, Any]) -> set[str]:
    """Return the arguments that are needed. In a strict schema all are required, and optional ones may be null."""
    properties = parameters.get("properties") or {}
    return {name for name in parameters.get("required") or () if not _may_be_missing(properties.get(name) or {})}


def _may_be_missing(schema: Mapping[str, Any]) -> bool:
    kinds = [schema.get("type"), *(each.get("type") for each in schema.get("anyOf") or ())]
    return "default" in schema or any(kind == "null" or (isinstance(kind, list) and "null" in kind) for kind in kinds)


def _calls_in(text: str, names: Iterable[str]) -> list[tuple[str, object]]:
    """Find the calls: in JSON that has the name in it, or by the name with the arguments after it."""
    for written in (text, text.replace("'", '"')):
        if calls := [call for found in _objects_in(written) for call in _calls_of(found)]:
            return calls
    if re.search(JSON_CALL, text, re.IGNORECASE):  # it is not complete
        return []
    named = re.search("|".join(rf"\b{re.escape(name)}\b" for name in names) or r"(?!)", text)
    if not named:
        return []
    after = text[named.end() :]
    return [(named.group(), next(iter(_objects_in(after)), None) or _arguments_in(after))]


def _arguments_in(text: str) -> dict[str, object]:
    found = ARGUMENT.finditer(text)
    return {it[1] or it[3]: _value((it[2] or it[4] or "").strip()) for it in found}


def _value(text: str) -> object:
    """Return a JSON value; what is none is a text."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text.strip("'\"")


def _objects_in(text: str) -> Iterator[dict[str, Any]]:
    """Find the JSON objects in a text that has other things in it."""
    decoder, at = json.JSONDecoder(strict=False), 0
    while (at := text.find("{", at)) >= 0:
        try:
            found, at = decoder.raw_decode(text, at)
            yield found
        except (ValueError, RecursionError):
            at += 1


def _calls_of(found: object) -> list[tuple[str, object]]:
    """Return the calls in an object: {"name": …, "arguments": …}, {"function": {…}}, {"tool_calls": [{…}]}."""
    if not isinstance(found, dict):
        return []
    for key in ("tool_calls", "function", "function_call"):
        inner = found.get(key)
        if isinstance(inner, list | dict):
            return [call for each in (inner if isinstance(inner, list) else [inner]) for call in _calls_of(each)]
    name = next((found[key] for key in NAMES if isinstance(found.get(key), str)), None)
    return [(name, next((found[key] for key in ARGUMENTS if key in found), {}))] if name else []
