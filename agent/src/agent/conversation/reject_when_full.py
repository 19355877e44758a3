"""A caller for whom there is no slot is told so at once, and the call is over: that beats ringing out.

What is said was synthesized when the image was built: no provider is asked for a call that is not taken.
"""

import logging
from dataclasses import replace

from livekit.agents import Agent, AgentSession, room_io

from agent.conversation.call import Call
from agent.conversation.hang_up_together import hang_up_together

logger = logging.getLogger(__name__)

# Calls taken beyond those at once, only to be told that all lines are busy: each is a process for some five seconds, so
# that more of them would cost those who are being served. What comes beyond rings out.
REJECTED_AT_ONCE = 5
REASONS = {
    "busy": "all lines are busy",
    "caller_limit": "the caller's limit of the day is reached",
    "line_limit": "the line's limit of the day is reached",
}


async def reject_when_full(call: Call) -> bool:
    """Take the call's slot; return whether there was none: then the caller is told why, and the job ends after it."""
    sentence = await call.slot.take()
    if sentence is None:
        call.slot.keep(call.ctx)
        return False
    logger.warning("Call rejected: %s", REASONS[sentence])
    session: AgentSession[None] = AgentSession(vad=None, turn_handling={"turn_detection": None})
    rejection = replace(call, session=session)
    hang_up_together(rejection)
    await session.start(Agent(instructions=""), room=call.room, room_options=_only_speaking(call), record=False)
    rejection.ending.say(sentence, REASONS[sentence])
    return True


def _only_speaking(call: Call) -> room_io.RoomOptions:
    return room_io.RoomOptions(
        participant_identity=call.participant.identity,
        audio_input=False,
        text_input=False,
        text_output=False,
        close_on_disconnect=False,
    )
