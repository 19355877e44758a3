"""When a call's process has died, its caller is hung up on: no line stays open in silence.

A process that ends as it should deletes its room itself (`behaviors.hang_up_together`); one that was killed, as by a
host that has no memory left, cannot, and the media server would let the caller wait alone.
"""

import asyncio
import logging
from collections.abc import Awaitable
from typing import Protocol, TypeVar

import aiohttp
from livekit import api
from livekit.agents import AgentServer

from agent.settings import Settings

logger = logging.getLogger(__name__)

T = TypeVar("T")

LOOKED_EVERY = 1.0  # seconds


class Rooms(Protocol):
    """What is used of `api.RoomService`."""

    async def delete_room(self, delete: api.DeleteRoomRequest) -> object: ...


async def hang_up_after_crashes_while(work: Awaitable[T], server: AgentServer, settings: Settings) -> T:
    """The result of `work`; until it is there, the rooms of processes that are gone are deleted."""
    secret = settings.livekit_api_secret.get_secret_value()
    async with api.LiveKitAPI(settings.livekit_url, settings.livekit_api_key, secret) as livekit:
        looking = asyncio.create_task(_look(server, livekit.room))
        try:
            return await work
        finally:
            looking.cancel()


async def _look(server: AgentServer, rooms: Rooms) -> None:
    before: set[str] = set()
    while True:
        await asyncio.sleep(LOOKED_EVERY)
        now = {job.job.room.name for job in server.active_jobs}
        for room in before - now:
            await _hang_up(room, rooms)
        before = now


async def _hang_up(room: str, rooms: Rooms) -> None:
    try:
        await rooms.delete_room(api.DeleteRoomRequest(room=room))
    except api.TwirpError as error:
        if error.code != api.TwirpErrorCode.NOT_FOUND:  # as it is after every call that ended well
            logger.error("a call whose process is gone could not be ended: %s", error.code)
    except (aiohttp.ClientError, OSError) as error:
        logger.error("a call whose process is gone could not be ended: %s", type(error).__name__)
    else:
        logger.error("a call's process was gone before its room: the caller was hung up on")
