"""A call's room: the caller who comes into it, and the hang-up, which is its deletion."""

import asyncio
import logging
from typing import Any
from weakref import WeakKeyDictionary

from livekit import rtc
from livekit.agents import JobContext

logger = logging.getLogger(__name__)

CALLER_JOINS_WITHIN = 10.0  # seconds; the gateway makes a room by joining it, so as a rule the caller is there first
SERVER_ANSWERS_WITHIN = 10.0  # seconds; livekit-api 1.2.2 itself would wait for a server that is stuck for ever


async def wait_for_caller(ctx: JobContext) -> rtc.RemoteParticipant | None:
    """Return the phone in this call's room; None, and the job ends, when it has hung up meanwhile."""
    joining = asyncio.ensure_future(ctx.wait_for_participant(kind=rtc.ParticipantKind.PARTICIPANT_KIND_SIP))
    leaving = asyncio.ensure_future(_somebody_leaves(ctx.room))
    done, _ = await asyncio.wait({joining, leaving}, timeout=CALLER_JOINS_WITHIN, return_when=asyncio.FIRST_COMPLETED)
    leaving.cancel()
    if joining in done and not joining.exception():  # it fails when the room is gone
        return joining.result()
    joining.cancel()
    ctx.shutdown(reason="the caller hung up while it rang")
    return None


async def _somebody_leaves(room: rtc.Room) -> None:
    """Wait for the caller to leave, who is the only one in the room besides this agent."""
    left = asyncio.Event()
    room.on("participant_disconnected", lambda _: left.set())
    await left.wait()


_deletions: WeakKeyDictionary[rtc.Room, asyncio.Future[Any]] = WeakKeyDictionary()


def hang_up(ctx: JobContext) -> None:
    """Delete the call's room: that is what makes the gateway hang up."""
    _deletions[ctx.room] = ctx.delete_room()


async def make_sure_of_the_hang_up(ctx: JobContext) -> None:
    """Return when it has been done, by now or by `hang_up`: once. What cannot be done is left to `crashes`.

    For a deletion that comes during another the server makes the room that just goes once more, with a new job in it.
    """
    try:
        async with asyncio.timeout(SERVER_ANSWERS_WITHIN):
            await (_deletions.get(ctx.room) or ctx.delete_room())
    except TimeoutError:
        logger.error("the call's room could not be deleted within %g s", SERVER_ANSWERS_WITHIN)
