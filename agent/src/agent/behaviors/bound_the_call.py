"""No call lasts for ever: its end is announced, and then it is ended with a goodbye."""

import asyncio

from agent.conversation.call import Call

LOOKS_EVERY = 1.0  # seconds; what the day's minutes leave may change, as other calls use them too
GREETING = 10.0  # seconds at the beginning in which nothing is announced
PAUSE_WITHIN = 5.0  # seconds for which the announcement waits for a pause of the caller


def bound_the_call(call: Call) -> asyncio.Task[None]:
    """End the call after `call.longest` seconds from now, or when the day's minutes are used up.

    The caller is told `handling.call_warning` seconds before.
    """
    task = asyncio.create_task(_Bounds(call).run())
    call.session.on("close", lambda _: task.cancel())
    return task


class _Bounds:
    def __init__(self, call: Call) -> None:
        self._session, self._announcer, self._ending, self._slot = call.session, call.announcer, call.ending, call.slot
        self._clock = asyncio.get_running_loop().time
        self._end, self._warning = self._clock() + call.longest, call.line.handling.call_warning

    async def run(self) -> None:
        await asyncio.sleep(min(GREETING, self._seconds_left() / 2))
        await self._wait_until(self._warning)
        await self._announce()
        await self._wait_until(0)
        used_up = self._clock() < self._end
        self._ending.say("time_is_up", "the minutes of the day are used up" if used_up else "the call took too long")

    def _seconds_left(self) -> float:
        left = self._end - self._clock()
        days = self._slot.seconds_left()
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
