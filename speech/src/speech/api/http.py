"""What the routes need beyond Starlette: work that ends when its client goes away, and one log row for each request."""

import asyncio
import logging
import time
import uuid
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, StreamingResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from speech.errors import APIError, broken

logger = logging.getLogger("speech")

LARGEST_BODY = 26_000_000  # bytes: OpenAI's 25 MB for a file, and the form around it
GONE = 499  # the status that proxies log for a client that went away

Facts = dict[str, str | int | float]


class RequestLog:
    """ASGI middleware that counts and logs each request: its status and the facts its handler noted, never its words.

    The handler notes facts in `request.state.facts`.
    """

    def __init__(self, app: ASGIApp, kind: str, count: Callable[[int, float], None]) -> None:
        """`count` is given the status and the seconds of each request, when it is over."""
        self._app = app
        self._kind = kind
        self._count = count

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.monotonic()
        facts: Facts = {}
        scope.setdefault("state", {})["facts"] = facts
        status = 0

        async def send_noting_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["x-request-id"] = f"req_{uuid.uuid4().hex}"
            await send(message)

        try:
            await self._app(scope, receive, send_noting_status)
        except ClientDisconnect:
            status = GONE
        except Exception:
            logger.exception("%s failed", self._kind)
            if status:
                raise  # the connection is cut: half an answer must not look like a whole one
            await JSONResponse(broken().body, broken().status)(scope, receive, send_noting_status)
        took = time.monotonic() - started
        self._count(status, took)
        facts = {"status": status, **facts, "took": round(took, 3)}
        logger.info("%s %s", self._kind, " ".join(f"{name}={value}" for name, value in facts.items()), extra=facts)


class CancelOnDisconnect:
    """ASGI middleware that cancels the application when its client goes away, whether it is queued, at work or writing.

    Starlette does so only while it streams an answer, and a request may wait or work for a long time before that.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body_read = asyncio.Event()
        complete = False

        async def receive_body() -> Message:
            if body_read.is_set():
                await asyncio.Event().wait()  # only `disconnected` listens from here on, and this is cancelled
            message = await receive()
            if not message.get("more_body", False):
                body_read.set()
            return message

        async def disconnected() -> None:
            await body_read.wait()
            while (await receive())["type"] != "http.disconnect":
                pass

        async def send_noting_end(message: Message) -> None:
            nonlocal complete
            complete = message["type"] == "http.response.body" and not message.get("more_body", False)
            await send(message)

        app = asyncio.ensure_future(self._app(scope, _limited(scope, receive_body), send_noting_end))
        gone = asyncio.ensure_future(disconnected())
        try:
            await asyncio.wait({app, gone}, return_when=asyncio.FIRST_COMPLETED)
            # After a complete answer, too, the server reports a disconnect; the application is then cleaning up.
            if not (app.done() or complete):
                raise ClientDisconnect
            await app
        finally:
            gone.cancel()
            app.cancel()
            await asyncio.wait({app, gone})
            if not app.cancelled():
                app.exception()  # raised above or no longer of interest; asyncio complains if nobody looks at it


class StreamedAnswer(StreamingResponse):
    """An answer that is sent chunk by chunk; the generator of its chunks is closed whenever the answer ends."""

    def __init__(self, chunks: AsyncGenerator[bytes], media_type: str) -> None:
        # The type is set as a header, because Starlette adds a character set to the `media_type` of a text.
        super().__init__(chunks, headers={"content-type": media_type, "cache-control": "no-store"})
        self._chunks = chunks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with aclosing(self._chunks):
            await super().__call__(scope, receive, send)


async def stream(chunks: AsyncGenerator[bytes], media_type: str) -> StreamedAnswer:
    """Return the answer once its first chunk exists; an exception before that can still be answered as an error."""
    first = await anext(chunks, b"")

    async def all_chunks() -> AsyncGenerator[bytes]:
        async with aclosing(chunks):
            yield first
            async for chunk in chunks:
                yield chunk

    return StreamedAnswer(all_chunks(), media_type)


def _limited(scope: Scope, receive: Receive) -> Receive:
    """Return a `receive` that raises APIError 413 once the body is, or is announced as, larger than `LARGEST_BODY`.

    Starlette's own limit answers in plain text, where clients of this API expect OpenAI's JSON.
    """
    announced = Headers(scope=scope).get("content-length", "0")
    left = LARGEST_BODY

    async def receive_limited() -> Message:
        nonlocal left
        if announced.isdigit() and int(announced) > LARGEST_BODY:
            raise _too_large()
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise _too_large()
        return message

    return receive_limited


def _too_large() -> APIError:
    return APIError(413, f"The request is larger than {LARGEST_BODY} bytes.", code="request_too_large")
