"""Which number reaches which agent: trunks and rules as the article has a person make them."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from livekit import api
from livekit.protocol.room import RoomConfiguration
from livekit.protocol.sip import (
    CreateSIPDispatchRuleRequest,
    CreateSIPInboundTrunkRequest,
    SIPDispatchRule,
    SIPDispatchRuleDirect,
    SIPDispatchRuleIndividual,
    SIPInboundTrunkInfo,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.stack.line import Line


DAY = 86400  # seconds


def to_agent(line: Line, number: str, agent_name: str) -> None:
    """Each call has a room of its own, to which the worker of that name is called."""
    rule = SIPDispatchRule(dispatch_rule_individual=SIPDispatchRuleIndividual(room_prefix=f"{agent_name}-"))
    rooms = RoomConfiguration(agents=[api.RoomAgentDispatch(agent_name=agent_name)])
    asyncio.run(_route(line, number, agent_name, rule, rooms))


def to_room(line: Line, number: str, room: str) -> None:
    """Every call comes into the one room, which stays although there is nobody in it but an agent."""
    asyncio.run(_open(line, room))
    rule = SIPDispatchRule(dispatch_rule_direct=SIPDispatchRuleDirect(room_name=room))
    asyncio.run(_route(line, number, room, rule, None))


def speakers(line: Line, room: str) -> list[str]:
    """The names of those in the room who can be heard."""
    return asyncio.run(_speakers(line, room))


async def _open(line: Line, room: str) -> None:
    async with _server(line) as server:
        await server.room.create_room(api.CreateRoomRequest(name=room, empty_timeout=DAY, departure_timeout=DAY))


async def _speakers(line: Line, room: str) -> list[str]:
    async with _server(line) as server:
        asked = api.ListParticipantsRequest(room=room)
        return [who.identity for who in (await server.room.list_participants(asked)).participants if who.tracks]


async def _route(line: Line, number: str, name: str, rule: SIPDispatchRule, rooms: RoomConfiguration | None) -> None:
    async with _server(line) as server:
        phone = f"{line.subnet}.10/32"
        trunk = SIPInboundTrunkInfo(name=name, numbers=[number], allowed_addresses=[phone])
        made = await server.sip.create_inbound_trunk(CreateSIPInboundTrunkRequest(trunk=trunk))
        await server.sip.create_dispatch_rule(
            CreateSIPDispatchRuleRequest(name=name, rule=rule, trunk_ids=[made.sip_trunk_id], room_config=rooms)
        )


@asynccontextmanager
async def _server(line: Line) -> AsyncIterator[api.LiveKitAPI]:
    async with api.LiveKitAPI(
        f"http://127.0.0.1:{line.value('API_PORT')}",
        line.value("LIVEKIT_API_KEY"),
        line.value("LIVEKIT_API_SECRET"),
    ) as server:
        yield server
