"""No call lasts for ever: the agent announces the end, and then ends the call with a goodbye."""

import asyncio

from agent.conversation.call import Call

CHECKED_EVERY = 1.0  # seconds; other calls may use up the day's minutes meanwhile
GREETING = 10.0  # seconds at the beginning in which nothing is announced
PAUSE_WITHIN = 5.0  # seconds for which the announcement waits for the caller to pause


def bound_the_call(call: Call) -> asyncio.Task[None]:
    """End the call `call.longest` seconds from now, or when the day's minutes are used up.

    The agent announces the end `handling.call_warning` seconds before it.
    """
    task = asyncio.create_task(_CallLimit(call).run())
    call.session.on("close", lambda _: task.cancel())
    return task


class _CallLimit:
    def __init__(self, call: Call) -> None:
        self._session, self._announcer, self._ending, self._slot = call.session, call.announcer, call.ending, call.slot
        self._transfer = call.transfer
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
        left_of_call = self._end - self._clock()
        left_of_day = self._slot.seconds_left()
        return left_of_call if left_of_day is None else min(left_of_call, left_of_day)

    async def _wait_until(self, before: float) -> None:
        while (wait := self._seconds_left() - before) > 0:  # noqa: ASYNC110 - only time has to pass
            await asyncio.sleep(min(wait, CHECKED_EVERY))

    async def _announce(self) -> None:
        """Announce the end when the caller pauses; if they do not, the announcement cannot be interrupted."""
        paused = await self._wait_for_pause()
        if not self._ending.begun and not self._transfer.taken_over:
            self._announcer.say("ending_soon", allow_interruptions=paused)

    async def _wait_for_pause(self) -> bool:
        until = self._clock() + PAUSE_WITHIN
        while (speaking := self._session.user_state == "speaking") and self._clock() < until:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        return not speaking
