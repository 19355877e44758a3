"""A caller for whom there is no place is told so at once, and the call is over: that beats ringing out.

What is said was recorded when the image was built: no provider is asked for a call that is not taken.
"""

import logging

from livekit import rtc
from livekit.agents import Agent, AgentSession, JobContext, room_io

from agent.admission.slot import Slot
from agent.behaviors.hang_up_together import hang_up_together
from agent.conversation.announcer import Announcer
from agent.conversation.ending import Ending

logger = logging.getLogger(__name__)

# Calls taken beyond those at once, only to be told that all lines are busy: each is a process for some five seconds, so
# that more of them would cost those who are being served. What comes beyond rings out.
TURNED_AWAY_AT_ONCE = 5
REASONS = {
    "busy": "all lines are busy",
    "caller_limit": "the caller's limit of the day is reached",
    "line_limit": "the line's limit of the day is reached",
}


async def turn_away_when_full(ctx: JobContext, place: Slot, caller: rtc.RemoteParticipant, language: str) -> bool:
    """Whether there was no place; the caller is then being told why, and the job ends after it."""
    sentence = await place.take()
    if sentence is None:
        place.keep(ctx)
        return False
    logger.warning("call turned away: %s", REASONS[sentence])
    session: AgentSession[None] = AgentSession(vad=None, turn_handling={"turn_detection": None})
    hang_up_together(ctx, session, caller)
    await session.start(Agent(instructions=""), room=ctx.room, room_options=_only_speaking(caller), record=False)
    Ending(ctx, session, Announcer(session, language)).say(sentence, REASONS[sentence])
    return True


def _only_speaking(caller: rtc.RemoteParticipant) -> room_io.RoomOptions:
    return room_io.RoomOptions(
        participant_identity=caller.identity,
        audio_input=False,
        text_input=False,
        text_output=False,
        close_on_disconnect=False,
    )
