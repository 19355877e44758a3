"""The body of a request, which may come in pieces: no more of it is read than its endpoint takes, and not for long."""

import asyncio

from aiohttp import web

WITHIN = 60.0  # seconds that a body may take


class BodyError(Exception):
    """The body is too large, or did not come; the text is a sentence, and `status` is that of the answer."""

    def __init__(self, sentence: str, status: int) -> None:
        super().__init__(sentence)
        self.status = status


async def read_body(request: web.Request, largest: int) -> bytes:
    """Return the whole body, of at most `largest` bytes.

    Raises:
        BodyError: it is larger, or did not come in time.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(WITHIN):
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > largest:
                    raise BodyError(f"The body has more than {largest} bytes.", 413)
    except TimeoutError:
        raise BodyError(f"The body did not come within {WITHIN:.0f} seconds.", 408) from None
    return bytes(body)
