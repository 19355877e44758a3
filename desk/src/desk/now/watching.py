"""One look at the server a second, for all who have the page open; none while nobody has."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from livekit import api

from desk.now.calls import Call, call_of
from desk.now.held_rooms import HeldRooms
from desk.problem import Problem
from desk.server import MediaServer

logger = logging.getLogger(__name__)

EVERY = 1.0  # seconds
ROOMS_AT_ONCE = 8
JOINS_WITHIN = 10.0  # seconds, of a browser that has been let into a call


@dataclass(frozen=True, slots=True)
class Seen:
    """What the last look has found; `problem` says why it found nothing."""

    calls: tuple[Call, ...] = ()
    problem: str = ""

    def told(self) -> dict[str, Any]:
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        return {"at": at, "calls": [call.told() for call in self.calls], "problem": self.problem}


class Watching:
    """Knows the calls in progress while somebody follows them."""

    def __init__(self, server: MediaServer, agent_name: str, prefix: str) -> None:
        self._server, self._agent_name, self._prefix = server, agent_name, prefix
        self._rooms = HeldRooms(server)
        self._seen: Seen | None = None
        self._changed = asyncio.Condition()
        self._followers = 0
        self._task: asyncio.Task[None] | None = None
        self._given: dict[str, tuple[str, float]] = {}  # calls to take over: to whose session, and until when

    async def follow(self) -> AsyncGenerator[Seen | None, None]:
        """Give what is known at once, and again when it has changed; None each second in which it has not."""
        self._begin()
        told: Seen | None = None
        try:
            while True:
                async with self._changed:
                    if self._seen is None or self._seen == told:
                        await self._changed.wait()
                    new = None if self._seen == told else self._seen
                    told = self._seen
                yield new
        finally:
            self._end()

    async def find(self, id_: str) -> Call:
        """Look for one call.

        Raises:
            Problem: 404, there is no such call of this host's in progress; 503, the server does not answer.
        """
        async with self._server.asked() as livekit:
            calls = await self._look(livekit)
        for call in calls:
            if call.id == id_:
                return call
        raise Problem(404, "This call has ended.")

    def give(self, call: Call, session: str) -> None:
        """Give a call to one operator to take over. Until their browser is in its room, nobody else sees them there.

        Raises:
            Problem: 409, another operator has been given it.
        """
        now = time.monotonic()
        self._given = {id_: given for id_, given in self._given.items() if given[1] > now}
        if self._given.get(call.id, (session, now))[0] != session:
            raise Problem(409, "Another operator is taking this call over at this moment.")
        self._given[call.id] = session, now + JOINS_WITHIN

    def _begin(self) -> None:
        self._followers += 1
        if self._task is None:
            self._seen = None
            self._rooms.forget()
            self._task = asyncio.create_task(self._watch())

    def _end(self) -> None:
        self._followers -= 1
        if not self._followers and self._task:
            self._task.cancel()
            self._task = None

    async def _watch(self) -> None:
        while True:
            try:
                async with self._server.asked() as livekit:
                    seen = Seen(await self._look(livekit))
                await self._tell(seen)
            except Problem as problem:
                self._rooms.doubt()
                await self._tell(Seen(problem=problem.sentence))
            except Exception as error:
                logger.error("Could not look at the calls in progress: %s", type(error).__name__)
                await self._tell(Seen(problem="The calls in progress could not be read. This is tried again."))
            await asyncio.sleep(EVERY)

    async def _tell(self, seen: Seen) -> None:
        async with self._changed:
            self._seen = seen
            self._changed.notify_all()

    async def _look(self, livekit: api.LiveKitAPI) -> tuple[Call, ...]:
        places = asyncio.Semaphore(ROOMS_AT_ONCE)

        async def call_in(room: api.Room) -> Call | None:
            async with places:
                return call_of(room, await people_in(livekit, room.name), self._agent_name)

        listed = await livekit.room.list_rooms(api.ListRoomsRequest())
        rooms = [room for room in listed.rooms if room.name.startswith(self._prefix)]
        found = await asyncio.gather(*map(call_in, await self._rooms.among(rooms)))
        return tuple(sorted((call for call in found if call), key=lambda call: (call.began, call.id)))


async def people_in(livekit: api.LiveKitAPI, room: str) -> list[api.ParticipantInfo]:
    """List who is in a room; nobody if it is gone."""
    try:
        listed = await livekit.room.list_participants(api.ListParticipantsRequest(room=room))
    except api.TwirpError as error:
        if error.code == "not_found":
            return []
        raise
    return list(listed.participants)
