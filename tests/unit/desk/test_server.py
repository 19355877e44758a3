"""Asking the media server, which may be there and say nothing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from livekit import api

from desk import server
from desk.problem import Problem
from desk.server import MediaServer

if TYPE_CHECKING:
    from desk.settings import Settings


@pytest.mark.real_time
async def test_a_server_that_says_nothing_is_not_waited_for(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "ANSWERS_WITHIN", 0.1)
    listening = await asyncio.start_server(lambda reader, _: reader.read(), "127.0.0.1", 0)
    url = f"ws://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    async with listening, asyncio.timeout(20):
        with pytest.raises(Problem, match="does not answer"):
            async with MediaServer(settings.model_copy(update={"livekit_url": url})).asked() as livekit:
                await livekit.room.list_rooms(api.ListRoomsRequest())
