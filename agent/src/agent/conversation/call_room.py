"""A call's room: waiting for the caller to join it, showing what the agent does, and hanging up, which deletes it.

Also how the server's API fails.
"""

import asyncio
import logging
from typing import Any

import aiohttp
from livekit import api, rtc
from livekit.agents import JobContext

from agent.conversation.participants import is_operator

logger = logging.getLogger(__name__)

CALLER_JOINS_WITHIN = 10.0  # seconds; the gateway makes a room by joining it, so as a rule the caller is there first
SERVER_ANSWERS_WITHIN = 10.0  # seconds; livekit-api 1.2.2 itself would wait for ever for a server that does not answer
SERVER_ERRORS = (api.TwirpError, aiohttp.ClientError, OSError)  # a TimeoutError is an OSError


def code_of(error: BaseException) -> str:
    """Return what went wrong in one word; an error's text may have a phone number in it, or a room's name with one."""
    if isinstance(error, api.SipCallError) and error.sip_status_code is not None:
        return f"SIP status {error.sip_status_code}"
    return error.code if isinstance(error, api.TwirpError) else type(error).__name__


async def wait_for_caller(ctx: JobContext, *, by_browser: bool = False) -> rtc.RemoteParticipant | None:
    """Return the phone or the browser in this call's room; if it has left meanwhile, end the job and return None."""
    if by_browser:
        joining = asyncio.ensure_future(_browser_joins(ctx.room))
    else:
        joining = asyncio.ensure_future(ctx.wait_for_participant(kind=rtc.ParticipantKind.PARTICIPANT_KIND_SIP))
    leaving = asyncio.ensure_future(_somebody_leaves(ctx.room))
    done, _ = await asyncio.wait({joining, leaving}, timeout=CALLER_JOINS_WITHIN, return_when=asyncio.FIRST_COMPLETED)
    leaving.cancel()
    if joining in done and not joining.exception():  # joining fails when the room is gone
        return joining.result()
    joining.cancel()
    ctx.shutdown(reason="the caller hung up while it rang")
    return None


async def _browser_joins(room: rtc.Room) -> rtc.RemoteParticipant:
    """Wait for somebody who is neither a phone nor another agent nor an operator."""
    coming: asyncio.Future[rtc.RemoteParticipant] = asyncio.get_running_loop().create_future()

    def look(participant: rtc.RemoteParticipant) -> None:
        is_standard = participant.kind == rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD
        if is_standard and not is_operator(participant) and not coming.done():
            coming.set_result(participant)

    room.on("participant_connected", look)
    try:
        for participant in room.remote_participants.values():
            look(participant)
        return await coming
    finally:
        room.off("participant_connected", look)


async def _somebody_leaves(room: rtc.Room) -> None:
    """Wait until the caller leaves; besides them and this agent, only operators are in the room."""
    left = asyncio.Event()

    def look(participant: rtc.RemoteParticipant) -> None:
        if not is_operator(participant):
            left.set()

    room.on("participant_disconnected", look)
    try:
        await left.wait()
    finally:
        room.off("participant_disconnected", look)


async def show_in(room: rtc.Room, attributes: dict[str, str]) -> None:
    """Set attributes of the agent itself, which everybody in the room sees; a room that cannot be told ends no call."""
    try:
        if room.isconnected():
            await room.local_participant.set_attributes(attributes)
    except Exception as error:
        logger.warning("Could not show those in the room what the agent does: %s", type(error).__name__)


class HangUp:
    """Deletes the room of one call, once, which makes the gateway hang up.

    While a room is being deleted, a second request would make the server create the room again, with a new job in it.
    """

    spares = False  # whether a job that ends for no reason of the call's leaves the room: two people talk in it

    def __init__(self, ctx: JobContext) -> None:
        self._ctx = ctx
        self._deletion: asyncio.Future[Any] | None = None

    def begin(self) -> None:
        """Have the room deleted, without waiting for it."""
        self._deletion = self._deletion or self._ctx.delete_room()

    async def finish(self) -> None:
        """Wait until the room is deleted; a room that cannot be deleted is left to `worker.orphaned_calls`."""
        if self.spares and self._deletion is None:
            logger.warning("The agent has to end while the caller is talking with a person: the two talk on")
            return
        try:
            async with asyncio.timeout(SERVER_ANSWERS_WITHIN):
                await (self._deletion or self._ctx.delete_room())
        except TimeoutError:
            logger.error("Could not delete the call's room within %g s", SERVER_ANSWERS_WITHIN)
