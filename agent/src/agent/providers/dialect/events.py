"""The events of a streamed answer: one JSON object in each row that begins with `data:`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

DONE = b"data: [DONE]\n\n"


async def read_events(body: AsyncIterator[bytes]) -> AsyncIterator[dict[str, Any] | None]:
    """Read the objects; comments (`: ping`) and whatever else is no object are left out.

    None stands for [DONE]. What follows it is read to the end, so that the connection can be used again, and dropped.
    """
    named_error = done = False
    async for row in _rows(body):
        if done:
            continue
        field, _, value = row.partition(b":")
        if field == b"event":
            named_error = value.strip() == b"error"
        elif field == b"data":
            if value.strip() == b"[DONE]":
                done = True
                yield None
                continue
            try:
                event = json.loads(value)
            except (ValueError, RecursionError):
                continue
            if isinstance(event, dict):
                yield {"error": event} if named_error and "error" not in event else event
            named_error = False


def write_event(event: dict[str, Any]) -> bytes:
    """Return an event as it is sent."""
    return f"data: {json.dumps(event)}\n\n".encode()


async def _rows(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    rest = b""
    async for piece in body:
        *rows, rest = (rest + piece).split(b"\n")
        for row in rows:
            yield row.strip()
    yield rest.strip()
