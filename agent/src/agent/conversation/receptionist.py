"""The agent of a call: it greets, it talks, and it does not leave without a word."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Sequence
from typing import Any

from livekit import rtc
from livekit.agents import NOT_GIVEN, Agent, NotGivenOr, llm, tts

from agent.conversation.call import Call
from agent.conversation.ending import heard_out
from agent.conversation.presynthesis import Presynthesis

logger = logging.getLogger(__name__)

GOODBYE_LIMIT = 8.0  # seconds; a provider that cannot speak it by then is not waited for


class Receptionist(Agent):
    """Speaks the greeting on entering a call, and a goodbye on leaving one, if nobody has yet."""

    def __init__(
        self,
        call: Call,
        greeting: Presynthesis | None = None,
        tools: Sequence[llm.Tool | llm.Toolset] = (),
    ) -> None:
        """`greeting`: its sound, where it has been synthesized while the phone rang."""
        super().__init__(instructions=call.words.persona, tools=list(tools))
        self._call = call
        self._greeting = greeting

    async def on_enter(self) -> None:
        if self._call.before_greeting:
            await self._call.before_greeting()
        if self.session.output.audio is None or self.session.tts is None:
            self._greet()
        elif sound := await self._greeting_in_time(self.session.tts):
            self._greet(sound)
        else:
            logger.warning("The greeting could not be spoken within %g s", self._patience)
            self._call.announcer.say("hello")

    def _greet(self, sound: NotGivenOr[AsyncIterator[rtc.AudioFrame]] = NOT_GIVEN) -> None:
        with contextlib.suppress(RuntimeError):  # the caller has hung up meanwhile
            self.session.say(self._call.words.greeting, audio=sound)

    async def _greeting_in_time(self, voice: tts.TTS[Any]) -> AsyncIterator[rtc.AudioFrame] | None:
        """The sound of the greeting, tried once more when it could not be prepared while the phone rang."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._patience):
                prepared = await self._greeting.audio() if self._greeting else None
                return prepared or await self._now(voice).audio()
        return None

    def _now(self, voice: tts.TTS[Any]) -> Presynthesis:
        return Presynthesis(self._call.words.greeting, voice, self.session.conn_options.tts_conn_options)

    @property
    def _patience(self) -> float:
        """Seconds after which a greeting that has no sound yet is replaced by the announcer's `hello`."""
        return self._call.line.handling.filler_after

    async def on_exit(self) -> None:
        if self._call.caller_is_there and not self._call.ending.begun:
            await self._say_goodbye()

    async def _say_goodbye(self) -> None:
        goodbye = self.session.say(self._call.words.goodbye, allow_interruptions=False)
        if not await heard_out(goodbye, GOODBYE_LIMIT):
            goodbye.interrupt(force=True)
