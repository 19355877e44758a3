"""One request, from its first byte until its answer is complete or its client has gone."""

import asyncio
import json
import logging
import time
import uuid
from collections.abc import Callable, Coroutine
from typing import Any

from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from speech.api.errors import APIError, broken

log = logging.getLogger("speech")

LARGEST_BODY = 26_000_000  # bytes: OpenAI's 25 MB for a file, and the form around it
GONE = 499  # what proxies log for a client that went away

Facts = dict[str, str | int | float]
Handler = Callable[[Request, "Reply", Facts], Coroutine[Any, Any, None]]


class Reply:
    """Writes the answer: all at once by `json` or `text`, or piece by piece by `write` and `end`."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status: int | None = None  # None until the answer has begun
        self.complete = False

    async def json(self, body: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
        await self._start(status, "application/json", headers or {})
        await self._body(json.dumps(body, ensure_ascii=False).encode(), more=False)

    async def text(self, body: str) -> None:
        await self._start(200, "text/plain; charset=utf-8", {})
        await self._body(body.encode(), more=False)

    async def write(self, data: bytes, media_type: str) -> None:
        if self.status is None:
            await self._start(200, media_type, {"cache-control": "no-store"})
        await self._body(data, more=True)

    async def end(self) -> None:
        await self._body(b"", more=False)

    async def _start(self, status: int, media_type: str, headers: dict[str, str]) -> None:
        self.status = status
        named = {"content-type": media_type, "x-request-id": f"req_{uuid.uuid4().hex}", **headers}
        raw = [(name.encode(), value.encode()) for name, value in named.items()]
        await self._send({"type": "http.response.start", "status": status, "headers": raw})

    async def _body(self, data: bytes, *, more: bool) -> None:
        self.complete = not more
        await self._send({"type": "http.response.body", "body": data, "more_body": more})


class Endpoint:
    """An ASGI application that runs `handler` for as long as the client is there.

    A client that goes away cancels the handler wherever it is: queued, at work or writing. One line is logged a
    request, with the facts the handler noted and none of its words.
    """

    def __init__(self, kind: str, handler: Handler) -> None:
        self._kind = kind
        self._handler = handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.monotonic()
        facts: Facts = {}
        reply = Reply(send)
        try:
            gone = not await self._answer(scope, receive, reply, facts)
        finally:
            facts["took"] = round(time.monotonic() - started, 3)
        facts = {"status": GONE if gone else reply.status or 500, **facts}
        log.info(
            "%s %s", self._kind, " ".join(f"{name}={value}" for name, value in facts.items()), extra={"facts": facts}
        )

    async def _answer(self, scope: Scope, receive: Receive, reply: Reply, facts: Facts) -> bool:
        """False when the client left before the answer was complete."""
        try:
            body = await _read(scope, receive)
            if body is None:
                return False
            request = Request(scope, _replay(body))
            return await self._while_connected(request, receive, reply, facts)
        except APIError as error:
            if reply.status is not None:
                raise
            await reply.json(error.body, error.status, error.headers)
        except Exception:
            log.exception("%s failed", self._kind)
            if reply.status is not None:
                raise  # the connection is cut: half an answer must not look like a whole one
            await reply.json(broken().body, broken().status)
        return True

    async def _while_connected(self, request: Request, receive: Receive, reply: Reply, facts: Facts) -> bool:
        """Run the handler; cancel it, and return False, as soon as the client disconnects."""
        handler = asyncio.ensure_future(self._handler(request, reply, facts))
        watch = asyncio.ensure_future(_disconnected(receive))
        try:
            await asyncio.wait({handler, watch}, return_when=asyncio.FIRST_COMPLETED)
            # A server says "disconnected" after a complete answer too; the handler is then clearing up.
            if handler.done() or reply.complete:
                await handler
                return True
            return False
        finally:
            watch.cancel()
            handler.cancel()
            await asyncio.wait({handler, watch})
            if not handler.cancelled():
                handler.exception()  # looked at: raised above, or no matter any more


async def _read(scope: Scope, receive: Receive) -> bytes | None:
    """The whole body; None when the client left before it was sent.

    Raises:
        APIError: 413, it is larger than `LARGEST_BODY`.
    """
    too_large = APIError(413, f"The request is larger than {LARGEST_BODY} bytes.", code="request_too_large")
    announced = dict(scope["headers"]).get(b"content-length", b"0")
    if announced.isdigit() and int(announced) > LARGEST_BODY:
        raise too_large
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if len(body) > LARGEST_BODY:
            raise too_large
        if not message.get("more_body", False):
            return bytes(body)


def _replay(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
