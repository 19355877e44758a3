"""The far end of the line: who is in the room, and whether they still are."""

import asyncio

from livekit import rtc
from livekit.agents import JobContext

CALLER_JOINS_WITHIN = 10.0  # seconds; the gateway makes a room by joining it, so as a rule the caller is there first


async def wait_for_caller(ctx: JobContext) -> rtc.RemoteParticipant | None:
    """The phone in this call's room; None, and the job ends, when it hung up before we came or while we waited."""
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
    """Nobody but one caller and this agent is ever in a call's room."""
    left = asyncio.Event()
    room.on("participant_disconnected", lambda _: left.set())
    await left.wait()


def is_there(ctx: JobContext, caller: rtc.RemoteParticipant) -> bool:
    """Whether the caller can still hear us."""
    return ctx.room.isconnected() and caller.identity in ctx.room.remote_participants
