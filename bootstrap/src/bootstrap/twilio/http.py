"""How Twilio's client sends its requests: with a time limit, through the environment's proxy, and certificates checked.

The package's own asynchronous HTTP client sets no time limit, knows no proxy, logs every request with the numbers in
it, and drops the headers of a refusal, where Twilio says how long to wait.
"""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

import aiohttp
from twilio.http import AsyncHttpClient
from twilio.http.response import Response

logger = logging.getLogger(__name__)


class RefusedError(Exception):
    """Twilio's answer was an error: its status, Twilio's own code and words, and the seconds that it asks to wait."""

    def __init__(self, status: int, path: str, code: int, message: str, retry_after: float = 0) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.path = path
        self.code = code
        self.message = message
        self.retry_after = retry_after


class HttpClient(AsyncHttpClient):  # type: ignore[misc]  # the package has no types
    """Sends requests to Twilio, or to `base` in its place: a scheme, a host and a port."""

    def __init__(self, session: aiohttp.ClientSession, base: str | None, seconds: float) -> None:
        super().__init__(logger, True, seconds)
        self.session = session
        self.base = base
        self.seconds = seconds

    @classmethod
    @asynccontextmanager
    async def open(cls, base: str | None, seconds: float) -> AsyncIterator["HttpClient"]:
        async with aiohttp.ClientSession(trust_env=True) as session:
            yield cls(session, base, seconds)

    async def request(
        self,
        method: str,
        url: str,
        params: dict[str, object] | None = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - the package's signature
        allow_redirects: bool = False,
    ) -> Response:
        """Send one request; RefusedError if Twilio's answer is an error, TimeoutError if there is none in time."""
        async with (
            asyncio.timeout(timeout or self.seconds),
            self.session.request(
                method,
                self.address(url),
                params=urlencode(params, doseq=True) if params else None,
                data=urlencode(data, doseq=True) if data is not None else None,
                headers={**(headers or {}), **({"Authorization": aiohttp.encode_basic_auth(*auth)} if auth else {})},
                allow_redirects=allow_redirects,
            ) as answer,
        ):
            text = await answer.text(errors="replace")  # a proxy in between may write any encoding
            if answer.status >= 300:
                raise refusal(answer.status, urlsplit(url).path, text, answer.headers.get("Retry-After", ""))
            return Response(answer.status, text, answer.headers)

    def address(self, url: str) -> str:
        if not self.base:
            return url
        parts = urlsplit(url)
        return f"{self.base}{parts.path}{f'?{parts.query}' if parts.query else ''}"


def refusal(status: int, path: str, text: str, retry_after: str) -> RefusedError:
    """Read an error, in the form that Twilio has had for long or in that of RFC 9457."""
    try:
        body: Any = json.loads(text)
    except ValueError:
        body = None
    told: dict[str, Any] = body if isinstance(body, dict) else {}
    message = told.get("message") or told.get("detail") or told.get("title") or "no explanation"
    code = told.get("code")
    return RefusedError(status, path, code if isinstance(code, int) else status, str(message), seconds_of(retry_after))


def seconds_of(retry_after: str) -> float:
    """Read a Retry-After header, which has seconds or a date; 0 if it has neither."""
    try:
        return max(0.0, float(retry_after))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time.time())
    except ValueError:
        return 0.0
