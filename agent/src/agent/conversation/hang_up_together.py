"""Caller, session, job and room of a call end together, whichever of them ends first: no call stays open in silence."""

import logging
import time
from collections.abc import Awaitable

from livekit import rtc
from livekit.agents import CloseEvent, JobContext

from agent.background import begin
from agent.conversation.call import Call
from agent.conversation.call_room import HangUp

logger = logging.getLogger(__name__)

CALLER_HUNG_UP = "the caller hung up"
PERSON_HUNG_UP = "the person who was called hung up"


def close_the_room_with_the_job(ctx: JobContext, hang_up: HangUp) -> None:
    """Hang up when the job ends, however it ends. This has to be attached before anything else in a call."""
    since = time.monotonic()

    async def close(reason: str) -> None:
        await hang_up.finish()
        logger.info("Call ended", extra={"reason": reason, "seconds": round(time.monotonic() - since)})

    ctx.add_shutdown_callback(close)


def hang_up_together(call: Call) -> None:
    """End the job when the caller leaves, for whatever reason, or when the session closes, even on an error."""

    hung_up = PERSON_HUNG_UP if call.order else CALLER_HUNG_UP

    def caller_left(participant: rtc.RemoteParticipant) -> None:
        if participant.identity != call.participant.identity:
            return
        if call.before_end:
            begin(end_after(call.before_end()))
        else:
            call.ctx.shutdown(reason=hung_up)

    async def end_after(before: Awaitable[object]) -> None:
        try:
            await before
        finally:
            call.ctx.shutdown(reason=hung_up)

    def session_closed(event: CloseEvent) -> None:
        call.ctx.shutdown(reason=f"the session closed: {event.reason.value}")

    call.room.on("participant_disconnected", caller_left)
    call.session.on("close", session_closed)
    if not call.caller_is_there:  # the caller hung up before these handlers were attached
        caller_left(call.participant)
