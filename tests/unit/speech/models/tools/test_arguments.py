"""A tool's schema, narrowed to what the caller has said."""

from typing import Any

import pytest

from speech.models.tools import arguments
from speech.requests import Function, Message

SAID = [Message(role="user", content="Two.")]


def narrowed(**schema: Any) -> Any:
    tool = Function(name="x", parameters={"type": "object", "properties": {"it": schema}, "required": ["it"]})
    return arguments.request(tool, SAID, forced=True)["json_schema"]["properties"]["it"]


@pytest.mark.parametrize("schema", [{"enum": ["a", "b"]}, {"const": "a"}, {"type": "string", "format": "date"}])
def test_what_the_schema_fixes_is_not_the_callers_words(schema: dict[str, Any]) -> None:
    assert narrowed(**schema, description="It.") == schema


def test_what_is_in_lists_and_objects_is_narrowed_too() -> None:
    text = {"type": "string", "pattern": "^(Two|2)$"}
    assert narrowed(type="array", items={"type": "string"})["items"] == text
    inner = narrowed(type="object", properties={"name": {"type": "string"}})["properties"]["name"]
    assert inner == {"anyOf": [text, {"type": "null"}]}
    either = narrowed(anyOf=[{"type": "string"}, {"type": "null"}])["anyOf"][0]
    assert either["anyOf"][0] == text


def test_a_number_that_nobody_has_said_cannot_be_written() -> None:
    assert narrowed(type="integer") == {"enum": [2]}
    tool = Function(name="x", parameters={"properties": {"it": {"type": "number"}}})
    silent = arguments.request(tool, [Message(role="user", content="Hello.")], forced=False)
    assert silent["json_schema"]["properties"]["it"] == {"type": "null"}


@pytest.mark.parametrize("its", [True, {}])
def test_an_argument_that_may_be_anything_is_asked_for(its: Any) -> None:
    tool = Function(name="x", parameters={"properties": {"it": its}, "required": ["it"]})
    assert "it" in arguments.request(tool, SAID, forced=False)["json_schema"]["properties"]
    assert arguments.missing(tool, {"it": None}) == ["it"]
    assert arguments.meaning(tool, "it") == "it"
    nothing = Function(name="x", parameters={"properties": None})
    assert arguments.request(nothing, SAID, forced=False)["json_schema"]["properties"] == {}


def test_a_truth_is_the_models_to_say() -> None:
    assert narrowed(type="boolean") == {"type": "boolean"}


def test_null_stays_only_where_the_schema_knows_it() -> None:
    fields = {"needed": {"type": "string"}, "nullable": {"type": ["string", "null"]}, "optional": {"type": "string"}}
    tool = Function(name="x", parameters={"properties": fields, "required": ["needed", "nullable"]})
    text = '{"needed": null, "nullable": null, "optional": null}'
    assert arguments.parsed(tool, text) == {"needed": None, "nullable": None}


def test_no_white_space_can_take_the_place_of_a_value() -> None:
    schema = arguments.request(Function(name="x"), SAID, forced=False)["json_schema"]
    assert schema["x-guidance"]["whitespace_flexible"] is False


@pytest.mark.parametrize(("value", "missing"), [("I", ["it"]), ("the", ["it"]), ("Will", []), ("her sister", [])])
def test_words_that_only_point_at_somebody_are_no_value(value: str, missing: list[str]) -> None:
    tool = Function(name="x", parameters={"properties": {"it": {"type": "string"}}, "required": ["it"]})
    assert arguments.missing(tool, {"it": value}) == missing
