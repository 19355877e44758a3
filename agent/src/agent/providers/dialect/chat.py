"""A language model's answer, as OpenAI would stream it."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import httpx2

from agent.providers.dialect.events import DONE, read_events, write_event
from agent.providers.dialect.exchange import describe, streamed, unusable
from agent.providers.dialect.reasoning import ReasoningFilter
from agent.providers.dialect.roles import ask_in_order
from agent.providers.dialect.tool_calls import ToolCallCompleter, new_id
from agent.providers.dialect.written_calls import NotAToolError, WrittenCallFilter
from agent.providers.failure import message_in

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from agent.providers.dialect.exchange import Ask
    from agent.providers.dialect.habits import Habits

    Event = dict[str, Any]

logger = logging.getLogger(__name__)

THOUGHTS = ("reasoning_content", "reasoning", "thinking")  # fields of a delta
INCOMPLETE = "length"  # the finish_reason of an answer that was cut off


async def complete(request: httpx2.Request, ask: Ask, habits: Habits) -> httpx2.Response:
    """Ask a language model; whatever a server sends with status 200 that is no answer becomes a failure."""
    body = json.loads(request.content)
    response = await ask_in_order(request, body, ask, habits)
    if response.status_code != httpx2.codes.OK or not body.get("stream"):
        return response
    content_type = response.headers.get("content-type", "")
    if "json" in content_type or "html" in content_type:  # it does not stream, or it is no such server
        content = await response.aread()
        if (whole := _whole_answer(content)) is None:
            return await unusable(response, "an answer", describe(content, content_type))
        events = _once(whole)
    else:
        events = read_events(response.aiter_bytes())
    return streamed(response, "text/event-stream", _translate(events, _Answer(body, habits)))


class _Answer:
    """One answer as it arrives."""

    def __init__(self, body: Event, habits: Habits) -> None:
        self._reasoning = ReasoningFilter(str(body.get("model", "")), habits)
        self._written = WrittenCallFilter(body.get("tools") or [])
        self._calls = ToolCallCompleter()
        self._begun = self._finished = False

    def take(self, event: Event) -> Iterator[Event]:
        """Translate one event, which becomes one or two."""
        choice = next(iter(event.get("choices") or []), None)
        if self._finished or not isinstance(choice, dict):
            yield {**event, "choices": []}
            return
        self._begun = True
        delta = choice.get("delta") or {}
        if any(delta.get(name) for name in THOUGHTS):
            self._reasoning.separate()
        said = self._written.feed(self._reasoning.feed(text)) if (text := _text_of(delta)) else ""
        calls = self._calls.complete(delta)
        if said or calls:
            extra = {"extra_content": delta["extra_content"]} if "extra_content" in delta else {}
            yield self._event(event, {"content": said or None, "tool_calls": calls or None} | extra)
        if reason := choice.get("finish_reason"):
            yield from self._finish(event, str(reason))

    def end(self, event: Event) -> Iterator[Event]:
        """Complete an answer whose server has named no reason for its end; `event` is the last one that came."""
        if not self._begun:
            logger.warning("The server of a language model answered with nothing")
            yield {"error": {"message": "expected an answer, but the server sent no event of one"}}
        elif not self._finished:
            yield from self._finish(event, "stop")

    def _finish(self, event: Event, reason: str) -> Iterator[Event]:
        self._finished = True
        rest = self._written.feed(self._reasoning.finish(complete=reason != INCOMPLETE))
        try:
            said, written = self._written.finish()
        except NotAToolError as error:
            logger.warning("An answer is dropped: %s", error)
            yield {"error": {"message": str(error)}}
            return
        if rest + said:
            yield self._event(event, {"content": rest + said})
        if written:
            calls = [_call(name, arguments) for name, arguments in written]
            yield self._event(event, {"tool_calls": self._calls.complete({"tool_calls": calls})})
        yield self._event(event, {}, "tool_calls" if self._calls.any_begun else reason)
        if event.get("usage"):
            yield {**event, "choices": []}

    def _event(self, event: Event, delta: Event, reason: str | None = None) -> Event:
        choice = {"index": 0, "delta": {"role": "assistant", **delta}, "finish_reason": reason}
        return {**event, "choices": [choice], "usage": None}


async def _translate(events: AsyncIterator[Event | None], answer: _Answer) -> AsyncIterator[bytes]:
    last: Event = {"id": "none"}
    async for event in events:
        if event is None:
            for translated in answer.end(last):
                yield write_event(translated)
            yield DONE
        elif event.get("error"):
            logger.warning("The server of a language model reported an error in place of an answer")
            yield write_event({"error": {"message": message_in(event)}})
            return
        else:
            last = event if isinstance(event.get("id"), str) else {**event, "id": "none"}
            for translated in answer.take(last):
                yield write_event(translated)
    for translated in answer.end(last):
        yield write_event(translated)


def _whole_answer(content: bytes) -> Event | None:
    """Return an answer that was sent in one piece in the form of a streamed event; None if it is no answer."""
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return None
    choice = next(iter(body.get("choices") or []), None) if isinstance(body, dict) else None
    if not isinstance(choice, dict) or not isinstance(choice.get("message"), dict):
        return None
    reason = choice.get("finish_reason") or "stop"
    return {**body, "choices": [{"index": 0, "delta": choice["message"], "finish_reason": reason}]}


async def _once(event: Event) -> AsyncIterator[Event | None]:
    yield event
    yield None


def _text_of(delta: Event) -> str:
    """Return the text of a delta, which some servers send in parts."""
    content = delta.get("content")
    if isinstance(content, list):
        return "".join(str(part.get("text") or "") for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def _call(name: str, arguments: str) -> Event:
    return {"id": new_id(), "type": "function", "function": {"name": name, "arguments": arguments}}
