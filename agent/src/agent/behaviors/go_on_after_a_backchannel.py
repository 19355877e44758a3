"""A cough or an "mm-hm" while the agent speaks is no reason to stop.

The agent falls silent as soon as it hears a sound, since the sound may be the beginning of "stop, that is wrong". When
the sound turns out to have no words, or only what a listener says, the agent goes on where it was.
"""

import asyncio
import logging

from livekit.agents import AgentSession
from livekit.agents.voice import SpeechHandle

from agent.background import begin
from agent.conversation.call import Call
from agent.turns.eager_stt import eager_engines
from agent.turns.lexical_cue import LexicalCue

logger = logging.getLogger(__name__)

ANSWER_WITHIN = 1.0  # seconds: a "yes" this close to the end of what the agent says may be the answer to it


def go_on_after_a_backchannel(call: Call) -> None:
    """While the agent speaks, drop each segment that is only a backchannel, before it counts as the caller's turn.

    This works only with engines that take whole utterances: a streaming one reports words as they come, and not the
    sounds between them.
    """
    session, words = call.session, LexicalCue.of(call.line.language)

    def is_kept(heard: str) -> bool:
        speech = session.current_speech
        if speech is None or speech.done() or speech.interrupted or not words.is_backchannel(heard):
            return bool(heard)
        logger.debug("The caller is only listening: the agent goes on")
        _go_on(session)
        if any(map(str.isalnum, heard)):
            begin(_answer_if_it_was_one(session, speech, heard))
        return False

    for engine in eager_engines(session.stt):
        engine.filter_segments(is_kept)


def _go_on(session: AgentSession[None]) -> None:
    def resume(_: object = None) -> None:
        if session.output.audio:
            session.output.audio.resume()

    if session.user_state == "speaking":  # the session has not heard the sound end yet, and would stop the agent again
        session.once("user_state_changed", resume)
    else:
        resume()


async def _answer_if_it_was_one(session: AgentSession[None], speech: SpeechHandle, heard: str) -> None:
    try:
        async with asyncio.timeout(ANSWER_WITHIN):
            await speech.wait_for_playout()
    except TimeoutError:
        return
    await asyncio.sleep(0)  # by now the session has begun the next speech, if there is one
    if not speech.interrupted and session.current_speech is None:
        session.generate_reply(user_input=heard)
