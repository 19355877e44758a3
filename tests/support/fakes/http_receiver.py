"""A server that somebody calls back: webhooks, and look-ups of who is calling. It may be down, and come back.

In a test: `async with Receiver() as receiver: … receiver.url … receiver.received`.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from aiohttp import web

from tests.support.fakes.rules import Met

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Reply:
    """What is answered to the requests that have `match` (see `rules.Rule`) in "METHOD /path?query body"."""

    match: str = ""
    only: tuple[int, ...] = ()
    status: int = 200
    body: str = "{}"
    content_type: str = "application/json"
    delay: float = 0.0  # seconds

    @classmethod
    def of(cls, values: dict[str, Any]) -> Self:
        """From JSON."""
        return cls(**{**values, "only": tuple(values.get("only", ()))})


@dataclass(frozen=True)
class Received:
    """One request; header names are in lower case."""

    at: float  # seconds of the epoch
    method: str
    path: str  # with its query, as it was sent
    headers: dict[str, str]
    body: str


class Receiver:
    """Answers 200 and an empty object to everything, unless a reply says otherwise; the first one that holds counts."""

    def __init__(self, replies: Sequence[Reply] = (), host: str = "127.0.0.1", port: int = 0) -> None:
        self.replies: tuple[Reply, ...] = tuple(replies)
        self.received: list[Received] = []
        self._met = Met()
        self._host, self._port = host, port
        self._runner: web.AppRunner | None = None

    @property
    def is_up(self) -> bool:
        return self._runner is not None

    @property
    def url(self) -> str:
        """The same after it was down."""
        return f"http://{self._host}:{self._port}"

    def answer(self, *replies: Reply) -> None:
        """From now on; which requests a reply holds for is counted anew."""
        self.replies = replies
        self._met.forget()

    async def come_up(self) -> None:
        if self._runner:
            return
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._receive)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port, reuse_address=True).start()
        self._port = self._runner.addresses[0][1]

    async def go_down(self) -> None:
        """Whoever connects is refused."""
        if self._runner:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> Self:
        await self.come_up()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.go_down()

    async def _receive(self, request: web.Request) -> web.Response:
        body = await request.text()
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.received.append(Received(time.time(), request.method, request.path_qs, headers, body))
        reply = self._met.first(self.replies, f"{request.method} {request.path_qs} {body}") or Reply()
        await asyncio.sleep(reply.delay)
        return web.Response(status=reply.status, text=reply.body, content_type=reply.content_type)
