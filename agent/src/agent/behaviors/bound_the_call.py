"""No call lasts for ever: its end is announced, and then it is ended with a goodbye."""

import asyncio
from typing import Any

from livekit.agents import AgentSession

from agent.admission.slot import Slot
from agent.conversation.announcer import Announcer
from agent.conversation.ending import Ending

LOOKS_EVERY = 1.0  # seconds; what the day's minutes leave may change, as other calls use them too
GREETING = 10.0  # seconds at the beginning in which nothing is announced
PAUSE_WITHIN = 5.0  # seconds for which the announcement waits for a pause of the caller


def bound_the_call(
    session: AgentSession[Any], announcer: Announcer, ending: Ending, place: Slot, longest: float, warning: float
) -> asyncio.Task[None]:
    """End the call after `longest` seconds, or when the day's minutes are used up; say so `warning` seconds before."""
    bounds = _Bounds(session, announcer, ending, place, longest, warning)
    task = asyncio.create_task(bounds.run())
    session.on("close", lambda _: task.cancel())
    return task


class _Bounds:
    def __init__(
        self,
        session: AgentSession[Any],
        announcer: Announcer,
        ending: Ending,
        place: Slot,
        longest: float,
        warning: float,
    ) -> None:
        self._session, self._announcer, self._ending, self._place = session, announcer, ending, place
        self._clock = asyncio.get_running_loop().time
        self._end, self._warning = self._clock() + longest, warning

    async def run(self) -> None:
        await asyncio.sleep(min(GREETING, self._seconds_left() / 2))
        await self._wait_until(self._warning)
        await self._announce()
        await self._wait_until(0)
        used_up = self._clock() < self._end
        self._ending.say("time_is_up", "the minutes of the day are used up" if used_up else "the call took too long")

    def _seconds_left(self) -> float:
        left = self._end - self._clock()
        days = self._place.seconds_left()
        return left if days is None else min(left, days)

    async def _wait_until(self, before: float) -> None:
        while (wait := self._seconds_left() - before) > 0:  # noqa: ASYNC110 - it is the time that is waited for
            await asyncio.sleep(min(wait, LOOKS_EVERY))

    async def _announce(self) -> None:
        """Not over what the caller says; but who makes no pause is told nevertheless, and cannot talk over it."""
        paused = await self._pause()
        if not self._ending.begun:
            self._announcer.say("ending_soon", allow_interruptions=paused)

    async def _pause(self) -> bool:
        until = self._clock() + PAUSE_WITHIN
        while (speaking := self._session.user_state == "speaking") and self._clock() < until:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        return not speaking
