"""How the agent ends a call: once, with a last sentence that is heard to its end, and then room and job are gone.

Whatever happens meanwhile, it ends: a sentence that cannot be spoken is not waited for, and a caller who hangs up first
ends the job by themselves (`behaviors.hang_up_together`).
"""

import asyncio
import contextlib
import logging
from typing import Any

from livekit.agents import AgentSession, AgentStateChangedEvent, JobContext
from livekit.agents.voice import SpeechHandle

from agent.conversation.announcer import Announcer
from agent.conversation.call_room import hang_up
from agent.conversation.speech_outcome import was_heard_to_its_end

logger = logging.getLogger(__name__)

LAST_WORDS_LIMIT = 15.0  # seconds; what cannot be said by then is not waited for
GOODBYE_BEGINS_WITHIN = 10.0  # seconds that a model may take to find words for its goodbye
LONGEST_GOODBYE = 30.0  # seconds, from its first sound
LAST_AUDIO = 0.4  # seconds that the gateway's mixer and the caller's phone still hold when all has been sent


class Ending:
    """The end of one call. Whoever wants to end it calls one of the methods; only the first one counts.

    `reason` says in a few neutral words why: it is logged, and it is the outcome of the call's record.
    """

    def __init__(self, ctx: JobContext, session: AgentSession[Any], announcer: Announcer) -> None:
        self._ctx = ctx
        self._session = session
        self._announcer = announcer
        self._task: asyncio.Task[None] | None = None

    @property
    def begun(self) -> bool:
        """Whether the last sentence is being said, or has been: nobody begins to say anything after it."""
        return self._task is not None

    def say(self, sentence: str, reason: str) -> None:
        """Stop whatever is being said, say this one of `languages.Sentences`, and hang up.

        What is being said has been stopped when this returns; may be called from anywhere, a tool included.
        """
        if not self.begun:
            self._announcer.hush()
            with contextlib.suppress(RuntimeError):  # there is no talk any more, or not yet
                self._session.interrupt(force=True)
            self._task = asyncio.create_task(self._end_with(sentence, reason))

    def after(self, speech: SpeechHandle, reason: str) -> None:
        """Hang up when this has been said to its end: there is a goodbye in it, or the model is about to say one.

        The caller cannot interrupt it any more. If nothing comes of it, the language's `farewell` is said.
        """
        if not self.begun:
            with contextlib.suppress(RuntimeError):  # it is interrupted already, and the farewell will be said
                speech.allow_interruptions = False
            self._task = asyncio.create_task(self._end_after(speech, reason))

    async def _end_with(self, sentence: str, reason: str) -> None:
        try:
            await self._say(sentence)
        finally:
            self._hang_up(reason)

    async def _end_after(self, speech: SpeechHandle, reason: str) -> None:
        try:
            if not await self._goodbye_is_over(speech) or not was_heard_to_its_end(speech):
                speech.interrupt(force=True)
                await self._say("farewell")
        finally:
            self._hang_up(reason)

    async def _goodbye_is_over(self, speech: SpeechHandle) -> bool:
        """Whether it began in time, and came to its end."""
        clock = asyncio.get_running_loop().time
        limit = asyncio.timeout(GOODBYE_BEGINS_WITHIN)

        def wait_for_its_end(_: AgentStateChangedEvent | None = None) -> None:
            sounds = self._session.agent_state == "speaking" and self._session.current_speech is speech
            if sounds and not limit.expired():
                limit.reschedule(clock() + LONGEST_GOODBYE)

        self._session.on("agent_state_changed", wait_for_its_end)
        try:
            async with limit:
                wait_for_its_end()  # it may have begun before the end was asked for
                return await heard_out(speech)
        except TimeoutError:
            return False
        finally:
            self._session.off("agent_state_changed", wait_for_its_end)

    async def _say(self, sentence: str) -> None:
        """Say it to its end, behind whatever takes a moment to stop."""
        if not await heard_out(self._announcer.say(sentence, allow_interruptions=False), LAST_WORDS_LIMIT):
            logger.warning("the last sentence could not be said within %g s", LAST_WORDS_LIMIT)

    def _hang_up(self, reason: str) -> None:
        self._ctx.shutdown(reason=reason)
        # The job does this too, but not before the session is closed, for which a provider that hangs takes seconds.
        if self._ctx.room.isconnected():
            hang_up(self._ctx)


async def heard_out(speech: SpeechHandle, limit: float | None = None) -> bool:
    """Wait until it is over and the caller has its last sound; False: it was not over within `limit` seconds."""
    try:
        async with asyncio.timeout(limit):
            await speech.wait_for_playout()
    except TimeoutError:
        return False
    await asyncio.sleep(LAST_AUDIO)
    return True
