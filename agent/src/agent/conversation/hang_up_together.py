"""Caller, session, job and room of a call end together, whichever of them ends first: no call stays open in silence."""

import asyncio
import logging
import time
from collections.abc import Awaitable
from typing import Any

from livekit import rtc
from livekit.agents import CloseEvent, JobContext

from agent.background import begin
from agent.conversation.call import Call
from agent.conversation.call_room import HangUp

logger = logging.getLogger(__name__)

CALLER_HUNG_UP = "the caller hung up"
PERSON_HUNG_UP = "the person who was called hung up"
CALLER_WAS_TRANSFERRED = "the caller was transferred"
ANSWERED_WITHIN = 2.0  # seconds after the caller has left within which the gateway reports what became of a REFER


def close_the_room_with_the_job(ctx: JobContext, hang_up: HangUp) -> None:
    """Hang up when the job ends, however it ends. This has to be attached before anything else in a call."""
    since = time.monotonic()

    async def close(reason: str) -> None:
        await hang_up.finish()
        logger.info("Call ended", extra={"reason": reason, "seconds": round(time.monotonic() - since)})

    ctx.add_shutdown_callback(close)


def hang_up_together(call: Call) -> None:
    """End the job when the caller leaves, for whatever reason, or when the session closes, even on an error."""

    def caller_left(participant: rtc.RemoteParticipant) -> None:
        if participant.identity == call.participant.identity:
            end_as_the_caller_left(call)

    def session_closed(event: CloseEvent) -> None:
        call.ctx.shutdown(reason=f"the session closed: {event.reason.value}")

    call.room.on("participant_disconnected", caller_left)
    call.session.on("close", session_closed)
    if not call.caller_is_there:  # the caller hung up before these handlers were attached
        caller_left(call.participant)


def end_as_the_caller_left(call: Call) -> None:
    """End the job because the caller has left, once their last words are known."""
    if call.transfer.joined:
        call.hang_up.begin()  # at once, since a person is still on the line
    elif call.transfer.taken_over:
        call.hang_up.spares = False  # the operator alone is no reason to leave the room
    if call.transfer.refer:
        begin(_end_after_the_refer(call, call.transfer.refer))
    elif call.before_end and not call.transfer.joined:
        begin(_end_after(call, call.before_end()))
    else:
        call.ctx.shutdown(reason=_hung_up(call))


async def _end_after(call: Call, before: Awaitable[object]) -> None:
    try:
        await before
    finally:
        call.ctx.shutdown(reason=_hung_up(call))


async def _end_after_the_refer(call: Call, refer: "asyncio.Future[Any]") -> None:
    """Wait for the carrier's answer, because a caller who is transferred leaves as one who hangs up does."""
    await asyncio.wait({refer}, timeout=ANSWERED_WITHIN)
    transferred = refer.done() and not refer.cancelled() and not refer.exception()
    call.ctx.shutdown(reason=CALLER_WAS_TRANSFERRED if transferred else _hung_up(call))


def _hung_up(call: Call) -> str:
    return PERSON_HUNG_UP if call.order else CALLER_HUNG_UP
