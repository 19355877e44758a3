"""The agent on the line: it greets, it talks, and it does not leave without a word."""

import asyncio
from collections.abc import Callable

from livekit.agents import NOT_GIVEN, Agent

from agent.prepared import Prepared
from agent.prompts import Prompts

GOODBYE_LIMIT = 8.0  # seconds; a provider that cannot speak it by then is not waited for
LAST_AUDIO = 0.4  # seconds that the gateway's mixer and the caller's phone still hold when all has been sent


class Receptionist(Agent):
    """Speaks the greeting on entering a call, and a goodbye on leaving one in which the caller still is."""

    def __init__(
        self, prompts: Prompts, greeting: Prepared | None = None, *, caller_is_there: Callable[[], bool]
    ) -> None:
        super().__init__(instructions=prompts.persona)
        self._prompts = prompts
        self._greeting = greeting
        self._caller_is_there = caller_is_there

    async def on_enter(self) -> None:
        sound = await self._greeting.audio() if self._greeting else None
        self.session.say(self._prompts.greeting, audio=NOT_GIVEN if sound is None else sound)

    async def on_exit(self) -> None:
        if self._caller_is_there():
            await self._say_goodbye()

    async def _say_goodbye(self) -> None:
        goodbye = self.session.say(self._prompts.goodbye, allow_interruptions=False)
        try:
            await asyncio.wait_for(goodbye.wait_for_playout(), GOODBYE_LIMIT)
            await asyncio.sleep(LAST_AUDIO)
        except TimeoutError:
            goodbye.interrupt(force=True)
