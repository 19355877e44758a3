"""The far end of the line: who is in the room, and whether they still are."""

import asyncio

from livekit import rtc
from livekit.agents import JobContext

CALLER_JOINS_WITHIN = 10.0  # seconds; the gateway makes a room by joining it, so as a rule the caller is there first


async def wait_for_caller(ctx: JobContext) -> rtc.RemoteParticipant | None:
    """The phone in this call's room; None, and the job ends, when it hung up before we came."""
    try:
        waiting = ctx.wait_for_participant(kind=rtc.ParticipantKind.PARTICIPANT_KIND_SIP)
        return await asyncio.wait_for(waiting, CALLER_JOINS_WITHIN)
    except (TimeoutError, RuntimeError):  # the latter when the room is gone
        ctx.shutdown(reason="the caller hung up while it rang")
        return None


def is_there(ctx: JobContext, caller: rtc.RemoteParticipant) -> bool:
    """Whether the caller can still hear us."""
    return ctx.room.isconnected() and caller.identity in ctx.room.remote_participants
