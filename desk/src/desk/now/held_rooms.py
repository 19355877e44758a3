"""Which of the listed rooms the server still has.

A server that is killed, as by a power failure, leaves its rooms in Redis. The next one lists them for a day, with
everybody who was in them, and cannot end them (livekit-server 1.13.5). What tells them apart is a message to nobody: a
room that the server has takes it at once. Of another one, the server says after 3 s that nobody has answered.
"""

import asyncio
import math
import time
from collections.abc import Sequence

from livekit import api

from desk.problem import Problem
from desk.server import MediaServer

WAITS = 0.3  # seconds that a look at the rooms waits for answers
AGAIN_AFTER = 10.0  # seconds
NOBODY, TOPIC = "nobody", "landline.nothing"


class HeldRooms:
    """Asks about each room when it is first seen; one that the server has is not asked about again without a doubt."""

    def __init__(self, server: MediaServer) -> None:
        self._server = server
        self._held: set[str] = set()  # ids
        self._asked_again: dict[str, float] = {}  # by id, from when on; those that are not in it, at once
        self._asking: dict[str, asyncio.Task[None]] = {}

    async def among(self, rooms: Sequence[api.Room]) -> list[api.Room]:
        """Return the rooms of which the server has said that it has them."""
        for room in rooms:
            if room.sid not in self._asking and self._asked_again.get(room.sid, 0.0) <= time.monotonic():
                self._asking[room.sid] = asyncio.create_task(self._ask(room))
        if self._asking:
            await asyncio.wait(self._asking.values(), timeout=WAITS)
        ids = {room.sid for room in rooms}
        self._held &= ids
        self._asked_again = {id_: when for id_, when in self._asked_again.items() if id_ in ids}
        return [room for room in rooms if room.sid in self._held]

    def doubt(self) -> None:
        """Ask about each room again, because the server may be another one; until it answers, the old answer holds."""
        self._asked_again.clear()

    def forget(self) -> None:
        """Forget every answer, because nobody has followed the calls for a while, and the server may be another one."""
        self._held.clear()
        self._asked_again.clear()

    async def _ask(self, room: api.Room) -> None:
        message = api.SendDataRequest(room=room.name, destination_identities=[NOBODY], topic=TOPIC)
        try:
            async with self._server.asked() as livekit:
                if await _is_taken(livekit, message):
                    self._held.add(room.sid)
                    self._asked_again[room.sid] = math.inf
                else:
                    self._held.discard(room.sid)
                    self._asked_again[room.sid] = time.monotonic() + AGAIN_AFTER
        except Problem:
            pass  # the server does not answer at all: the next look asks again
        finally:
            del self._asking[room.sid]


async def _is_taken(livekit: api.LiveKitAPI, message: api.SendDataRequest) -> bool:
    try:
        await livekit.room.send_data(message)
    except api.TwirpError as error:
        if error.code != api.TwirpErrorCode.UNAVAILABLE:
            raise
        return False
    return True
