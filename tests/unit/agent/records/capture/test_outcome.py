"""The outcome's fields are what the model found in the call, and nothing that does not fit."""

import json
from typing import Any

import pytest

from agent.lines.line import Line
from agent.lines.outcome import OutcomeField
from agent.records.capture.outcome import LONGEST_TEXT, SUMMARY, fill_in_form
from tests.unit.agent.fakes import ScriptedLLM, line, unreachable
from tests.unit.agent.records.capture.test_summary import TALK, told, turns
from tests.unit.agent.records.test_finalize import transcript

FIELDS: dict[str, dict[str, Any]] = {
    "reason": {"meaning": "Why they called.", "kind": "choice", "choices": ["booking", "Complaint"]},
    "order": {"meaning": "The number of the order.", "kind": "number"},
    "back_by": {"meaning": "When to call back.", "kind": "date"},
    "new": {"meaning": "Whether they are a new customer.", "kind": "yes-no"},
    "note": {"meaning": "Anything else."},
}


def coffee(**fields: dict[str, Any]) -> Line:
    its = {name: OutcomeField.model_validate(field) for name, field in (fields or FIELDS).items()}
    return line(outcome=its, timezone="America/New_York")


async def values(answer: Any, **fields: dict[str, Any]) -> tuple[dict[str, Any] | None, list[str]]:
    text = answer if isinstance(answer, str) else json.dumps(answer)
    form = await fill_in_form(
        ScriptedLLM(lambda _: text), transcript(turns=turns(*TALK)), coffee(**fields), summary=False
    )
    return form.fields.values, form.fields.left_out


async def test_the_model_is_told_each_field_with_its_kind_and_the_day_at_the_lines_place() -> None:
    model = ScriptedLLM(lambda _: "{}")
    late = transcript(turns=turns(*TALK), started="2026-11-28T02:00:00.000+00:00")
    await fill_in_form(model, late, coffee(), summary=True)
    [context] = model.contexts  # one request for the summary and the fields
    instructions, talk = told(context)
    assert '"reason": one of "booking", "Complaint". Why they called.' in instructions
    assert '"order": a number' in instructions
    assert f'"{SUMMARY}": ' in instructions
    assert "Friday, 2026-11-27" in instructions
    assert "639-1 code is en" in instructions
    assert "caller: A table for 4, please." in talk


async def test_values_that_fit_are_taken_over() -> None:
    given = {"reason": "complaint", "order": 4711, "back_by": "2026-12-04", "new": False, "note": " By the window. "}
    fitting = {"reason": "Complaint", "order": 4711, "back_by": "2026-12-04", "new": False, "note": "By the window."}
    assert await values(given) == (fitting, [])


async def test_numbers_and_answers_that_a_model_writes_as_text_are_understood() -> None:
    found, left_out = await values({"order": "47.5", "new": "Yes"})
    assert found is not None
    assert (found["order"], found["new"], left_out) == (47.5, True, [])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("reason", wrong) for wrong in ("refund", 1, ["booking"])),
        *(("order", wrong) for wrong in ("about five", True, float("nan"), [4711])),
        *(("back_by", wrong) for wrong in ("next Friday", "2026-02-30", "20261204", 20261204)),
        *(("new", wrong) for wrong in ("perhaps", 1)),
        *(("note", wrong) for wrong in ({"text": "x"}, True, "x" * (LONGEST_TEXT + 1))),
    ],
)
async def test_a_value_that_does_not_fit_is_left_out_and_said_to_be(
    field: str, value: Any, caplog: pytest.LogCaptureFixture
) -> None:
    found, left_out = await values({field: value})
    assert found == dict.fromkeys(FIELDS)
    assert left_out == [field]
    assert caplog.messages == [f"Left out of the outcome because the model's value does not fit: {field}"]


@pytest.mark.parametrize("nothing", [None, "", "null"])
async def test_what_was_not_said_is_not_known_and_is_not_a_value_that_does_not_fit(nothing: str | None) -> None:
    assert await values(dict.fromkeys(FIELDS, nothing)) == (dict.fromkeys(FIELDS), [])


async def test_what_nobody_has_asked_for_is_ignored() -> None:
    assert await values({"card": "4111 1111 1111 1111"}) == (dict.fromkeys(FIELDS), [])


@pytest.mark.parametrize(
    "answer", ['```json\n{"order": 4711}\n```', 'Here it is: {"order": 4711} I hope that helps.', '{"order": 4711}']
)
async def test_json_is_found_among_a_models_words(answer: str) -> None:
    found, _ = await values(answer)
    assert found
    assert found["order"] == 4711


@pytest.mark.parametrize("answer", ["I do not know.", "{order: 4711}", "[1]", '{"order": [}', '{"a":' * 9999 + "}"])
async def test_an_answer_without_json_fills_in_nothing_and_is_logged(
    answer: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert await values(answer) == (None, [])
    assert caplog.messages == ["Could not fill in the outcome of the call: the model's answer is not a JSON object"]


async def test_the_summary_comes_with_the_fields_and_a_field_may_be_called_summary() -> None:
    model = ScriptedLLM(lambda _: json.dumps({SUMMARY: "A table was booked. ", "summary": "short"}))
    form = await fill_in_form(
        model, transcript(turns=turns(*TALK)), coffee(summary={"meaning": "Very short."}), summary=True
    )
    assert form.summary == "A table was booked."
    assert form.fields.values == {"summary": "short"}


async def test_a_model_that_fails_fills_in_nothing(caplog: pytest.LogCaptureFixture) -> None:
    form = await fill_in_form(ScriptedLLM(unreachable), transcript(turns=turns(*TALK)), coffee(), summary=True)
    assert (form.summary, form.fields.values) == (None, None)
    assert "Could not fill in the outcome of the call" in caplog.text


async def test_of_a_caller_who_said_nothing_nothing_is_made_up() -> None:
    model = ScriptedLLM(lambda _: '{"order": 4711}')
    form = await fill_in_form(model, transcript(turns=turns(TALK[0], TALK[2])), coffee(), summary=True)
    assert (form.fields.values, model.contexts) == (None, [])
