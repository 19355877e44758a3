"""The end of a call by the agent: the caller hears a last sentence to its end, and then the agent hangs up.

The call ends whatever happens meanwhile. A sentence that cannot be spoken is not waited for, and a caller who hangs up
first ends the job in any case (`conversation.hang_up_together`).
"""

import asyncio
import contextlib
import logging
from typing import Any

from livekit.agents import AgentSession, AgentStateChangedEvent, JobContext
from livekit.agents.voice import SpeechHandle

from agent.conversation.announcer import Announcer
from agent.conversation.call_room import HangUp
from agent.conversation.speech_outcome import was_heard_to_its_end

logger = logging.getLogger(__name__)

LAST_WORDS_LIMIT = 15.0  # seconds that the last sentence may take
GOODBYE_BEGINS_WITHIN = 10.0  # seconds that a model may take to find words for its goodbye
LONGEST_GOODBYE = 30.0  # seconds, from its first sound
LAST_AUDIO = 0.4  # seconds of sound that the gateway's mixer and the caller's phone still hold when all has been sent


class Ending:
    """The end of one call. Whatever wants to end the call uses one of the methods, and only the first use counts.

    `reason` says why in a few neutral words. It is logged, and it is the outcome in the call record.
    """

    def __init__(self, ctx: JobContext, session: AgentSession[Any], announcer: Announcer, hang_up: HangUp) -> None:
        self._ctx = ctx
        self._session = session
        self._announcer = announcer
        self._hang_up = hang_up
        self._task: asyncio.Task[None] | None = None
        self.farewell = "farewell"  # the sentence that answers a goodbye, and replaces one that could not be said

    @property
    def begun(self) -> bool:
        """Whether the last sentence is being said, or has been: nothing else may be said after it."""
        return self._task is not None

    def say(self, sentence: str, reason: str) -> None:
        """Interrupt whatever is being said, say this one of `languages.Sentences`, and hang up.

        The interruption has happened by the time this returns. This may be called from anywhere, even from a tool.
        """
        if not self.begun:
            self._announcer.cut_interjection()
            with contextlib.suppress(RuntimeError):  # the session has ended, or has not begun
                self._session.interrupt(force=True)
            self._task = asyncio.create_task(self._end_with(sentence, reason))

    def hang_up_after(self, speech: SpeechHandle, reason: str) -> None:
        """Hang up when this speech has been heard to its end: it is a goodbye, or the model is about to say one in it.

        The caller cannot interrupt it any more. If it is not heard to its end in time, `farewell` is said.
        """
        if not self.begun:
            with contextlib.suppress(RuntimeError):  # it was interrupted already, so the farewell will be said
                speech.allow_interruptions = False
            self._task = asyncio.create_task(self._end_after(speech, reason))

    async def _end_with(self, sentence: str, reason: str) -> None:
        try:
            await self._say(sentence)
        finally:
            self._end_job(reason)

    async def _end_after(self, speech: SpeechHandle, reason: str) -> None:
        try:
            if not await self._wait_for_goodbye(speech) or not was_heard_to_its_end(speech):
                speech.interrupt(force=True)
                await self._say(self.farewell)
        finally:
            self._end_job(reason)

    async def _wait_for_goodbye(self, speech: SpeechHandle) -> bool:
        """Return whether the goodbye began in time, and came to its end."""
        clock = asyncio.get_running_loop().time
        limit = asyncio.timeout(GOODBYE_BEGINS_WITHIN)

        def wait_for_its_end(_: AgentStateChangedEvent | None = None) -> None:
            sounds = self._session.agent_state == "speaking" and self._session.current_speech is speech
            if sounds and not limit.expired():
                limit.reschedule(clock() + LONGEST_GOODBYE)

        self._session.on("agent_state_changed", wait_for_its_end)
        try:
            async with limit:
                wait_for_its_end()  # the goodbye may have begun already
                return await wait_until_heard(speech)
        except TimeoutError:
            return False
        finally:
            self._session.off("agent_state_changed", wait_for_its_end)

    async def _say(self, sentence: str) -> None:
        """Say a sentence to its end; what was interrupted for it may take a moment to stop."""
        if not await wait_until_heard(self._announcer.say(sentence, allow_interruptions=False), LAST_WORDS_LIMIT):
            logger.warning("Could not say the last sentence within %g s", LAST_WORDS_LIMIT)

    def _end_job(self, reason: str) -> None:
        self._ctx.shutdown(reason=reason)
        # The end of the job hangs up as well, but only after the session has closed, and a provider that does not
        # answer delays that by seconds.
        if self._ctx.room.isconnected():
            self._hang_up.begin()


async def wait_until_heard(speech: SpeechHandle, limit: float | None = None) -> bool:
    """Wait until a speech is over and the caller has heard its last sound; return False if `limit` seconds pass."""
    try:
        async with asyncio.timeout(limit):
            await speech.wait_for_playout()
    except TimeoutError:
        return False
    await asyncio.sleep(LAST_AUDIO)
    return True
