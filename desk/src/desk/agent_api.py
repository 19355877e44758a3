"""Asking the agent for what it alone can do: check a line, move an appointment, place a call."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import aiohttp
from livekit import api

from desk.problem import Problem
from desk.settings import Settings

ANSWERS_WITHIN = 60.0  # seconds: a change of an appointment waits for calls that book just now, and for a CalDAV server


class AgentApi:
    """Requests carry a token signed with the secret that the services share; it names the desk, and lasts a minute."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def get(self, path: str, **query: str) -> Any:
        """Ask for something; raises as `post` does."""
        return await self._ask("GET", path, params=query)

    async def post(self, path: str, body: object, headers: Mapping[str, str] | None = None) -> Any:
        """Send JSON, and return the answer's.

        Raises:
            Problem: with the agent's own status and sentence; 503 if it cannot be reached.
        """
        return await self._ask("POST", path, json=body, headers=headers)

    async def _ask(self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **given: Any) -> Any:
        sent = {**(headers or {}), "Authorization": f"Bearer {self._token()}"}
        timeout = aiohttp.ClientTimeout(total=ANSWERS_WITHIN)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as client,
                client.request(method, f"{self._settings.agent_url}{path}", headers=sent, **given) as answer,
            ):
                body = await answer.json(content_type=None) if answer.status != 204 else None
                status = answer.status
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError):
            raise Problem(503, "The agent does not answer, so this cannot be done now. Is it up? See Health.") from None
        if status >= 400:
            sentence = body.get("error") if isinstance(body, dict) else None
            raise Problem(status, str(sentence or f"The agent answered with status {status}."))
        return body

    def _token(self) -> str:
        its = self._settings
        token = api.AccessToken(its.livekit_api_key.get_secret_value(), its.livekit_api_secret.get_secret_value())
        return token.with_identity("desk").with_ttl(timedelta(minutes=1)).to_jwt()
