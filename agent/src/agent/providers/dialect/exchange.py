"""Requests and responses as the translations make them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx2

from agent.providers.failure import is_web_page, message_in

if TYPE_CHECKING:
    import re
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

    Ask = Callable[[httpx2.Request], Awaitable[httpx2.Response]]  # the body of the response has not been read yet

UNUSABLE = 502  # what a gateway answers when the server behind it has sent something that is no answer
QUOTED = 200  # characters of a server's own error
REFUSALS = (400, 415, 422, 500, 501)  # llama.cpp answers 500 when a chat template cannot be filled in


async def ask_in_turn(
    requests: Iterable[httpx2.Request], ask: Ask, about: re.Pattern[str]
) -> tuple[httpx2.Response, int | None]:
    """Send one request after another, until the server does not refuse one with an error `about` their difference.

    Returns:
        The response and the number of the request that was taken, from 0; or the first refusal and None.
    """
    first_refusal = None
    for number, request in enumerate(requests):
        response = await ask(request)
        if response.status_code not in REFUSALS:
            return response, number
        first_refusal = first_refusal or response
        if not about.search((await response.aread()).decode(errors="replace")):
            break
    assert first_refusal  # noqa: S101 - there is at least one request
    return first_refusal, None


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
    written = text.decode("utf-8-sig", "replace").strip()
    if not written:
        return "nothing"
    if is_web_page(written, content_type):
        return "a web page"
    try:
        body = json.loads(written)
        error = message_in(body)[:QUOTED] if isinstance(body, dict) else ""
    except (ValueError, RecursionError):
        return "text"
    return f"an error: {error}" if error else "JSON"


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
