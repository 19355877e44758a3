"""A language model's answer is what it wants to say, whatever else its server sends with it."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from livekit.agents import APIError, ChatContext

from agent.providers.dialect.roles import alternating, without_system
from agent.providers.dialect.written_calls import WrittenCallFilter
from tests.support.fakes.openai_api import FakeOpenAI, Rule
from tests.unit.agent.fakes import host, pipeline
from tests.unit.agent.never_silent import INSTANT
from tests.unit.agent.providers.dialect.other_server import answer_of, ask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

THOUGHT, ANSWER = "They want the hours. I say nine.", "We open at nine."
SLOW = INSTANT.changed(words_per_second=4)  # so that a thought takes longer than what is held back


def says(endpoint: FakeOpenAI, *deltas: Any) -> None:
    """The server sends these deltas, or whole choices."""
    endpoint.script = endpoint.script.changed(rules=[Rule.of({"kind": "llm", "deltas": list(deltas)})])


def pieces(text: str, length: int) -> list[dict[str, str]]:
    return [{"content": text[at : at + length]} for at in range(0, len(text), length)]


def stop(reason: str = "stop") -> dict[str, Any]:
    return {"delta": {}, "finish_reason": reason}


# Reasoning.

THOUGHTS = {
    "tagged": f"<think>{THOUGHT}</think>{ANSWER}",
    "tagged, on rows of their own": f"<think>\n{THOUGHT}\n\n</think>\n\n{ANSWER}",
    "empty": f"<think>\n\n</think>\n\n{ANSWER}",
    "without the first tag": f"{THOUGHT}</think>{ANSWER}",
    "without the first tag, on a row of its own": f"{THOUGHT}\n</think>\n\n{ANSWER}",
    "another tag": f"<thinking>{THOUGHT}</thinking>\n{ANSWER}",
    "another tag, without the first one": f"{THOUGHT}</reasoning>{ANSWER}",
    "in capitals": f"<THINK>{THOUGHT}</THINK>{ANSWER}",
    "Magistral": f"[THINK]{THOUGHT}[/THINK]{ANSWER}",
    "gpt-oss": f"<|channel|>analysis<|message|>{THOUGHT}<|end|><|start|>assistant<|channel|>final<|message|>{ANSWER}",
    "twice": f"<think>{THOUGHT}</think>{ANSWER}<think>Was that right?</think>",
    "an end that the server should have taken": f"{ANSWER}<|im_end|>",
}


@pytest.mark.parametrize("length", [1, 3, 7, 1000])
@pytest.mark.parametrize("form", THOUGHTS)
async def test_thoughts_are_no_part_of_the_answer_however_they_are_cut(
    endpoint: FakeOpenAI, form: str, length: int
) -> None:
    says(endpoint, *pieces(THOUGHTS[form], length), stop())
    assert (await ask(endpoint)).text.strip() == ANSWER


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
async def test_thoughts_in_a_field_of_their_own_are_no_part_of_the_answer(endpoint: FakeOpenAI, name: str) -> None:
    says(endpoint, {"role": "assistant", "content": None}, {name: THOUGHT}, {"content": ANSWER}, stop())
    assert (await ask(endpoint)).text == ANSWER


@pytest.mark.parametrize(
    "thought",
    [
        "Okay, the user wants the hours. I say nine.",
        "They want the hours. I say nine.",
        "Hmm, it opens at nine, does it not? It does.",
        "I should be brief, so I say nine and nothing else.",
        "Der Anrufer möchte die Zeiten wissen. Neun Uhr ist richtig.",
        "L'utilisateur demande les horaires. Neuf heures.",
        "El usuario quiere saber el horario. A las nueve.",
    ],
)
async def test_a_slow_text_that_reads_like_a_thought_is_held_back_until_its_end(
    endpoint: FakeOpenAI, thought: str
) -> None:
    endpoint.script = SLOW.changed(answers=(f"{thought} </think> {ANSWER}",))
    assert (await ask(endpoint)).text.strip() == ANSWER


@pytest.mark.parametrize("model", ["deepseek-r1:7b", "qwq-32b", "Qwen/Qwen3-4B-Thinking-2507", "MiniMax-M2"])
async def test_of_a_model_known_by_its_name_every_thought_is_held_back(endpoint: FakeOpenAI, model: str) -> None:
    endpoint.script = SLOW.changed(answers=(f"Nine is right, so nine it is. </think> {ANSWER}",))
    assert (await ask(endpoint, model=model)).text.strip() == ANSWER


@pytest.mark.parametrize("model", ["gpt-4o-mini", "qwen2.5-coder-1.5b-instruct", "llama3.2", "mistral-small-3.2"])
async def test_an_ordinary_model_is_held_back_for_a_moment_once_and_then_never(
    endpoint: FakeOpenAI, model: str
) -> None:
    chosen = pipeline(settings=host(openai_base_url=endpoint.url), llm=f"openai/{model}").new_llm()
    endpoint.script = SLOW.changed(answers=("One two three four five six seven eight.",))
    assert 0.25 < await _seconds_to_the_first_word(chosen) < 0.8
    assert await _seconds_to_the_first_word(chosen) < 0.25


async def test_a_model_that_has_thought_aloud_once_is_held_back_from_then_on(endpoint: FakeOpenAI) -> None:
    chosen = pipeline(settings=host(openai_base_url=endpoint.url)).new_llm()
    says(endpoint, {"content": f"Nine.</think>{ANSWER}"}, stop())
    await answer_of(chosen)
    endpoint.script = SLOW.changed(answers=(f"Nine is right, so nine it is. </think> {ANSWER}",))
    assert (await answer_of(chosen)).text.strip() == ANSWER


async def test_a_thought_that_was_cut_off_is_not_spoken(endpoint: FakeOpenAI) -> None:
    says(endpoint, {"content": THOUGHT}, stop("length"))
    assert (await ask(endpoint, model="qwq")).text == ""


async def test_a_reasoning_model_that_does_not_reason_is_heard(endpoint: FakeOpenAI) -> None:
    says(endpoint, {"content": ANSWER}, stop())
    assert (await ask(endpoint, model="deepseek-r1")).text == ANSWER


async def _seconds_to_the_first_word(chosen: Any) -> float:
    began = asyncio.get_running_loop().time()
    context = ChatContext.empty()
    context.add_message(role="user", content="Count.")
    first = None
    async with chosen.chat(chat_ctx=context) as stream:
        async for chunk in stream:
            if first is None and chunk.delta and chunk.delta.content:
                first = asyncio.get_running_loop().time() - began
    assert first is not None
    return first


# Tool calls.


def call(name: str = "end_call", arguments: Any = "{}", **given: Any) -> dict[str, Any]:
    return {"tool_calls": [{**given, "type": "function", "function": {"name": name, "arguments": arguments}}]}


def more(arguments: str, **given: Any) -> dict[str, Any]:
    return {"tool_calls": [{**given, "function": {"arguments": arguments}}]}


TIME = ("tell_the_time", '{"days_from_now": 1}')
END = ("end_call", "{}")
STREAMED: dict[str, tuple[list[Any], list[tuple[str, str]]]] = {
    "as OpenAI does": (
        [call(*("tell_the_time", ""), index=0, id="a"), more('{"days_', index=0), more('from_now": 1}', index=0)],
        [TIME],
    ),
    "without an index": ([call(*TIME, id="a")], [TIME]),
    "without an index, in pieces": ([call("tell_the_time", '{"days_', id="a"), more('from_now": 1}')], [TIME]),
    "two without an index": ([call(*TIME, id="a"), call(*END, id="b")], [TIME, END]),
    "two in one piece, without an index": (
        [{"tool_calls": [*call(*TIME, id="a")["tool_calls"], *call(*END, id="b")["tool_calls"]]}],
        [TIME, END],
    ),
    "two with the same index": ([call(*TIME, index=0, id="a"), call(*END, index=0, id="b")], [TIME, END]),
    "without an id": ([call(*TIME, index=0)], [TIME]),
    "with an empty id": ([call(*TIME, index=0, id="")], [TIME]),
    "without anything": ([call(*TIME)], [TIME]),
    "two without an id": ([call(*TIME, index=0), call(*END, index=1)], [TIME, END]),
    "arguments as an object": ([call("tell_the_time", {"days_from_now": 1}, index=0, id="a")], [TIME]),
    "no arguments": ([call("end_call", None, index=0, id="a")], [("end_call", "")]),
    "the name in every piece": (
        [
            call("tell_the_time", '{"days_', index=0, id="a"),
            call("tell_the_time", 'from_now": 1}', index=0, id="a"),
        ],
        [TIME],
    ),
    "the old form": ([{"function_call": {"name": TIME[0], "arguments": TIME[1]}}], [TIME]),
    "after an empty text": ([{"role": "assistant", "content": ""}, call(*TIME, index=0, id="a")], [TIME]),
}


@pytest.mark.parametrize("reason", ["tool_calls", "stop", "length", "function_call", ""])
@pytest.mark.parametrize("form", STREAMED)
async def test_a_tool_call_is_complete_however_it_is_streamed(endpoint: FakeOpenAI, form: str, reason: str) -> None:
    deltas, calls = STREAMED[form]
    says(endpoint, *deltas, *([stop(reason)] if reason else []))
    answer = await ask(endpoint)
    assert answer.calls == calls
    assert all(answer.ids)
    assert len(set(answer.ids)) == len(calls)


WRITTEN: dict[str, tuple[str, list[tuple[str, str]]]] = {
    "JSON": ('{"name": "end_call", "arguments": {}}', [END]),
    "JSON on several rows": ('{\n  "name": "tell_the_time",\n  "arguments": {"days_from_now": 1}\n}', [TIME]),
    "JSON with parameters": ('{"name": "tell_the_time", "parameters": {"days_from_now": 1}}', [TIME]),
    "JSON with arguments as text": ('{"name": "tell_the_time", "arguments": "{\\"days_from_now\\": 1}"}', [TIME]),
    "JSON with a function": ('{"type": "function", "function": {"name": "end_call", "arguments": {}}}', [END]),
    "JSON with the type first": ('{"function": "end_call", "arguments": {}}', [END]),
    "JSON with a list": ('{"tool_calls": [{"name": "end_call", "arguments": {}}]}', [END]),
    "a list of JSON": (
        '[{"name": "tell_the_time", "arguments": {"days_from_now": 1}}, {"name": "end_call"}]',
        [TIME, END],
    ),
    "JSON without arguments": ('{"name": "end_call"}', [END]),
    "single quotes": ("{'name': 'end_call', 'arguments': {}}", [END]),
    "a block": ('```json\n{"name": "end_call", "arguments": {}}\n```', [END]),
    "a nameless block": ('```\n{"name": "end_call", "arguments": {}}\n```', [END]),
    "Hermes, Qwen": ('<tool_call>\n{"name": "end_call", "arguments": {}}\n</tool_call>', [END]),
    "two of Hermes": (
        '<tool_call>{"name": "tell_the_time", "arguments": {"days_from_now": 1}}</tool_call>\n'
        '<tool_call>{"name": "end_call", "arguments": {}}</tool_call>',
        [TIME, END],
    ),
    "Mistral": ('[TOOL_CALLS][{"name": "end_call", "arguments": {}}]', [END]),
    "newer Mistral": ('[TOOL_CALLS]tell_the_time{"days_from_now": 1}', [TIME]),
    "newest Mistral": ('[TOOL_CALLS]tell_the_time[ARGS]{"days_from_now": 1}', [TIME]),
    "Llama": ('<|python_tag|>{"name": "end_call", "parameters": {}}', [END]),
    "Llama with a tag": ('<function=tell_the_time>{"days_from_now": 1}</function>', [TIME]),
    "Llama 4": ("[tell_the_time(days_from_now=1)]", [TIME]),
    "Gemma": ("```tool_code\nprint(tell_the_time(days_from_now=1))\n```", [TIME]),
    "Phi": ('<|tool_call|>[{"name": "end_call", "arguments": {}}]<|/tool_call|>', [END]),
    "functools": ('functools[{"name": "end_call", "arguments": {}}]', [END]),
    "Qwen coder": (
        "<tool_call>\n<function=tell_the_time>\n<parameter=days_from_now>\n1\n</parameter>\n</function>\n</tool_call>",
        [TIME],
    ),
    "XML with an argument of nothing": (
        "<function=end_call><parameter=reason></parameter></function>",
        [("end_call", '{"reason": ""}')],
    ),
    "MiniMax": (
        '<minimax:tool_call><invoke name="tell_the_time"><parameter name="days_from_now">1</parameter></invoke>',
        [TIME],
    ),
    "DeepSeek": ('<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>tell_the_time<｜tool▁sep｜>{"days_from_now": 1}', [TIME]),  # noqa: RUF001
    "Kimi": ('<|tool_calls_section_begin|>functions.tell_the_time:0{"days_from_now": 1}', [TIME]),
    "without an optional argument": (
        '{"name": "take_a_note", "arguments": {"text": "Say \\"hi\\" {soon}."}}',
        [("take_a_note", '{"text": "Say \\"hi\\" {soon}."}')],
    ),
    "Python with a text": ("take_a_note(text='Call {me}')", [("take_a_note", '{"text": "Call {me}"}')]),
    "Python": ("end_call()", [END]),
    "the name alone": ("end_call", [END]),
    "the name in a block": ("`end_call`", [END]),
}


@pytest.mark.parametrize("length", [1, 5, 1000])
@pytest.mark.parametrize("form", WRITTEN)
async def test_a_call_that_is_written_as_text_is_made_and_not_spoken(
    endpoint: FakeOpenAI, form: str, length: int
) -> None:
    text, calls = WRITTEN[form]
    says(endpoint, *pieces(text, length), stop())
    answer = await ask(endpoint)
    assert answer.calls == calls
    assert answer.text.strip() == ""


@pytest.mark.parametrize("form", WRITTEN)
async def test_what_is_said_before_a_written_call_is_spoken(endpoint: FakeOpenAI, form: str) -> None:
    text, calls = WRITTEN[form]
    says(endpoint, *pieces(f"Goodbye, and thank you.\n{text}", 4), stop())
    answer = await ask(endpoint)
    assert answer.text.strip() == "Goodbye, and thank you."
    assert answer.calls == calls


NO_CALLS = {
    "an unknown tool": '{"name": "transfer_call", "arguments": {}}',
    "an unknown tool in a tag": '<tool_call>{"name": "transfer_call", "arguments": {}}</tool_call>',
    "a missing argument": '{"name": "tell_the_time", "arguments": {}}',
    "arguments that are none": '{"name": "end_call", "arguments": [1]}',
    "cut off": '{"name": "end_call", "argum',
    "an empty tag": "<tool_call></tool_call>",
    "brackets without end": '{"name": ' + "[" * 20_000,
}


@pytest.mark.parametrize("form", NO_CALLS)
async def test_a_written_call_that_cannot_be_made_is_a_failure(endpoint: FakeOpenAI, form: str) -> None:
    says(endpoint, *pieces(NO_CALLS[form], 5), stop())
    with pytest.raises(APIError):
        await ask(endpoint)
    assert len(endpoint.asked("llm")) == 2


async def test_a_flood_of_marks_is_read_in_time(endpoint: FakeOpenAI) -> None:
    text = "`" * 5000 + "[" * 5000 + "{" * 5000 + "<think" * 1000
    says(endpoint, *pieces(text, 100), stop())
    began = time.process_time()
    assert (await ask(endpoint)).text == text
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    "text",
    [
        "<function=end_call><parameter=reason>" + "\n" * 3000,
        "<function=end_call>" + "<parameter=reason>" * 500,
        "x" * 50_000 + " and more",
    ],
)
def test_a_model_that_repeats_itself_is_read_in_time(text: str) -> None:
    written = WrittenCallFilter([{"function": {"name": "end_call"}}])
    began = time.process_time()
    written.feed(text)
    written.finish()
    assert time.process_time() - began < 1


async def test_without_tools_every_written_call_is_a_failure(endpoint: FakeOpenAI) -> None:
    says(endpoint, {"content": '{"name": "end_call", "arguments": {}}'}, stop())
    with pytest.raises(APIError):
        await ask(endpoint, tools=[])


SPOKEN = [
    "We open at nine, and close at five.",
    "It costs < 5 dollars [with milk] or {as you like}.",
    "End the call? I can transfer you, tell you the time, or end it.",
    "The code is `A1`, and e is a letter.",
    "[laughs] That is a good one.",
    "1 < 2 and 3 > 2.",
    "Our functools course begins at ten.",
    "I think so.",
]


@pytest.mark.parametrize("length", [1, 4, 1000])
@pytest.mark.parametrize("text", SPOKEN)
async def test_what_only_looks_like_a_tag_or_a_call_is_spoken(endpoint: FakeOpenAI, text: str, length: int) -> None:
    says(endpoint, *pieces(text, length), stop())
    answer = await ask(endpoint)
    assert (answer.text, answer.calls) == (text, [])


# The stream.


async def test_a_first_piece_with_a_role_only_and_comments_between_the_events_change_nothing(
    endpoint: FakeOpenAI,
) -> None:
    endpoint.script = INSTANT.changed(pings=True)
    assert (await ask(endpoint)).text == "At nine."
    says(endpoint, {"role": "assistant"}, {"role": "assistant", "content": ""}, {"content": ANSWER}, stop())
    assert (await ask(endpoint)).text == ANSWER


def row(**choice: Any) -> str:
    return json.dumps({"id": "x", "object": "chat.completion.chunk", "choices": [{"index": 0, **choice}]})


def event_stream(rows: Iterable[str]) -> Rule:
    return Rule("llm", body="".join(rows), content_type="text/event-stream")


STREAMS = {
    "without a space": [f"data:{row(delta={'content': ANSWER})}\n\n", "data:[DONE]\n\n"],
    "with CRLF": [f": ping\r\n\r\ndata: {row(delta={'content': ANSWER})}\r\n\r\n", "data: [DONE]\r\n\r\n"],
    "without empty rows": [
        f"data: {row(delta={'content': 'We open '})}\n",
        f"data: {row(delta={'content': 'at nine.'})}\n",
    ],
    "without an end": [f"data: {row(delta={'content': ANSWER})}\n\n"],
    "with content in parts": [f"data: {row(delta={'content': [{'type': 'text', 'text': ANSWER}]})}\n\n"],
    "with other rows": [f"id: 1\nevent: message\nretry: 5\ndata: {row(delta={'content': ANSWER})}\n\ndata: oops\n\n"],
    "with a separator in the text": [f'data: {row(delta={"content": ANSWER})[:-1]}, "x": "\u2028"}}\n\n'],
    "with an event without choices": ['data: {"choices": []}\n\n', f"data: {row(delta={'content': ANSWER})}\n\n"],
    "with words after the end": [
        f"data: {row(delta={'content': ANSWER}, finish_reason='stop')}\n\n",
        f"data: {row(delta={'content': 'Never.'}, finish_reason='stop')}\n\n",
    ],
}


@pytest.mark.parametrize("form", STREAMS)
async def test_a_stream_is_read_however_it_is_written(endpoint: FakeOpenAI, form: str) -> None:
    endpoint.script = INSTANT.changed(rules=(event_stream(STREAMS[form]),))
    assert (await ask(endpoint)).text == ANSWER


async def test_a_server_that_does_not_stream_is_heard(endpoint: FakeOpenAI) -> None:
    message = {"role": "assistant", "content": f"<think>{THOUGHT}</think>{ANSWER}"}
    whole = {"id": "x", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    endpoint.script = INSTANT.changed(rules=(Rule("llm", body=json.dumps(whole)),))
    assert (await ask(endpoint)).text == ANSWER


@pytest.mark.parametrize("with_finish", [True, False])
async def test_the_tokens_are_counted_once(endpoint: FakeOpenAI, *, with_finish: bool) -> None:
    usage = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
    last = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}] if with_finish else [], "usage": usage}
    rows = [f"data: {row(delta={'content': ANSWER}, finish_reason=None if with_finish else 'stop')}\n\n"]
    endpoint.script = INSTANT.changed(rules=(event_stream([*rows, f"data: {json.dumps(last)}\n\n"]),))
    assert (await ask(endpoint)).tokens == 7


FAILURES = {
    "a web page": Rule("llm", body="<html>Welcome</html>", content_type="text/html"),
    "an error": Rule("llm", body='{"error": {"message": "no such model"}}'),
    "an error in the stream": event_stream(['data: {"error": {"message": "out of memory"}}\n\n']),
    "an event that is called an error": event_stream(['event: error\ndata: {"message": "out of memory"}\n\n']),
    "no event": event_stream([": ping\n\n"]),
    "JSON of another kind": Rule("llm", body='{"status": "ok"}'),
}


@pytest.mark.parametrize("form", FAILURES)
async def test_what_is_no_answer_is_a_failure_and_asked_for_again(endpoint: FakeOpenAI, form: str) -> None:
    endpoint.script = INSTANT.changed(rules=(FAILURES[form],))
    with pytest.raises(APIError):
        await ask(endpoint)
    assert len(endpoint.asked("llm")) == 2


# Roles.


@pytest.mark.parametrize(("refused", "requests"), [("", 2), ("order", 3), ("system", 4)])
async def test_roles_are_sent_as_the_server_takes_them_which_is_found_out_once(
    endpoint: FakeOpenAI, refused: str, requests: int
) -> None:
    endpoint.script = INSTANT.changed(refused_roles=refused)
    chosen = pipeline(settings=host(openai_base_url=endpoint.url)).new_llm()
    for _ in range(2):
        assert (await answer_of(chosen, "Hello.", "When are you open?")).text == "At nine."
    asked = endpoint.asked("llm")
    assert len(asked) == requests
    last = asked[-1].body["messages"]
    told = "\n".join(message["content"] for message in last)
    assert all(words in told for words in ("Be brief.", "Hello.", "When are you open?"))


async def test_a_refusal_in_every_order_is_a_failure_and_changes_nothing(endpoint: FakeOpenAI) -> None:
    endpoint.script = INSTANT.changed(refused_roles="all")
    chosen = pipeline(settings=host(openai_base_url=endpoint.url)).new_llm()
    with pytest.raises(APIError, match="role"):
        await answer_of(chosen)
    endpoint.script = INSTANT
    await answer_of(chosen)
    assert endpoint.asked("llm")[-1].body["messages"] == endpoint.asked("llm")[0].body["messages"]


@pytest.mark.parametrize("arrange", [alternating, without_system])
def test_the_calls_of_tools_stay_with_what_they_returned(arrange: Callable[[list[Any]], list[Any]]) -> None:
    called = {"role": "assistant", "tool_calls": [{"id": "a"}]}
    returned = {"role": "tool", "tool_call_id": "a", "content": "Monday"}
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "assistant", "content": "Hello."},
        {"role": "user", "content": "Which day"},
        {"role": "user", "content": "is it?"},
        called,
        returned,
        {"role": "assistant", "content": "Monday."},
        {"role": "system", "content": "Be polite."},
        {"role": "user", "content": "Thanks."},
    ]
    arranged = arrange(messages)
    roles = [message["role"] for message in arranged if message["role"] != "system"]
    assert roles == ["user", "assistant", "user", "assistant", "tool", "assistant", "user"]
    assert called in arranged
    assert returned in arranged
    assert arranged[-1]["content"] == "Be polite.\n\nThanks."


async def test_a_refusal_that_is_not_about_roles_is_asked_about_no_further(endpoint: FakeOpenAI) -> None:
    endpoint.script = INSTANT.changed(faults={"llm": "error"})
    with pytest.raises(APIError):
        await ask(endpoint)
    assert len(endpoint.asked("llm")) == 2
