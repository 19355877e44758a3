"""Speech to text: a transcript that is missing or null means that nothing was heard."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import httpx2

from agent.providers.dialect.exchange import describe, unusable

if TYPE_CHECKING:
    from agent.providers.dialect.exchange import Ask
    from agent.providers.dialect.habits import Habits


async def transcribe(request: httpx2.Request, ask: Ask, _: Habits) -> httpx2.Response:
    """Ask for a transcript; whatever else a server sends with status 200 becomes a failure."""
    response = await ask(request)
    if response.status_code != httpx2.codes.OK:
        return response
    content = await response.aread()
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict) or (not body.get("text") and (body.get("error") or body.get("detail"))):
        return await unusable(response, "a transcript", describe(content, response.headers.get("content-type", "")))
    if not isinstance(body.get("text"), str):
        body["text"] = ""
    headers = {name: value for name, value in response.headers.items() if name == "x-request-id"}
    return httpx2.Response(httpx2.codes.OK, headers=headers, json=body, request=request)
