"""The certificate authorities that requests during a call trust.

Reading them takes so long that the event loop would leave a gap in the sound, so it is done once, in a thread.
"""

import asyncio
import ssl
from functools import cache

import httpx2


async def authorities() -> ssl.SSLContext:
    """Return the authorities that this process trusts, for `verify` of an httpx2 client."""
    return await asyncio.to_thread(_read)


@cache
def _read() -> ssl.SSLContext:
    return httpx2.create_ssl_context()
