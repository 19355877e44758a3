"""Requests and responses as the translations make them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx2

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    Ask = Callable[[httpx2.Request], Awaitable[httpx2.Response]]  # the body of the response has not been read yet

UNUSABLE = 502  # what a gateway answers when the server behind it has sent something that is no answer
QUOTED = 200  # characters of a server's own error
REFUSALS = (400, 415, 422, 500, 501)  # llama.cpp answers 500 when a chat template cannot be filled in


def with_body(request: httpx2.Request, body: dict[str, Any]) -> httpx2.Request:
    """Return the same request with another JSON body."""
    headers = request.headers.copy()
    for name in ("content-length", "transfer-encoding"):
        headers.pop(name, None)
    content = json.dumps(body).encode()
    return httpx2.Request(request.method, request.url, headers=headers, content=content, extensions=request.extensions)


def streamed(response: httpx2.Response, content_type: str, body: AsyncIterator[bytes]) -> httpx2.Response:
    """Return the same response with another body, whose end closes the server's."""
    headers = {"content-type": content_type, "x-request-id": response.headers.get("x-request-id") or "none"}
    stream = _Body(body, response)
    return httpx2.Response(response.status_code, headers=headers, stream=stream, request=response.request)


async def unusable(response: httpx2.Response, expected: str, found: str) -> httpx2.Response:
    """Turn a response with status 200 that is no answer into a failure that says so."""
    await response.aclose()
    message = f"expected {expected}, but the server answered with status {response.status_code} and {found}"
    return failure(response.request, UNUSABLE, message)


def failure(request: httpx2.Request, status: int, message: str, **headers: str) -> httpx2.Response:
    """Make a response that OpenAI's client takes for a failure with this message."""
    return httpx2.Response(status, headers=headers, json={"error": {"message": message}}, request=request)


def describe(text: bytes, content_type: str) -> str:
    """Say what kind of text a server has sent, and what its own error message is, if there is one."""
    start = text.lstrip(b"\xef\xbb\xbf \t\r\n")
    if not start:
        return "nothing"
    if start.startswith(b"<") or "html" in content_type:
        return "a web page"
    try:
        error = error_in(json.loads(start))
    except ValueError:
        return "text"
    return f"an error: {error}" if error else "JSON"


def error_in(body: object) -> str:
    """Return the error message in the forms that servers give it: {"error": {"message": …}}, {"detail": …}."""
    if not isinstance(body, dict):
        return ""
    error = body.get("error") or body.get("detail")
    if isinstance(error, dict):
        error = error.get("message") or error.get("error") or error
    return str(error)[:QUOTED] if error else ""


class _Body(httpx2.AsyncByteStream):
    def __init__(self, body: AsyncIterator[bytes], response: httpx2.Response) -> None:
        self._body, self._response = body, response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._body:
            yield piece

    async def aclose(self) -> None:
        if close := getattr(self._body, "aclose", None):
            await close()
        await self._response.aclose()
