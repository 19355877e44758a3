"""Somebody does not want to be called again: their number goes on the line's do-not-call list, for good."""

import asyncio
import logging
import sqlite3

from agent.conversation.call import Call
from agent.outbound.orders import Orders
from agent.outbound.rules import E164

logger = logging.getLogger(__name__)

ASKED_NOT_TO_BE_CALLED = "the person asked not to be called again"  # the reason for which such a call ends


async def do_not_call_again(call: Call, how: str) -> bool:
    """Put the number of whoever is on the phone on the list; return whether it is there now.

    `how` says what has decided it: caller (their own words) or model. A caller who hides their number has none to put
    on the list.
    """
    number = call.order.number if call.order else call.caller.number
    if not E164.fullmatch(number):
        logger.warning("Somebody asked not to be called again, but their number is not known")
        return False
    try:
        await asyncio.to_thread(Orders(call.line.name, call.line.timezone).do_not_call, number, how)
    except (sqlite3.Error, OSError) as error:
        logger.error("Could not put a number on the do-not-call list: %s", error)
        return False
    logger.info("A number was put on the do-not-call list")
    return True
