"""A caller for whom there is no slot is told so at once, and the call ends, which is better than ringing out.

The sentence was synthesized when the image was built, so a rejected call asks no provider for anything.
"""

import logging
from dataclasses import replace

from livekit.agents import Agent, AgentSession, room_io

from agent.background import begin
from agent.conversation.call import Call
from agent.conversation.call_room import show_in
from agent.conversation.hang_up_together import hang_up_together
from agent.conversation.session import captions

logger = logging.getLogger(__name__)

# Calls that are answered although the line is full, only to say that all lines are busy. Each takes a process for about
# five seconds, and more of them would disturb the calls in progress. Any further call rings out.
REJECTED_AT_ONCE = 5
REJECTED = "landline.rejected"  # attribute of the agent: the name of the reason, for the page in a browser
REASONS = {
    "busy": "all lines are busy",
    "caller_limit": "the caller's limit of the day is reached",
    "line_limit": "the line's limit of the day is reached",
}


async def reject_when_full(call: Call) -> bool:
    """Take a slot for the call. Return True if there was none; the caller is then told why, and the job ends."""
    sentence = await call.slot.take()
    if sentence is None:
        call.slot.keep(call.ctx)
        return False
    logger.warning("Call rejected: %s", REASONS[sentence])
    call.record.rejected = sentence
    session: AgentSession[None] = AgentSession(vad=None, turn_handling={"turn_detection": None})
    rejection = replace(call, session=session)
    begin(show_in(call.room, {REJECTED: sentence}))  # a phone does not wait for what a page shows
    hang_up_together(rejection)
    options = _output_only(call)
    await session.start(Agent(instructions=""), room=call.room, room_options=options, session_host=False, record=False)
    rejection.ending.say(sentence, REASONS[sentence])
    return True


def _output_only(call: Call) -> room_io.RoomOptions:
    return room_io.RoomOptions(
        participant_identity=call.participant.identity,
        audio_input=False,
        text_input=False,
        text_output=captions(),
        close_on_disconnect=False,
    )
