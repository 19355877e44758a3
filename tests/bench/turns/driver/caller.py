"""A caller who keeps to a Talk: waits for the line to be quiet, or speaks over it on purpose."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from phone.call import Call
from phone.sound.listening import BRIDGE, speech_end, until
from phone.wire.dialog import NotAnsweredError
from phone.wire.outgoing import Target

if TYPE_CHECKING:
    from collections.abc import Callable

    from phone.audio import Pcm
    from phone.wire.rtp import Playback
    from tests.bench.turns.driver.talk import Step, Talk

# s of quiet after the caller was cut off, or after a reply that broke off. A second answer may follow, late where the
# agent thinks that the caller is not done, and must not be taken for one to the next sentence.
SETTLED = 3.5
BROKE_OFF = 0.5  # s; a reply shorter than this was begun in error


@dataclass
class Held:
    """A call that is over. `said` has one entry a step, None for what could not be said."""

    talk: Talk
    call: Call | None = None
    refused: NotAnsweredError | None = None
    said: list[Playback | None] = field(default_factory=list)
    ran_out: bool = False


async def hold(talk: Talk, gateway: tuple[str, int], load: Callable[[str], Pcm]) -> Held:
    """Dial, talk, hang up."""
    sounds = [load(step.sound) for step in talk.steps]  # read beforehand: a disk must not hold up the clock
    held = Held(talk)
    await asyncio.sleep(talk.delay)
    try:
        held.call = await Call.dial(Target(gateway, talk.number, talk.caller))
    except NotAnsweredError as error:
        held.refused = error
        return held
    async with held.call as call:
        try:
            async with asyncio.timeout(talk.max_seconds):
                await _Caller(call, talk).follow(sounds, held.said)
        except TimeoutError:
            held.ran_out = True
    return held


class _Caller:
    def __init__(self, call: Call, talk: Talk) -> None:
        self._call, self._talk = call, talk
        self._now = asyncio.get_running_loop().time
        self._last: float | None = None  # loop time of our own last sound

    async def follow(self, sounds: list[Pcm], said: list[Playback | None]) -> None:
        if not await self._call.line_speaks(self._talk.greeting_timeout):
            said.extend(None for _ in sounds)
            return
        steps = self._talk.steps
        for number, (step, pcm) in enumerate(zip(steps, sounds, strict=True)):
            if step.into is None and number == 0:
                await self._call.line_quiet(self._talk.patience, self._talk.max_seconds)
            ready = step.into is None or await self._line_is_into(step)
            said.append(await self._say(step, pcm) if ready and not self._call.ended.done() else None)
            if number + 1 == len(steps) or steps[number + 1].into is None:
                await self._hear_out(said[-1])
        if not steps:
            await self._call.line_quiet(self._talk.patience, self._talk.max_seconds)
        await self._call.stay(self._talk.stay)

    async def _say(self, step: Step, pcm: Pcm) -> Playback:
        playback = self._call.say(pcm, step.sound)
        await playback.finished()
        self._last = (playback.started or 0.0) + speech_end(pcm)
        return playback

    async def _line_is_into(self, step: Step) -> bool:
        """Wait until the line has spoken, after our last sound, for as long as the step says."""
        ear, last = self._call.ear, self._last or 0.0
        within = self._talk.reply_timeout
        if not await until(lambda: (ear.onset or 0.0) > last or self._call.ended.done(), within):
            return False
        if ear.onset is None or ear.onset <= last:
            return False
        await self._call.stay(ear.onset + (step.into or 0.0) - self._now())
        return True

    async def _hear_out(self, playback: Playback | None) -> None:
        """The reply to our last sound, to its end. Speech that still runs from before is not a reply."""
        ear, last = self._call.ear, self._last or 0.0
        onset, last_sound = ear.onset or 0.0, ear.last_sound or 0.0
        running = onset < last < last_sound + BRIDGE
        cut_off = playback is not None and (playback.started or 0.0) < onset < last
        await self._call.line_speaks(self._talk.reply_timeout, since=last + BRIDGE if running else last)
        await self._call.line_quiet(self._talk.patience, self._talk.max_seconds)
        if cut_off or running or (ear.last_sound or 0.0) - (ear.onset or 0.0) < BROKE_OFF:
            await self._call.line_quiet(SETTLED, self._talk.max_seconds)
