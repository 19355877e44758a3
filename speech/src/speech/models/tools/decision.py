"""Decides whether an answer is a tool call, before a word of it is written."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import dropwhile
from typing import Any

from speech.models.completion import Completion, Server, complete
from speech.models.engines import AnswerEnd, Call
from speech.models.tools import arguments, choice
from speech.requests import ChatRequest, Function, Message


@dataclass(frozen=True)
class Decision:
    """Either a call with its end, or text: then `ask_for` says what a call would need that the caller has not said."""

    call: tuple[Call, AnswerEnd] | None = None
    ask_for: tuple[str, ...] = ()


TEXT = Decision()


def decide(server: Server, wanted: ChatRequest, still_wanted: Callable[[], bool]) -> Decision | None:
    """Return what the answer is to be, or None if it is no longer wanted.

    Where nobody has said anything yet, the prompt about the tools is read, so that the first decision need not do so.

    Raises:
        APIError: the prompt is longer than the context.
    """
    tools, forced = wanted.offered, wanted.must_call
    talk = _talk(wanted)
    if not tools:
        return TEXT
    if not forced and not talk:
        read = complete(server, {"prompt": choice.beginning(tools), "max_tokens": 1}, still_wanted)
        return TEXT if read else None
    if not forced and wanted.messages[-1].role != "user":
        return TEXT  # such as a tool's result: it is told, before another tool is called
    made = complete(server, choice.request(tools, talk, forced=forced), still_wanted)
    if made is None:
        return None
    tool = _chosen(made, tools, forced=forced)
    return _call(server, tool, talk, still_wanted, made, forced=forced) if tool else TEXT


def _talk(wanted: ChatRequest) -> list[Message]:
    """Return what the caller and the agent have said, from the caller's first words on."""
    talk = [it for it in wanted.messages if it.role in ("user", "assistant") and it.content]
    return list(dropwhile(lambda it: it.role == "assistant", talk))


def _chosen(made: Completion, tools: Sequence[Function], *, forced: bool) -> Function | None:
    names = choice.names(tools, forced=forced)
    sure = forced or choice.probability(made.tokens, names) >= choice.SURE
    return next((tool for tool in tools if tool.name == made.text and sure), None)


def _call(
    server: Server,
    tool: Function,
    talk: Sequence[Message],
    still_wanted: Callable[[], bool],
    made: Completion,
    *,
    forced: bool,
) -> Decision | None:
    if not tool.parameters.get("properties"):
        return Decision((Call(tool.name, "{}"), _end(made)))
    filled = complete(server, arguments.request(tool, talk, forced=forced), still_wanted)
    if filled is None:
        return None
    found = arguments.parsed(tool, filled.text)
    if found is None:
        return TEXT
    if (missing := arguments.missing(tool, found)) and not forced:
        return Decision(ask_for=tuple(arguments.meaning(tool, name) for name in missing))
    return Decision((Call(tool.name, json.dumps(found, ensure_ascii=False)), _end(made, filled)))


def _end(*completions: Completion) -> AnswerEnd:
    def total(of: Callable[[dict[str, Any]], int]) -> int:
        return sum(of(completion.usage) for completion in completions)

    return AnswerEnd(
        "tool_calls",
        prompt_tokens=total(lambda usage: usage.get("prompt_tokens", 0)),
        cached_tokens=total(lambda usage: (usage.get("prompt_tokens_details") or {}).get("cached_tokens", 0)),
        completion_tokens=total(lambda usage: usage.get("completion_tokens", 0)),
    )
