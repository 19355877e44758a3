"""`POST /v1/chat/completions`: messages -> the assistant's answer, whole or as it is written."""

import time
import uuid
from functools import partial
from typing import Any

from pydantic import ValidationError
from starlette.requests import Request

from speech.api import sse
from speech.api.errors import APIError, from_validation, no_such_model
from speech.api.http import Facts, Reply
from speech.api.requests import ChatRequest
from speech.models.engines import Answered, Delta, Engines
from speech.queueing import Line, Pieces

# s. A client that hears nothing for so long is told that it is still waiting; livekit-agents gives up after ten.
PATIENCE = 3.0


async def complete(engines: Engines, line: Line, request: Request, reply: Reply, facts: Facts) -> None:
    try:
        wanted = ChatRequest.model_validate_json(await request.body())
    except ValidationError as error:
        raise from_validation(error) from error
    if wanted.model != engines.llm_model:
        raise no_such_model(wanted.model, engines.llm_model)
    facts["messages"] = len(wanted.messages)
    async with line.run(partial(engines.llm.chat, wanted)) as pieces:
        try:
            if wanted.stream:
                await _stream(wanted, pieces, reply, facts)
            else:
                await _whole(wanted, pieces, reply, facts)
        finally:
            facts["waited"] = round(pieces.waited, 3)


async def _stream(wanted: ChatRequest, pieces: Pieces[Delta | Answered], reply: Reply, facts: Facts) -> None:
    chunk = _Chunks(wanted.model)
    first = True
    try:
        async for piece in pieces.each(PATIENCE):
            if piece is None:
                await reply.write(sse.STILL_HERE, sse.MEDIA_TYPE)
            elif isinstance(piece, Delta):
                if first:
                    facts["first"] = round(pieces.served, 3)
                    await reply.write(chunk.delta(role="assistant", content=""), sse.MEDIA_TYPE)
                first = False
                await reply.write(chunk.delta(content=piece.text), sse.MEDIA_TYPE)
            else:
                facts |= _tokens(piece)
                await reply.write(chunk.finish(piece.finish_reason), sse.MEDIA_TYPE)
                if wanted.include_usage:
                    await reply.write(chunk.usage(piece), sse.MEDIA_TYPE)
    except APIError as error:
        if reply.status is None:
            raise
        facts["error"] = error.status
        await reply.write(sse.event(error.body), sse.MEDIA_TYPE)
    await reply.write(sse.DONE, sse.MEDIA_TYPE)
    await reply.end()


async def _whole(wanted: ChatRequest, pieces: Pieces[Delta | Answered], reply: Reply, facts: Facts) -> None:
    text = ""
    async for piece in pieces.each():
        if isinstance(piece, Delta):
            text += piece.text
        elif isinstance(piece, Answered):
            facts |= _tokens(piece)
            message = {"role": "assistant", "content": text, "refusal": None}
            choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": piece.finish_reason}
            head = _head(wanted.model, "chat.completion")
            await reply.json(head | {"choices": [choice], "usage": _usage(piece)})


class _Chunks:
    """The chunks of one streamed answer."""

    def __init__(self, model: str) -> None:
        self._head = _head(model, "chat.completion.chunk")

    def delta(self, **delta: str) -> bytes:
        return self._choice(delta, None)

    def finish(self, reason: str) -> bytes:
        return self._choice({}, reason)

    def usage(self, answered: Answered) -> bytes:
        return sse.event(self._head | {"choices": [], "usage": _usage(answered)})

    def _choice(self, delta: dict[str, str], reason: str | None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return sse.event(self._head | {"choices": [choice]})


def _head(model: str, kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{uuid.uuid4().hex}", "object": kind, "created": int(time.time()), "model": model}


def _usage(answered: Answered) -> dict[str, Any]:
    return {
        "prompt_tokens": answered.prompt_tokens,
        "completion_tokens": answered.completion_tokens,
        "total_tokens": answered.prompt_tokens + answered.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": answered.cached_tokens},
    }


def _tokens(answered: Answered) -> Facts:
    return {
        "prompt": answered.prompt_tokens,
        "cached": answered.cached_tokens,
        "answer": answered.completion_tokens,
    }
