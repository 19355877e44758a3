"""`POST /v1/chat/completions`: answers messages as the assistant, all at once or as the answer is written."""

import time
import uuid
from collections.abc import AsyncGenerator
from functools import partial
from typing import Any

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from speech.api import sse
from speech.api.http import Facts, stream
from speech.errors import APIError, from_validation, no_such_model
from speech.models.engines import AnswerEnd, Call, Delta, Engines
from speech.queueing import EngineQueue
from speech.requests import ChatRequest

# s. A streaming client that has received nothing for this long is sent a comment; livekit-agents gives up after 10 s.
PATIENCE = 3.0


async def complete(engines: Engines, queue: EngineQueue, request: Request, facts: Facts) -> Response:
    try:
        wanted = ChatRequest.model_validate_json(await request.body())
    except ValidationError as error:
        raise from_validation(error) from error
    if wanted.model != engines.llm_model:
        raise no_such_model(wanted.model, engines.llm_model)
    facts["messages"] = len(wanted.messages)
    if wanted.stream:
        return await stream(_events(engines, queue, wanted, facts), sse.MEDIA_TYPE)
    return JSONResponse(await _whole(engines, queue, wanted, facts))


async def _events(engines: Engines, queue: EngineQueue, wanted: ChatRequest, facts: Facts) -> AsyncGenerator[bytes]:
    """Yield the events of a streamed answer; an APIError before the first one is raised, a later one is an event."""
    chunks = _Chunks(wanted.model)
    begun = False
    async with queue.run(partial(engines.llm.chat, wanted)) as pieces:
        try:
            async for piece in pieces.each(PATIENCE):
                if piece is None:
                    yield sse.STILL_HERE
                elif isinstance(piece, Delta | Call):
                    if "first" not in facts:
                        facts["first"] = round(pieces.served, 3)
                        yield chunks.delta(role="assistant", content="")
                    if isinstance(piece, Delta):
                        yield chunks.delta(content=piece.text)
                    else:
                        facts["called"] = piece.name
                        yield chunks.delta(tool_calls=[{"index": 0, **_call(piece)}])
                else:
                    facts |= _tokens(piece)
                    yield chunks.finish(piece.finish_reason)
                    if wanted.include_usage:
                        yield chunks.usage(piece)
                begun = True
        except APIError as error:
            if not begun:
                raise
            facts["error"] = error.status
            yield sse.event(error.body)
        finally:
            facts["waited"] = round(pieces.waited, 3)
    yield sse.DONE


async def _whole(engines: Engines, queue: EngineQueue, wanted: ChatRequest, facts: Facts) -> dict[str, Any]:
    text = ""
    calls: list[dict[str, Any]] = []
    choices: list[dict[str, Any]] = []
    usage: dict[str, Any] = {}
    async with queue.run(partial(engines.llm.chat, wanted)) as pieces:
        try:
            async for piece in pieces.each():
                if isinstance(piece, Delta):
                    text += piece.text
                elif isinstance(piece, Call):
                    facts["called"] = piece.name
                    calls.append(_call(piece))
                elif isinstance(piece, AnswerEnd):
                    facts |= _tokens(piece)
                    message: dict[str, Any] = {"role": "assistant", "content": text, "refusal": None}
                    if calls:
                        message |= {"content": None, "tool_calls": calls}
                    reason = piece.finish_reason
                    choices = [{"index": 0, "message": message, "logprobs": None, "finish_reason": reason}]
                    usage = _usage(piece)
        finally:
            facts["waited"] = round(pieces.waited, 3)
    return _head(wanted.model, "chat.completion") | {"choices": choices, "usage": usage}


class _Chunks:
    """The chunks of one streamed answer."""

    def __init__(self, model: str) -> None:
        self._head = _head(model, "chat.completion.chunk")

    def delta(self, **delta: Any) -> bytes:
        return self._choice(delta, None)

    def finish(self, reason: str) -> bytes:
        return self._choice({}, reason)

    def usage(self, end: AnswerEnd) -> bytes:
        return sse.event(self._head | {"choices": [], "usage": _usage(end)})

    def _choice(self, delta: dict[str, Any], reason: str | None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return sse.event(self._head | {"choices": [choice]})


def _head(model: str, kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{uuid.uuid4().hex}", "object": kind, "created": int(time.time()), "model": model}


def _call(call: Call) -> dict[str, Any]:
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": f"call_{uuid.uuid4().hex}", "type": "function", "function": function}


def _usage(end: AnswerEnd) -> dict[str, Any]:
    return {
        "prompt_tokens": end.prompt_tokens,
        "completion_tokens": end.completion_tokens,
        "total_tokens": end.prompt_tokens + end.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": end.cached_tokens},
    }


def _tokens(end: AnswerEnd) -> Facts:
    return {
        "prompt": end.prompt_tokens,
        "cached": end.cached_tokens,
        "answer": end.completion_tokens,
    }
