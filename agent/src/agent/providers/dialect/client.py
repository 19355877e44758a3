"""The HTTP client for a server with OpenAI's API: it translates, and leaves a server alone that has asked for it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx2

from agent.providers.dialect import chat, transcripts, voice
from agent.providers.dialect.exchange import failure
from agent.providers.dialect.habits import Habits
from agent.providers.rate_limit import limits, seconds_named

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from agent.providers.dialect.exchange import Ask

    Translation = Callable[[httpx2.Request, Ask, Habits], Awaitable[httpx2.Response]]

TRANSLATIONS: dict[str, Translation] = {
    "/chat/completions": chat.complete,
    "/audio/speech": voice.speak,
    "/audio/transcriptions": transcripts.transcribe,
}
TOO_MANY, UNAVAILABLE = 429, 503


class DialectClient(httpx2.AsyncClient):
    """An `httpx2.AsyncClient` whose server seems to be OpenAI's.

    While an endpoint's limit is in force, a request to it waits. If the limit outlasts `patience` (seconds), the
    request fails at once, and the server does not get it.
    """

    def __init__(self, patience: float, *, may_think_aloud: bool = True, **options: Any) -> None:
        """`may_think_aloud` is False for a server none of whose models sends its reasoning (see `reasoning`)."""
        super().__init__(**options)
        self._patience = patience
        self._habits = Habits(may_think_aloud=may_think_aloud)

    async def send(self, request: httpx2.Request, *, stream: bool = False, **options: Any) -> httpx2.Response:
        """Send a request, as `httpx2.AsyncClient.send` does, and translate the response."""

        async def ask(asked: httpx2.Request) -> httpx2.Response:
            return await self._ask(asked, options)

        translation = next((it for path, it in TRANSLATIONS.items() if request.url.path.endswith(path)), None)
        response = await (translation(request, ask, self._habits) if translation else ask(request))
        if not stream:
            await response.aread()
        return response

    async def _ask(self, request: httpx2.Request, options: dict[str, Any]) -> httpx2.Response:
        address = str(request.url.copy_with(query=None))
        left = limits.seconds_left(address)
        if left > self._patience:
            message = f"the server has asked not to be asked for another {left:.0f} s"
            return failure(request, TOO_MANY, message, **{"retry-after": f"{left:.0f}"})
        await asyncio.sleep(left)
        response = await super().send(request, stream=True, **options)
        if response.status_code in (TOO_MANY, UNAVAILABLE):
            limits.note(address, seconds_named(response.headers))
        return response
