"""Callers whose agent is gone are hung up on, so that nobody is left in silence.

The agent does this for the processes of its own calls, within a second (`agent.worker.orphaned_calls`). The watcher
does it when the agent itself is gone, whether it comes back or not. There are two signs of that:

- The agent had the job of the call and does not have it any more (see `watch.agent`). This takes some seconds.
- A phone that was answered, or a caller's browser, is in a room without any agent. The server says so about 20 s after
  an agent was killed.

A caller who was transferred to a person, or whose call an operator has taken over, is spared while the two talk.
Whoever is left of the two is not.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from livekit.protocol.models import ParticipantInfo, Room

from bootstrap.mark import read_mark
from bootstrap.server import ERRORS

if TYPE_CHECKING:
    from bootstrap.server import Server
    from bootstrap.watch.agent import Agent

logger = logging.getLogger(__name__)

# Attributes that the agent gives to phones: its AGENT_NAME to one that it calls, and the other one to the phone of a
# person to whom a caller was transferred. tests/contract/test_watch.py compares them with the agent's.
LEG, JOINED = "landline.leg", "landline.joined"
# What the desk gives to a caller's browser and to an operator: how their identities begin, and an attribute of each.
BROWSER, CALLER, BY_BROWSER = "browser-", "landline.caller", "browser"
OPERATORS, OPERATOR, TALKS = "operator-", "landline.operator", "yes"
STATUS, ANSWERED = "sip.callStatus", "active"  # the gateway's attribute of a phone, and its value once it is answered
ALONE_FOR = 8.0  # seconds; an agent whom the server sends anew, as after its own restart, is there by then
ROOMS_AT_ONCE = 8

People = Sequence[ParticipantInfo]


class Callers:
    """Looks at the rooms of this host's calls."""

    def __init__(self, server: Server, agent: Agent, agent_name: str, prefix: str) -> None:
        self._server, self._agent = server, agent
        self._agent_name, self._prefix = agent_name, prefix
        self._places = asyncio.Semaphore(ROOMS_AT_ONCE)
        self._jobs: dict[str, frozenset[str]] = {}  # by the id of a room
        self._alone: dict[str, float] = {}  # by the id of a room: since when there was no agent in it

    async def look(self) -> None:
        """Hang up on all who are left without an agent. A room that cannot be looked at is looked at again later."""
        rooms = [room for room in await self._server.rooms() if room.name.startswith(self._prefix)]
        there = {room.sid for room in rooms}
        self._jobs = {sid: jobs for sid, jobs in self._jobs.items() if sid in there}
        self._alone = {sid: since for sid, since in self._alone.items() if sid in there}
        await asyncio.gather(*map(self._look_at, rooms))

    async def _look_at(self, room: Room) -> None:
        async with self._places:
            try:
                if await self._is_deserted(room) and await self._is_deserted(room, anew=True):
                    await self._hang_up(room)
            except ERRORS as error:
                logger.debug("a room could not be looked at: %s", type(error).__name__)

    async def _is_deserted(self, room: Room, *, anew: bool = False) -> bool:
        """Ask who is in the room, and say whether it is to be deleted. `anew`: also ask again for what is known."""
        people = await self._server.participants(room.name)
        is_ours = are_ours(people, self._agent_name) or await self._is_our_browsers(room, people)
        if not is_ours or talk_on(people):
            self._alone.pop(room.sid, None)
            return False
        if anew or not self._jobs.get(room.sid):
            self._jobs[room.sid] = await self._server.jobs(room.name, self._agent_name)
        return self._is_alone(room, people) or is_lost(self._jobs[room.sid], self._agent.has_lost)

    async def _is_our_browsers(self, room: Room, people: People) -> bool:
        """Return whether a caller by browser is there for whom the desk has asked for this host's agent."""
        return bool(browsers_of(people)) and await self._server.was_asked_for(room.name, self._agent_name)

    def _is_alone(self, room: Room, people: People) -> bool:
        if not waits_in_silence(people):
            self._alone.pop(room.sid, None)
            return False
        return time.monotonic() - self._alone.setdefault(room.sid, time.monotonic()) >= ALONE_FOR

    async def _hang_up(self, room: Room) -> None:
        if await self._server.delete_room(room.name):
            logger.info("A caller was left without an agent, so the watcher hung up.", extra={"room_id": room.sid})


def are_ours(people: People, agent_name: str) -> bool:
    """Return whether somebody is there who came in by a rule of this host, or whom this host's agent has called."""
    return any(_is_our_caller(phone, agent_name) or _is_our_leg(phone, agent_name) for phone in phones_of(people))


def talk_on(people: People) -> bool:
    """Return whether a caller is there, and the person to whom they were transferred, or an operator."""
    callers = [*phones_of(people), *browsers_of(people)]
    if any(map(_has_taken_over, people)):
        return bool(callers)
    return len(callers) > 1 and any(one.attributes.get(JOINED) for one in callers)


def waits_in_silence(people: People) -> bool:
    """Return whether a phone was answered or called, or a browser is there, and no agent is.

    A caller whose phone still rings does not wait in silence, and the gateway gives up on them by itself.
    """
    if any(one.kind == ParticipantInfo.AGENT for one in people):
        return False
    if browsers_of(people):
        return True
    return any(phone.attributes.get(STATUS) == ANSWERED or LEG in phone.attributes for phone in phones_of(people))


def is_lost(jobs: frozenset[str], has_lost: Callable[[str], bool]) -> bool:
    """Return whether this host's agent had every job of a room, and has none of them any more."""
    return bool(jobs) and all(map(has_lost, jobs))


def phones_of(people: People) -> list[ParticipantInfo]:
    return [one for one in people if one.kind == ParticipantInfo.SIP]


def browsers_of(people: People) -> list[ParticipantInfo]:
    return [
        one
        for one in people
        if one.kind == ParticipantInfo.STANDARD
        and one.identity.startswith(BROWSER)
        and one.attributes.get(CALLER) == BY_BROWSER
    ]


def _has_taken_over(one: ParticipantInfo) -> bool:
    is_operator = one.kind == ParticipantInfo.STANDARD and one.identity.startswith(OPERATORS)
    return is_operator and one.attributes.get(OPERATOR) == TALKS


def _is_our_caller(phone: ParticipantInfo, agent_name: str) -> bool:
    mark = read_mark(phone.metadata)  # LiveKit passes the rule's metadata on
    return mark is not None and mark.agent == agent_name


def _is_our_leg(phone: ParticipantInfo, agent_name: str) -> bool:
    return phone.attributes.get(LEG) == agent_name
