"""The agent on the line: it greets, it talks, and it does not leave without a word."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from livekit import rtc
from livekit.agents import NOT_GIVEN, Agent, NotGivenOr, llm, tts

from agent.conversation.announcer import Announcer
from agent.conversation.ending import heard_out
from agent.conversation.presynthesis import Presynthesis
from agent.lines.words import Prompts

logger = logging.getLogger(__name__)

GOODBYE_LIMIT = 8.0  # seconds; a provider that cannot speak it by then is not waited for


class Receptionist(Agent):
    """Speaks the greeting on entering a call, and a goodbye on leaving one, if nobody has yet."""

    def __init__(
        self,
        prompts: Prompts,
        greeting: Presynthesis | None = None,
        tools: Sequence[llm.Tool | llm.Toolset] = (),
        *,
        says_goodbye: Callable[[], bool],
        announcer: Announcer | None = None,
        patience: float = 3.0,
    ) -> None:
        """`patience`: seconds after which a greeting that has no sound yet is replaced by the announcer's `hello`."""
        super().__init__(instructions=prompts.persona, tools=list(tools))
        self._prompts = prompts
        self._greeting = greeting
        self._says_goodbye = says_goodbye
        self._announcer = announcer
        self._patience = patience

    async def on_enter(self) -> None:
        if self._announcer is None or self.session.output.audio is None or self.session.tts is None:
            self._greet()
        elif sound := await self._greeting_in_time(self.session.tts):
            self._greet(sound)
        else:
            logger.warning("the greeting could not be spoken within %g s", self._patience)
            self._announcer.say("hello")

    def _greet(self, sound: NotGivenOr[AsyncIterator[rtc.AudioFrame]] = NOT_GIVEN) -> None:
        with contextlib.suppress(RuntimeError):  # the caller has hung up meanwhile
            self.session.say(self._prompts.greeting, audio=sound)

    async def _greeting_in_time(self, voice: tts.TTS[Any]) -> AsyncIterator[rtc.AudioFrame] | None:
        """The sound of the greeting, tried once more when it could not be prepared while the phone rang."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._patience):
                prepared = await self._greeting.audio() if self._greeting else None
                return prepared or await self._now(voice).audio()
        return None

    def _now(self, voice: tts.TTS[Any]) -> Presynthesis:
        return Presynthesis(self._prompts.greeting, voice, self.session.conn_options.tts_conn_options)

    async def on_exit(self) -> None:
        if self._says_goodbye():
            await self._say_goodbye()

    async def _say_goodbye(self) -> None:
        goodbye = self.session.say(self._prompts.goodbye, allow_interruptions=False)
        if not await heard_out(goodbye, GOODBYE_LIMIT):
            goodbye.interrupt(force=True)
