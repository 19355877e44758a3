"""When a call's process has died, its caller is hung up on: no line stays open in silence.

A process that ends as it should deletes its room itself (`behaviors.hang_up_together`); one that was killed, as by a
host that has no memory left, cannot, and the media server would let the caller wait alone. Rooms of an agent that was
killed as a whole, whose processes nobody has seen, are swept.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable
from typing import Protocol, TypeVar

import aiohttp
from livekit import api
from livekit.agents import AgentServer

from agent.conversation.call_room import SERVER_ANSWERS_WITHIN
from agent.settings import Settings

logger = logging.getLogger(__name__)

T = TypeVar("T")

LOOKED_EVERY = 0.2  # seconds; less than from a call's arrival to its answer, so that each has been seen with a process
SWEPT_EVERY = 5.0  # seconds; this asks the server
ANSWERED_WITHIN = 30.0  # seconds; an agent, ours or another of the same server, is in a call's room long before


class Rooms(Protocol):
    """What is used of `api.RoomService`."""

    async def delete_room(self, delete: api.DeleteRoomRequest) -> object: ...

    async def list_rooms(self, list: api.ListRoomsRequest) -> api.ListRoomsResponse: ...  # noqa: A002

    async def list_participants(self, list: api.ListParticipantsRequest) -> api.ListParticipantsResponse: ...  # noqa: A002


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
    watch = _Watch(server, rooms)
    while True:
        await asyncio.sleep(LOOKED_EVERY)
        try:
            await watch.look()
        except Exception:  # whatever it is, the next crash is still looked for
            logger.exception("it could not be looked for calls whose process is gone")


class _Watch:
    def __init__(self, server: AgentServer, rooms: Rooms) -> None:
        self._server, self._rooms = server, rooms
        self._alive: set[str] = set()  # rooms that had a process when looked for last
        self._left: set[str] = set()  # those that have none any more, and are still to be deleted
        self._swept = -SWEPT_EVERY  # of the monotonic clock

    async def look(self) -> None:
        alive = {job.job.room.name for job in self._server.active_jobs}
        gone = self._alive - alive
        self._alive = alive
        if time.monotonic() >= self._swept + SWEPT_EVERY:
            gone |= await self._silent() - alive
            self._swept = time.monotonic()
        told, self._left = self._left, (self._left | gone) - alive
        for room in list(self._left):
            if await self._hang_up(room, again=room in told):
                self._left.discard(room)

    async def _silent(self) -> set[str]:
        """Rooms in which a phone is and no agent, though one has had the time to come."""
        try:
            async with asyncio.timeout(SERVER_ANSWERS_WITHIN):
                listed = await self._rooms.list_rooms(api.ListRoomsRequest())
                old = [room.name for room in listed.rooms if time.time() - room.creation_time > ANSWERED_WITHIN]
                return {room for room in old if await self._is_silent(room)}
        except (api.TwirpError, aiohttp.ClientError, OSError) as error:  # it may be starting, or a room just be gone
            logger.debug("it could not be looked for silent rooms: %s", type(error).__name__)
            return set()

    async def _is_silent(self, room: str) -> bool:
        there = await self._rooms.list_participants(api.ListParticipantsRequest(room=room))
        kinds = {participant.kind for participant in there.participants}
        return api.ParticipantInfo.Kind.SIP in kinds and api.ParticipantInfo.Kind.AGENT not in kinds

    async def _hang_up(self, room: str, *, again: bool) -> bool:
        """Whether the room is gone; an error is told once."""
        try:
            async with asyncio.timeout(SERVER_ANSWERS_WITHIN):
                await self._rooms.delete_room(api.DeleteRoomRequest(room=room))
        except (api.TwirpError, aiohttp.ClientError, OSError) as error:
            code = error.code if isinstance(error, api.TwirpError) else type(error).__name__
            if code == api.TwirpErrorCode.NOT_FOUND:  # as it is after every call that ended well
                return True
            if not again:
                logger.error("a call whose process is gone could not be ended yet: %s", code)
            return False
        logger.error("a call's process was gone before its room: the caller was hung up on")
        return True
