"""Placing calls of the agent's own: an order is checked and written down, then this agent is sent to a new room."""

import asyncio
import json
import logging
import secrets
import sqlite3
from dataclasses import dataclass, field
from datetime import UTC, datetime

from livekit import api

from agent.admission import owner_files
from agent.admission.description import LONGEST_NAME, one_line
from agent.admission.written_number import country_of
from agent.conversation.call_room import SERVER_ANSWERS_WITHIN, SERVER_ERRORS, code_of
from agent.lines.line import Line
from agent.outbound.orders import Order, Orders, RefusedError, new_order_id
from agent.outbound.rules import Refusal, refusal_of_moment, refusal_of_number
from agent.settings import Settings
from agent.worker.orphaned_calls import OUTBOUND

logger = logging.getLogger(__name__)

DISABLED = Refusal("disabled", "The line makes no calls: set enabled = true in [outbound] of its line.toml.")
UNUSABLE = Refusal("store", "The orders for calls cannot be written down: is the volume at /data full or read-only?")
NOT_SENT = Refusal("server", "The media server did not take the call. The agent's log says why.")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A call that somebody wants to be made."""

    number: str = field(repr=False)  # E.164
    purpose: str = field(repr=False)
    name: str = field(default="", repr=False)  # of the person who is asked for; "": as contacts.csv has it, if it does
    key: str = ""  # the idempotency key; "": this is a call of its own


class Placer:
    """Places calls on all lines, one after the other, so that no order is dispatched twice."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._one_at_a_time = asyncio.Lock()

    async def place(self, wanted: Wanted, line: Line) -> Order:
        """Check the order, write it down and send this agent to a new room, from which it calls the person.

        An order that was placed before with the same key is returned as it is now, and nobody is called twice.

        Raises:
            RefusedError: no call is made.
        """
        async with self._one_at_a_time:
            try:
                return await self._place(wanted, line, Orders(line.name, line.timezone))
            except (sqlite3.Error, OSError) as error:
                logger.error("Could not place a call: %s", error)
                raise RefusedError(UNUSABLE) from None

    async def _place(self, wanted: Wanted, line: Line, orders: Orders) -> Order:
        known = await asyncio.to_thread(orders.find, wanted.key) if wanted.key else None
        refusal = None if known else refusal_of(wanted.number, line, self._settings, datetime.now(UTC))
        if refusal:
            raise RefusedError(refusal)
        name = one_line(wanted.name, LONGEST_NAME) or await asyncio.to_thread(self._name_of, wanted.number, line)
        key = wanted.key or secrets.token_hex(8)
        new_id = new_order_id()
        order = await asyncio.to_thread(orders.place, wanted.number, name, wanted.purpose, key, line.outbound, new_id)
        # Another agent on the same volume may have placed it a moment ago.
        if order.id != new_id or await self._dispatch(order):
            return order
        if await asyncio.to_thread(orders.withdraw, order.id):
            raise RefusedError(NOT_SENT)
        return order  # the server has taken it nevertheless, and its answer was lost

    def _name_of(self, number: str, line: Line) -> str:
        folder, country = self._settings.lines_folder / line.name, country_of(line, self._settings)
        try:
            name, _ = owner_files.read_contacts(folder, country=country).get(number, ("", ""))
        except ValueError as error:
            logger.error("%s; nobody is known by name", error)
            return ""
        return one_line(name, LONGEST_NAME)

    async def _dispatch(self, order: Order) -> bool:
        """Send this agent to the order's room; the metadata names the order, and nothing about the person."""
        its, metadata = self._settings, json.dumps({"line": order.line, "order": order.id})
        key, secret = its.livekit_api_key.get_secret_value(), its.livekit_api_secret.get_secret_value()
        request = api.CreateAgentDispatchRequest(
            agent_name=its.agent_name, room=f"{its.room_prefix}{OUTBOUND}{order.id}", metadata=metadata
        )
        try:
            async with asyncio.timeout(SERVER_ANSWERS_WITHIN), api.LiveKitAPI(its.livekit_url, key, secret) as livekit:
                await livekit.agent_dispatch.create_dispatch(request)
        except SERVER_ERRORS as error:
            logger.error("Could not send the agent to a call: %s", code_of(error))
            return False
        return True


def refusal_of(number: str, line: Line, settings: Settings, now: datetime) -> Refusal | None:
    """Return why the line does not call this number at that moment, leaving aside what was ordered before; or None."""
    if not line.outbound.enabled:
        return DISABLED
    return refusal_of_number(number, line.outbound, country_of(line, settings)) or refusal_of_moment(
        number, line.outbound, now
    )
