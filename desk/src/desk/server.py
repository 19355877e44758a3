"""The media server's API: the tokens with which browsers join rooms, and the rooms themselves."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta

import aiohttp
from livekit import api

from desk.problem import Problem
from desk.settings import Settings

ANSWERS_WITHIN = 5.0  # seconds
ERRORS = (api.TwirpError, aiohttp.ClientError, OSError)  # a TimeoutError is an OSError


class MediaServer:
    """Signs tokens, and asks the server."""

    def __init__(self, settings: Settings) -> None:
        self._url = settings.livekit_url
        self._key = settings.livekit_api_key.get_secret_value()
        self._secret = settings.livekit_api_secret.get_secret_value()

    def token(self, identity: str, lasts: timedelta) -> api.AccessToken:
        """Begin a token, to which the caller of this adds grants."""
        return api.AccessToken(self._key, self._secret).with_identity(identity).with_ttl(lasts)

    @contextlib.asynccontextmanager
    async def asked(self) -> AsyncIterator[api.LiveKitAPI]:
        """Give the API inside the block, which has ANSWERS_WITHIN to end.

        Raises:
            Problem: 503, the server did not answer in time, or refused.
        """
        try:
            # The timeout that LiveKitAPI itself takes does not hold: it asks aiohttp for None with each request.
            async with (
                asyncio.timeout(ANSWERS_WITHIN),
                api.LiveKitAPI(self._url, self._key, self._secret, failover=False) as server,
            ):
                yield server
        except ERRORS:
            raise Problem(503, "The media server does not answer. See Health, or make logs on the host.") from None
