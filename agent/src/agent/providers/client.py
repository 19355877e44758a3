"""The HTTP client for servers with OpenAI's API: it follows redirects, and makes errors safe to log."""

from __future__ import annotations

import json
from typing import Any

import httpx2

from agent.providers.dialect.client import DialectClient
from agent.providers.failure import told_by, without_key

KEPT_WARM = 120  # seconds a connection outlives its last request: longer than callers are silent
WITH_WORDS = ("messages", "input", "instructions")  # the parts of a request that contain what is said
OF_THE_BODY = ("content-type", "content-length", "content-encoding", "transfer-encoding")
LARGEST = 65_536  # bytes of an error that are read


class Client(DialectClient):
    """Asks a server with OpenAI's API.

    A redirect (307 or 308) is followed with the method and the body. The key goes only to the same host and port, or
    from http to https of that host.

    The body of an error is replaced by one sentence. Servers quote in it what they were sent, and so what callers say,
    and livekit-agents logs it.

    Args:
        patience: for how many seconds a request may be silent. The plugin sets its own limits on each request; for
            speech to text and text to speech they are 30 s, whatever it is given, which is too long a silence.
    """

    def __init__(self, patience: float, *, may_think_aloud: bool = True) -> None:
        async def shorten_the_timeout(request: httpx2.Request) -> None:
            limits = request.extensions["timeout"]
            limits["read"] = min(limits.get("read") or patience, patience)

        super().__init__(
            patience,
            may_think_aloud=may_think_aloud,
            limits=httpx2.Limits(keepalive_expiry=KEPT_WARM),
            event_hooks={"request": [shorten_the_timeout]},
            follow_redirects=True,
        )

    async def send(self, request: httpx2.Request, **how: Any) -> httpx2.Response:
        """Send a request, and shorten the answer if it is an error."""
        answer = await super().send(request, **how)
        return await _shortened(answer, _sent(request)) if answer.is_error else answer


async def _shortened(answer: httpx2.Response, sent: str) -> httpx2.Response:
    body = await read_start(answer)
    await answer.aclose()
    kept = {name: value for name, value in answer.headers.items() if name not in OF_THE_BODY}
    key = answer.request.headers.get("authorization", "").removeprefix("Bearer ")
    error = {"error": {"message": without_key(told_by(answer, body, sent), key)}}
    return httpx2.Response(answer.status_code, headers=kept, json=error, request=answer.request, history=answer.history)


async def read_start(answer: httpx2.Response, most: int = LARGEST) -> str:
    """Read the beginning of an answer as text, up to about `most` bytes."""
    body = b""
    async for piece in answer.aiter_bytes():
        body += piece
        if len(body) >= most:
            break
    return body.decode("utf-8", "replace")


def _sent(request: httpx2.Request) -> str:
    """Return the texts in a request's JSON: what was said, and what is to be spoken; empty for sound."""
    try:
        body = json.loads(request.content)
        return "\n".join(text for part in WITH_WORDS for text in _texts(body.get(part)))
    except (httpx2.RequestNotRead, ValueError, AttributeError, RecursionError):
        return ""


def _texts(value: Any) -> list[str]:
    match value:
        case str():
            return [value]
        case list():
            return [text for part in value for text in _texts(part)]
        case dict():
            return [text for part in value.values() for text in _texts(part)]
    return []
