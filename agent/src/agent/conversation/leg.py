"""A leg: the agent's call to a person, over the host's outbound trunk, into the room of a call.

`dial` is the only place that places calls. Whom it calls is never taken from what a caller or a model says.
"""

import asyncio
import json
import logging
from typing import Literal

from livekit import api

from agent.conversation.call_room import SERVER_ANSWERS_WITHIN, SERVER_ERRORS, code_of

logger = logging.getLogger(__name__)

Reason = Literal["busy", "no_answer", "declined", "unreachable"]

# What a SIP status says about the person; any other failure means that they cannot be reached this way.
REASONS: dict[int, Reason] = {
    408: "no_answer",  # request timeout
    480: "no_answer",  # temporarily unavailable
    487: "no_answer",  # the INVITE was cancelled when it had rung for long enough
    486: "busy",
    600: "busy",  # everywhere
    603: "declined",
    607: "declined",  # unwanted
    608: "declined",  # rejected
}
RANG_TOO_LONG = "sip request timed out"  # in livekit/sip 1.11.0's error, which has no SIP status then
COMING_TRIED, COMING_TRIED_EVERY = 8, 0.25  # times, and seconds: the gateway enters the room within a second
LEG = "landline.leg"  # attribute of a phone that we call: the AGENT_NAME, by which `worker.orphaned_calls` knows it


class NotReachedError(Exception):
    """The person was not reached: busy, no_answer, declined or unreachable."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason


async def dial(
    livekit: api.LiveKitAPI,
    room: str,
    number: str,
    *,
    agent: str,
    identity: str,
    shown: str,
    ringing: float,
    longest: float,
    secret: bool = False,
) -> None:
    """Call `number` over the outbound trunk of `agent` (AGENT_NAME), and return when the person has answered.

    The person is in the room as the participant `identity` from before it rings. `shown` is the number that they see;
    if it is not one of the trunk's, they see the trunk's. It rings for at most `ringing` seconds, and the gateway ends
    the leg `longest` seconds after it was begun. With `secret`, nobody in the room is told the number: a browser there
    could show it. If this is cancelled, the leg ends.

    Raises:
        NotReachedError: nobody answered; no leg is left.
    """
    try:
        trunk = await _find_trunk(livekit, agent)
        request = api.CreateSIPParticipantRequest(
            sip_trunk_id=trunk.sip_trunk_id,
            sip_call_to=number,
            sip_number=shown if shown in trunk.numbers else "",
            room_name=room,
            participant_identity=identity,
            participant_attributes={LEG: agent},
            hide_phone_number=secret,
            wait_until_answered=True,
        )
        request.ringing_timeout.FromMilliseconds(round(ringing * 1000))
        request.max_call_duration.FromMilliseconds(round(longest * 1000))
        await livekit.sip.create_sip_participant(request)
    except SERVER_ERRORS as error:
        await hang_up_leg(livekit, room, identity)
        reason = reason_of(error)
        if reason == "unreachable":
            logger.warning("Could not call a person over the outbound trunk: %s", code_of(error))
        raise NotReachedError(reason) from None
    except asyncio.CancelledError:
        await asyncio.shield(_hang_up_leg_that_may_be_coming(livekit, room, identity))
        raise


async def hang_up_leg(livekit: api.LiveKitAPI, room: str, identity: str) -> bool:
    """End the leg, whether it rings or has been answered; return False if there is none, which is no error."""
    try:
        async with asyncio.timeout(SERVER_ANSWERS_WITHIN):
            await livekit.room.remove_participant(api.RoomParticipantIdentity(room=room, identity=identity))
    except SERVER_ERRORS as error:
        if code_of(error) == api.TwirpErrorCode.NOT_FOUND:
            return False
        logger.warning("Could not end the call to a person: %s", code_of(error))
    return True


async def _hang_up_leg_that_may_be_coming(livekit: api.LiveKitAPI, room: str, identity: str) -> None:
    """End a leg that was asked for a moment ago: the gateway goes on with it, although nobody waits for its answer."""
    for _ in range(COMING_TRIED):
        if await hang_up_leg(livekit, room, identity):
            return
        await asyncio.sleep(COMING_TRIED_EVERY)


def reason_of(error: BaseException) -> Reason:
    """Return what a failure of the server's SIP API says about the person."""
    if isinstance(error, api.SipCallError) and error.sip_status_code is not None:
        return REASONS.get(error.sip_status_code, "unreachable")
    rang_too_long = isinstance(error, TimeoutError) or RANG_TOO_LONG in str(getattr(error, "message", ""))
    return "no_answer" if rang_too_long else "unreachable"


async def _find_trunk(livekit: api.LiveKitAPI, agent: str) -> api.SIPOutboundTrunkInfo:
    """Return the outbound trunk that bootstrap has marked as this host's."""
    async with asyncio.timeout(SERVER_ANSWERS_WITHIN):
        listed = await livekit.sip.list_outbound_trunk(api.ListSIPOutboundTrunkRequest())
    for trunk in listed.items:
        if _is_of(trunk.metadata, agent):
            return trunk
    logger.warning("There is no outbound trunk: set OUTBOUND_ADDRESS in .env, and run make up")
    raise NotReachedError("unreachable")


def _is_of(metadata: str, agent: str) -> bool:
    """Return whether this is the mark that bootstrap gives to the outbound trunk of the host with this AGENT_NAME."""
    try:
        match json.loads(metadata):
            case {"managed_by": "landline", "agent": str(its), "direction": "outbound"}:
                return its == agent
    except ValueError:
        pass
    return False
