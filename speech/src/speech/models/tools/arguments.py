"""The arguments of a tool call, in the caller's own words: the second of two steps to a tool call.

The model writes JSON by the tool's schema. Where the schema has a text, it can only copy consecutive words of the
caller's, and where it has a number, only a number that the caller has said; null is for what they have not said.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from speech.models.tools.choice import as_script, summary, turn
from speech.models.tools.said import numbers_in, pattern_of, says_nothing
from speech.requests import Function, Message

MESSAGES = 10  # of the conversation that are looked through
LENGTH = 200  # tokens
NULL = {"type": "null"}
# llama.cpp's grammars come from the library llguidance, which otherwise allows any white space between values, so that
# a model may write nothing else.
COMPACT = {"x-guidance": {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}}
# Texts of these kinds are not the caller's words: the schema itself says what they can be.
FIXED = ("enum", "const", "pattern", "format")


def request(tool: Function, talk: Sequence[Message], *, forced: bool) -> dict[str, Any]:
    """Return the completion to ask for; with `forced`, what is needed cannot be null."""
    talk = talk[-MESSAGES:]
    said = [message.content for message in talk if message.role == "user"]
    form = "\n".join(f"- {name}: {' '.join(schema.get('description', '').split())}" for name, schema in _fields(tool))
    task = (
        "You fill in a form with what the caller says on the phone, in their own words. "
        "Write null for what they have not said."
    )
    return {
        "prompt": turn("system", f"{task}\n\n{tool.name}: {summary(tool)}\n{form}")
        + turn("user", as_script(talk))
        + "<|im_start|>assistant\n",
        "json_schema": COMPACT | _narrowed(tool.parameters, said, needed=_needed(tool) if forced else ()),
        "max_tokens": LENGTH,
    }


def missing(tool: Function, arguments: Mapping[str, Any]) -> list[str]:
    """List the needed arguments that the caller has not said; the same words cannot be two of them."""
    needed = {name: arguments.get(name) for name in _needed(tool)}
    texts = [value for value in needed.values() if isinstance(value, str)]
    return [
        name
        for name, value in needed.items()
        if value in (None, "")
        or (_is_free_text(tool, name) and isinstance(value, str) and (says_nothing(value) or texts.count(value) > 1))
    ]


def meaning(tool: Function, argument: str) -> str:
    """Return what the schema says of an argument, or its name."""
    described = dict(_fields(tool))[argument].get("description", "")
    return " ".join(described.split()).rstrip(".") or argument.replace("_", " ")


def parsed(tool: Function, text: str) -> dict[str, Any] | None:
    """Return the arguments that the model has written, or None if it has not come to their end.

    Null stands for what may be left out, so it stays only where the schema knows it.
    """
    try:
        arguments: dict[str, Any] = json.loads(text)
    except ValueError:
        return None
    fields = dict(_fields(tool))
    kept = {*_needed(tool), *(name for name, schema in fields.items() if _may_be_null(schema))}
    return {name: value for name, value in arguments.items() if value is not None or name in kept}


def _fields(tool: Function) -> list[tuple[str, dict[str, Any]]]:
    fields = tool.parameters.get("properties") or {}
    return [(name, schema if isinstance(schema, dict) else {}) for name, schema in fields.items()]  # true: anything


def _needed(tool: Function) -> list[str]:
    required = tool.parameters.get("required", [])
    return [name for name, schema in _fields(tool) if name in required and not _may_be_null(schema)]


def _is_free_text(tool: Function, name: str) -> bool:
    return not any(word in dict(_fields(tool))[name] for word in FIXED)


def _may_be_null(schema: Mapping[str, Any]) -> bool:
    kinds = schema.get("type")
    if any(_may_be_null(other) for other in schema.get("anyOf", [])):
        return True
    return kinds == "null" or (isinstance(kinds, list) and "null" in kinds) or None in schema.get("enum", [])


def _narrowed(schema: Mapping[str, Any], said: Sequence[str], *, needed: Sequence[str] = ()) -> dict[str, Any]:
    """Return an object's schema in which every value is what the caller has said, or null."""
    fields = {
        name: value if name in needed or value == NULL else {"anyOf": [value, NULL]}
        for name, value in ((name, _value(its, said)) for name, its in (schema.get("properties") or {}).items())
    }
    return {**schema, "type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


def _value(schema: Mapping[str, Any] | bool, said: Sequence[str]) -> dict[str, Any]:
    if isinstance(schema, bool):  # true allows anything, but a model is better asked for text
        return {"type": "string", "pattern": pattern_of(said)}
    kinds = schema.get("type")
    kind = next((it for it in kinds if it != "null"), "null") if isinstance(kinds, list) else kinds
    if several := schema.get("anyOf"):
        return {"anyOf": [_value(other, said) for other in several]}
    if any(word in schema for word in FIXED):
        return {name: value for name, value in schema.items() if name != "description"}
    if kind == "string":
        return {"type": "string", "pattern": pattern_of(said)}
    if kind in ("integer", "number"):
        return {"enum": numbers_in(said)} if numbers_in(said) else NULL
    if kind == "array":
        return {"type": "array", "items": _value(schema.get("items", {}), said), "maxItems": 10}
    if kind == "object" and "properties" in schema:
        return _narrowed(schema, said)
    return dict(schema)
