"""Hanging up on orphaned calls: those whose process has died, so that no caller is left in silence.

A process that ends normally deletes its room itself (`conversation.hang_up_together`). One that was killed, for example
because the host had no memory left, cannot, and the media server would leave the caller alone in the room. If the whole
agent was killed, the next one has never seen its processes, and finds their rooms by asking the server.

The server may have rooms of other applications. A room is ours if its name begins with our prefix, the server was asked
to dispatch our agent to it, and a phone call came into it by a dispatch rule, or by us, as the room's name says, or a
caller by browser, as the desk's attribute says. It is ours as well if somebody is in it whom this agent has called: a
phone whose process died, or whose caller left, at the moment at which it was called can come into a room that has been
deleted, which the server then makes anew.

A caller who has been transferred to a person is not alone: the two talk on without a process. When one of them leaves,
nobody else would hang up on the other one, so this module watches them. The same holds for a caller and an operator who
has taken the call over.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Sequence
from typing import Protocol, TypeVar

from livekit import api
from livekit.agents import AgentServer

from agent.background import repeat
from agent.conversation.apart import JOINED
from agent.conversation.call_room import SERVER_ANSWERS_WITHIN, SERVER_ERRORS, code_of
from agent.conversation.leg import LEG
from agent.conversation.participants import came_by_browser, has_taken_over
from agent.settings import Settings

logger = logging.getLogger(__name__)

T = TypeVar("T")

LOOKED_EVERY = 0.2  # seconds; a call takes longer to be answered, so each is seen while it has its process
SWEPT_EVERY = 5.0  # seconds; a sweep asks the server
TALKS_WATCHED_EVERY = 1.0  # seconds; a leg is to end within 2 s of the other one
ANSWERED_WITHIN = 30.0  # seconds; an agent, ours or another of the same server, is in a call's room long before
REQUESTS_AT_ONCE = 8
CAME_BY_A_RULE = "sip.ruleID"  # the attribute that the gateway gives to a phone call that came in by a dispatch rule
OUTBOUND = "out-"  # follows the prefix in the name of a room from which the agent calls somebody
COMPLAINT = "Could not check for orphaned calls"


class Rooms(Protocol):
    """The methods of `api.RoomService` that this module uses."""

    async def delete_room(self, delete: api.DeleteRoomRequest) -> object: ...

    async def list_rooms(self, list: api.ListRoomsRequest) -> api.ListRoomsResponse: ...  # noqa: A002

    async def list_participants(self, list: api.ListParticipantsRequest) -> api.ListParticipantsResponse: ...  # noqa: A002


class Dispatches(Protocol):
    """The methods of `api.AgentDispatchService` that this module uses."""

    async def list_dispatch(self, room_name: str) -> Sequence[api.AgentDispatch]: ...


async def hang_up_after_crashes_while(work: Awaitable[T], server: AgentServer, settings: Settings) -> T:
    """Return the result of `work`; until then, delete the rooms of processes that are gone."""
    key, secret = settings.livekit_api_key.get_secret_value(), settings.livekit_api_secret.get_secret_value()
    async with api.LiveKitAPI(settings.livekit_url, key, secret) as livekit:
        watch = _Watch(server, livekit.room, livekit.agent_dispatch, settings.room_prefix, settings.agent_name)
        tasks = [
            asyncio.create_task(repeat(watch.sweep, SWEPT_EVERY, COMPLAINT)),
            asyncio.create_task(repeat(watch.look, LOOKED_EVERY, COMPLAINT, begin_at_once=False)),
            asyncio.create_task(repeat(watch.watch_talks, TALKS_WATCHED_EVERY, COMPLAINT, begin_at_once=False)),
        ]
        try:
            return await work
        finally:
            for task in tasks:
                task.cancel()


class _Watch:
    """Compares the calls that have a process with the rooms that exist."""

    def __init__(self, server: AgentServer, rooms: Rooms, dispatches: Dispatches, prefix: str, agent_name: str) -> None:
        self._server, self._rooms, self._dispatches = server, rooms, dispatches
        self._prefix, self._agent_name = prefix, agent_name
        self._places = asyncio.Semaphore(REQUESTS_AT_ONCE)
        self._alive: set[str] = set()  # rooms that had a process at the last look
        self._found: set[str] = set()  # rooms in which the last sweep found a caller alone
        self._left: set[str] = set()  # rooms that have no process any more, and are still to be deleted
        self._talks: set[str] = set()  # rooms without a process in which a caller and a person talk on
        self._complained = False

    async def look(self) -> None:
        """Hang up on the callers whose process is gone, or with whom no agent was found."""
        alive = {job.job.room.name for job in self._server.active_jobs}
        gone = (self._alive - alive) | self._found
        self._alive, self._found = alive, set()
        tried, self._left = self._left, (self._left | gone) - alive
        left = sorted(self._left)
        ended = await asyncio.gather(*(self._hang_up_on_one(room, again=room in tried) for room in left))
        self._left -= {room for room, is_over in zip(left, ended, strict=True) if is_over}

    async def watch_talks(self) -> None:
        """Have a room deleted at the next look when only one is left of the two who talked on in it."""
        rooms = sorted(self._talks)
        answers = await asyncio.gather(*map(self._who_is_in, rooms), return_exceptions=True)
        for room, there in zip(rooms, answers, strict=True):
            if not isinstance(there, BaseException) and not _talk_on(there):
                self._talks.discard(room)
                self._left.add(room)

    async def sweep(self) -> None:
        """Find our rooms with a caller and no agent in them, although an agent has had the time to come."""
        try:
            async with self._request():
                listed = await self._rooms.list_rooms(api.ListRoomsRequest())
        except SERVER_ERRORS as error:
            self._complain([error])
            return
        before = time.time() - ANSWERED_WITHIN
        old = [room.name for room in listed.rooms if room.name.startswith(self._prefix) and room.creation_time < before]
        answers = await asyncio.gather(*map(self._is_orphaned, old), return_exceptions=True)
        self._found = {room for room, answer in zip(old, answers, strict=True) if answer is True}
        self._complain([answer for answer in answers if isinstance(answer, BaseException)])

    async def _is_orphaned(self, room: str) -> bool:
        there = await self._who_is_in(room)
        if not _is_alone(there, called_by_us=room.startswith(f"{self._prefix}{OUTBOUND}")):
            return False
        try:
            async with self._request():
                dispatches = await self._dispatches.list_dispatch(room)
        except api.TwirpError as error:
            if error.code == api.TwirpErrorCode.NOT_FOUND:  # it has just gone
                return False
            raise
        called = any(person.attributes.get(LEG) == self._agent_name for person in there)
        if not called and not any(dispatch.agent_name == self._agent_name for dispatch in dispatches):
            return False
        if _talk_on(there):
            self._talks.add(room)
            return False
        return True

    async def _who_is_in(self, room: str) -> Sequence[api.ParticipantInfo]:
        """Return who is in a room; nobody is in one that has just gone."""
        try:
            async with self._request():
                return (await self._rooms.list_participants(api.ListParticipantsRequest(room=room))).participants
        except api.TwirpError as error:
            if error.code == api.TwirpErrorCode.NOT_FOUND:
                return ()
            raise

    async def _hang_up_on_one(self, room: str, *, again: bool) -> bool:
        """Delete a room unless two people talk on in it; return whether there is nothing left to do now."""
        try:
            there = await self._who_is_in(room)
        except SERVER_ERRORS as error:
            if not again:
                logger.error("Could not end an orphaned call yet: %s", code_of(error))
            return False
        if _talk_on(there):
            logger.error("A call's process died while the caller was talking with a person: the two talk on")
            self._talks.add(room)
            return True
        return await self._hang_up(room, again=again)

    async def _hang_up(self, room: str, *, again: bool) -> bool:
        """Delete a room and return whether it is gone; an error is logged once."""
        try:
            async with self._request():
                await self._rooms.delete_room(api.DeleteRoomRequest(room=room))
        except SERVER_ERRORS as error:
            if code_of(error) == api.TwirpErrorCode.NOT_FOUND:  # as it is after every call that ended well
                return True
            if not again:
                logger.error("Could not end an orphaned call yet: %s", code_of(error))
            return False
        logger.error("A call's process died before the call ended: the caller was hung up on")
        return True

    @contextlib.asynccontextmanager
    async def _request(self) -> AsyncIterator[None]:
        """Bound how many requests are under way and how long each may take, so that a slow room delays no other."""
        async with self._places, asyncio.timeout(SERVER_ANSWERS_WITHIN):
            yield

    def _complain(self, errors: Sequence[BaseException]) -> None:
        """Log the first of the errors, and no error of later sweeps until one has succeeded."""
        if errors and not self._complained:
            logger.warning("%s: %s; this will be tried again every %g s", COMPLAINT, code_of(errors[0]), SWEPT_EVERY)
        self._complained = bool(errors)


def _is_alone(participants: Sequence[api.ParticipantInfo], *, called_by_us: bool) -> bool:
    """Return whether the room has a call that came by a rule, by us or by browser, and no agent."""
    ours = any(
        came_by_browser(person)
        if person.kind == api.ParticipantInfo.Kind.STANDARD
        else person.kind == api.ParticipantInfo.Kind.SIP
        and (called_by_us or person.attributes.get(CAME_BY_A_RULE) or person.attributes.get(LEG))
        for person in participants
    )
    return ours and all(person.kind != api.ParticipantInfo.Kind.AGENT for person in participants)


def _talk_on(participants: Sequence[api.ParticipantInfo]) -> bool:
    """Return whether a caller is there, and the person whom they were transferred to, or an operator."""
    standard = [person for person in participants if person.kind == api.ParticipantInfo.Kind.STANDARD]
    people = [person for person in participants if person.kind == api.ParticipantInfo.Kind.SIP]
    people += filter(came_by_browser, standard)
    if any(map(has_taken_over, standard)):
        return bool(people)
    return len(people) > 1 and any(person.attributes.get(JOINED) for person in people)
