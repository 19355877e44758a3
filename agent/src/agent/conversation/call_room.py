"""A call's room: waiting for the caller to join it, hanging up, which deletes it, and how the server's API fails."""

import asyncio
import logging
from typing import Any

import aiohttp
from livekit import api, rtc
from livekit.agents import JobContext

logger = logging.getLogger(__name__)

CALLER_JOINS_WITHIN = 10.0  # seconds; the gateway makes a room by joining it, so as a rule the caller is there first
SERVER_ANSWERS_WITHIN = 10.0  # seconds; livekit-api 1.2.2 itself would wait for ever for a server that does not answer
SERVER_ERRORS = (api.TwirpError, aiohttp.ClientError, OSError)  # a TimeoutError is an OSError


def code_of(error: BaseException) -> str:
    """Return what went wrong in one word; an error's text may have a phone number in it, or a room's name with one."""
    if isinstance(error, api.SipCallError) and error.sip_status_code is not None:
        return f"SIP status {error.sip_status_code}"
    return error.code if isinstance(error, api.TwirpError) else type(error).__name__


async def wait_for_caller(ctx: JobContext) -> rtc.RemoteParticipant | None:
    """Return the phone in this call's room; if it has hung up meanwhile, end the job and return None."""
    joining = asyncio.ensure_future(ctx.wait_for_participant(kind=rtc.ParticipantKind.PARTICIPANT_KIND_SIP))
    leaving = asyncio.ensure_future(_somebody_leaves(ctx.room))
    done, _ = await asyncio.wait({joining, leaving}, timeout=CALLER_JOINS_WITHIN, return_when=asyncio.FIRST_COMPLETED)
    leaving.cancel()
    if joining in done and not joining.exception():  # joining fails when the room is gone
        return joining.result()
    joining.cancel()
    ctx.shutdown(reason="the caller hung up while it rang")
    return None


async def _somebody_leaves(room: rtc.Room) -> None:
    """Wait until the caller leaves; only they and this agent are in the room."""
    left = asyncio.Event()
    room.on("participant_disconnected", lambda _: left.set())
    await left.wait()


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
            logger.warning("The agent has to end before a call that it has transferred: the two talk on")
            return
        try:
            async with asyncio.timeout(SERVER_ANSWERS_WITHIN):
                await (self._deletion or self._ctx.delete_room())
        except TimeoutError:
            logger.error("Could not delete the call's room within %g s", SERVER_ANSWERS_WITHIN)
