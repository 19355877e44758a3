"""The tools of tools.yaml in a call: who is asked first, and what the caller hears."""

import json
from collections.abc import AsyncIterator

import pytest

from agent.lines.http_tools import HttpTool, parse
from agent.tools.outside.http_tools import http_tools
from tests.support.fakes.http_receiver import Receiver, Reply
from tests.support.fakes.openai_api import FakeOpenAI
from tests.unit.agent.behaviors.test_go_on_after_a_backchannel import INSTANT
from tests.unit.agent.fakes import in_call, pipeline, until
from tests.unit.agent.tools.acting import Acting

TOOLS = """
- name: find_order
  description: Find out where an order is.
  url: {url}/orders/{{number}}
  arguments: {{type: object, properties: {{number: {{type: string}}}}, required: [number]}}
  meanwhile: I am looking that up.
  safe: true
- name: cancel_order
  description: Cancel an order.
  method: DELETE
  url: {url}/orders/{{number}}
  arguments: {{type: object, properties: {{number: {{type: string, maxLength: 5}}}}, required: [number]}}
  confirm: I will cancel the order {{number}}. Is that right?
- name: note
  description: Leave a note.
  method: POST
  url: {url}/notes
  arguments: {{type: object, properties: {{text: {{type: string}}}}, required: [text]}}
  confirm: I will note {{text}}. Is that right?
- name: seat
  description: Seat guests.
  method: POST
  url: {url}/seats
  arguments: {{type: object, properties: {{tables: {{type: array}}, inside: {{type: boolean}}}}, required: [tables]}}
  confirm: I will seat you at {{tables}}. Is that right?
"""
QUESTION = "I will cancel the order A-12. Is that right?"
SCRIPT = INSTANT.changed(
    rules=[
        {"kind": "llm", "match": "where is", "tool": "find_order", "arguments": {"number": "A-12"}},
        {"kind": "llm", "match": "cancel it", "tool": "cancel_order", "arguments": {"number": "A-12", "confirmed": 1}},
        {"kind": "llm", "match": "cancel everything", "tool": "cancel_order", "arguments": {"number": "A-1 to A-9"}},
        {"kind": "llm", "match": "cancel a long", "tool": "note", "arguments": {"text": "a " * 250}},
        {"kind": "llm", "match": "seat us", "tool": "seat", "arguments": {"tables": [4, 7], "inside": True}},
        {"kind": "llm", "match": "cancel nothing", "tool": "cancel_order", "arguments": {}},
        {"kind": "llm", "match": "on its way", "answer": "It is on its way."},
        {"kind": "llm", "match": "status 500", "answer": "The shop does not answer."},
    ],
    answers=("All right.",),
)


def described(url: str) -> list[HttpTool]:
    return parse(TOOLS.format(url=url), {})


@pytest.fixture
async def service() -> AsyncIterator[Receiver]:
    async with Receiver([Reply(body="It is on its way.")]) as service:
        yield service


@pytest.fixture
async def call(service: Receiver) -> AsyncIterator[Acting]:
    async with FakeOpenAI(SCRIPT) as endpoint:
        call = Acting(endpoint)
        await call.begin(*http_tools(call.call, described(service.url)))
        yield call
        await call.session.aclose()


async def test_a_safe_tool_is_used_at_once(call: Acting, service: Receiver) -> None:
    await call.caller_says("Where is my order A-12?")
    await call.plays()
    assert call.said == ["It is on its way."]
    assert [got.path for got in service.received] == ["/orders/A-12"]
    assert call.outcomes == []
    asked = call.endpoint.asked("llm")[0].body["tools"]
    assert [tool["function"]["name"] for tool in asked] == ["find_order", "cancel_order", "note", "seat"]
    assert asked[0]["function"]["parameters"]["required"] == ["number"]


async def test_the_caller_is_told_that_it_takes_a_moment(call: Acting, service: Receiver) -> None:
    service.answer(Reply(body="It is on its way.", delay=5))
    await call.caller_says("Where is my order A-12?")
    await call.plays()
    assert call.said == ["I am looking that up."]
    await call.plays()
    assert call.said == ["I am looking that up.", "It is on its way."]


async def test_a_failure_is_told_in_words(call: Acting, service: Receiver) -> None:
    service.answer(Reply(status=500))
    await call.caller_says("Where is my order A-12?")
    await call.plays()
    assert call.said == ["The shop does not answer."]


async def test_another_tool_is_used_after_a_yes_alone(call: Acting, service: Receiver) -> None:
    await call.caller_says("Please cancel it.")
    await call.plays()
    assert (call.said, service.received) == ([QUESTION], [])
    await call.caller_says("Yes, please.")
    await call.plays()
    # What the model has made up, and the owner has not described, is not sent: nobody was asked about it.
    assert [(got.method, got.path) for got in service.received] == [("DELETE", "/orders/A-12")]
    assert call.outcomes == ["done"]
    assert [action.what for action in call.record.actions] == ["cancel_order"]


async def test_what_is_no_text_is_read_out_as_words(call: Acting) -> None:
    await call.caller_says("Please seat us.")
    await call.plays()
    assert call.said == ["Inside true. I will seat you at 4, 7. Is that right?"]


async def test_an_argument_that_is_not_in_the_question_is_told_before_it_is_sent(
    call: Acting, service: Receiver
) -> None:
    await call.caller_says("Please seat us.")
    await call.plays()
    await call.caller_says("Yes, please.")
    await until(lambda: call.outcomes == ["done"])
    [sent] = [json.loads(got.body) for got in service.received]
    told = call.said[0].casefold()
    assert sent == {"tables": [4, 7], "inside": True}
    assert [name for name in ("4, 7", "inside true") if name not in told] == []


AGAIN = f"I have done exactly this already, so I would be doing it once more. {QUESTION}"


async def cancel(call: Acting, answer: str, outcomes: list[str]) -> None:
    """Ask for the order A-12 to be cancelled, hear the question to its end, and answer it."""
    await call.caller_says("Please cancel it.")
    await call.plays()
    await call.caller_says(answer)
    await until(lambda: call.outcomes == outcomes)


async def test_what_has_been_done_is_done_once_more_only_after_the_caller_was_told(
    call: Acting, service: Receiver
) -> None:
    await cancel(call, "Yes, please.", ["done"])
    await call.plays()
    await cancel(call, "No, don't.", ["done", "declined"])
    assert QUESTION in call.said
    assert AGAIN in call.said
    assert len(service.received) == 1
    await call.plays()
    await cancel(call, "Yes, please.", ["done", "declined", "done"])
    assert call.said.count(AGAIN) == 2
    assert len(service.received) == 2


async def test_a_model_that_asks_for_the_same_twice_in_one_reply_does_not_have_it_done_unnoticed(
    service: Receiver,
) -> None:
    function = {"name": "cancel_order", "arguments": '{"number": "A-12"}'}
    calls = [{"index": index, "id": f"call_{index}", "type": "function", "function": function} for index in (0, 1)]
    twice = [{"kind": "llm", "match": "cancel it", "deltas": [{"tool_calls": calls}]}]
    async with FakeOpenAI(SCRIPT.changed(rules=twice)) as endpoint:
        call = Acting(endpoint)
        await call.begin(*http_tools(call.call, described(service.url)))
        await call.caller_says("Please cancel it.")
        await call.plays()
        await call.caller_says("Yes, please.")
        await call.plays()
        assert call.said == [QUESTION, AGAIN]
        await call.session.aclose()


async def test_what_was_declined_or_failed_is_asked_about_as_before(call: Acting, service: Receiver) -> None:
    service.replies = (Reply(status=500),)
    await cancel(call, "No, don't.", ["declined"])
    await call.plays()
    await cancel(call, "Yes, please.", ["declined", "unknown"])
    await call.plays()
    await cancel(call, "No, don't.", ["declined", "unknown", "declined"])
    assert call.said.count(QUESTION) == 3
    assert AGAIN not in call.said


async def test_after_a_no_nothing_is_sent(call: Acting, service: Receiver) -> None:
    await call.caller_says("Please cancel it.")
    await call.plays()
    await call.caller_says("No, don't.")
    await until(lambda: call.outcomes == ["declined"])
    assert service.received == []


@pytest.mark.parametrize(
    ("wish", "wrong"),
    [
        ("Please cancel everything.", "number is wrong"),
        ("Please cancel nothing.", "'number' is a required property"),
        ("Please cancel a long note.", "too long to be read"),
    ],
)
async def test_the_caller_is_not_asked_about_arguments_that_are_not_allowed_or_too_long(
    call: Acting, service: Receiver, wish: str, wrong: str
) -> None:
    await call.caller_says(wish)
    await call.plays()
    assert wrong in call.told
    assert (call.said, service.received, call.outcomes) == (["All right."], [], [])


def test_a_model_without_tools_is_given_none() -> None:
    small = in_call(pipeline=pipeline(llm="speech/qwen2.5-coder-0.5b-instruct"))
    assert http_tools(small, described("http://shop.example.com")) == []
