"""Holds one scripted call: waits for the answer and the greeting, says each thing, hears each reply out, hangs up."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from phone.call import Call
from phone.report.observation import Observation, observe
from phone.sound.listening import BRIDGE, speech_end
from phone.wire.dialog import NotAnsweredError

if TYPE_CHECKING:
    from collections.abc import Callable

    from phone.audio import Pcm
    from phone.wire.dialog import Target
    from phone.wire.rtp import Playback


@dataclass(frozen=True)
class Saying:
    """Something the caller says (`pcm`), or keys that the caller presses."""

    text: str
    pcm: Pcm = field(default_factory=lambda: np.zeros(0, np.int16))
    keys: str = ""
    late_ends: bool = False  # of the keys, see Call.press
    at: float | None = None  # seconds after the answer, whatever the far end does then; None: when it is quiet
    pause: float = 0.0  # seconds for which no packets are sent; nothing is said then
    on_hold: bool = False  # the far end is on hold meanwhile
    request: tuple[str, str, str] | None = None  # a SIP request instead: its method, and the type and text of its body

    @property
    def is_text(self) -> bool:
        """Whether the text has still to be synthesized."""
        return not self.keys and not len(self.pcm) and not self.is_quiet

    @property
    def is_quiet(self) -> bool:
        """Whether nobody says anything, so that the line need not reply."""
        return bool(self.on_hold or self.pause or self.request)


@dataclass(frozen=True)
class Script:
    """What the caller does in a call. All times are seconds; all but `patience` are upper bounds."""

    sayings: tuple[Saying, ...] = ()
    greeted: bool = True  # wait for a greeting first
    patience: float = 2.0  # the quiet that ends a greeting or a reply
    ring_timeout: float = 30.0
    greeting_timeout: float = 10.0
    reply_timeout: float = 30.0
    stay: float = 0.0  # how long the caller stays after the last reply
    max_seconds: float = 180.0  # after the answer
    honour_sdp: bool = False


async def converse(
    target: Target, script: Script, tell: Callable[[float, float | None], None] = lambda _answered, _word: None
) -> Observation:
    """Place the call, follow the script, hang up whatever happens, and return what was observed.

    `tell` is called during the call with the time of the answer and of the line's first word (None: not yet).
    """
    try:
        call = await Call.dial(target, script.ring_timeout, honour_sdp=script.honour_sdp)
    except NotAnsweredError as error:
        return Observation(error.status, error.phrase, rang=0.0 if error.rang else None, answer=error.answer)
    zero = call.progress.invited
    ran_out = False
    async with call:
        try:
            async with asyncio.timeout(script.max_seconds):
                if script.greeted:
                    await call.line_speaks(script.greeting_timeout)
                tell((call.progress.answered or zero) - zero, call.ear.onset - zero if call.ear.onset else None)
                await _follow(call, script)
        except TimeoutError:
            ran_out = True
    seen = observe(call)
    spoken = sum(not saying.is_quiet for saying in script.sayings)
    return replace(seen, unsaid=spoken - len(seen.said), ran_out=ran_out)


async def _follow(call: Call, script: Script) -> None:
    if script.greeted:
        await call.line_quiet(script.patience, script.max_seconds)
    for saying, then in zip(script.sayings, (*script.sayings, None)[1:], strict=True):
        if saying.at is not None:
            await _until(call, saying.at)
        if call.ended.done():
            return
        if saying.on_hold:
            await call.hold()
        playback = await _say(call, saying)
        if saying.on_hold:
            await call.resume()
        if playback is None or (then and then.at is not None):
            continue
        # A reply may begin before the last sound is out. Speech that goes on from before is not a reply.
        said = (playback.started or 0.0) + (speech_end(saying.pcm) if len(saying.pcm) else 0.0)
        if await call.line_speaks(script.reply_timeout, since=said + BRIDGE if _talked_over(call, said) else said):
            await call.line_quiet(script.patience, script.max_seconds)
    await call.stay(script.stay)


async def _say(call: Call, saying: Saying) -> Playback | None:
    """Say it to its end; None if there was nothing to say."""
    if saying.request:
        await call.request(*saying.request)
    elif saying.pause:
        await call.pause(saying.pause)
    elif saying.on_hold:
        await call.play(saying.pcm).finished()
    else:
        keys = saying.keys
        playback = call.press(keys, late_ends=saying.late_ends) if keys else call.say(saying.pcm, saying.text)
        await playback.finished()
        return playback
    return None


async def _until(call: Call, at: float) -> None:
    answered = call.progress.answered or call.progress.invited
    await call.stay(max(answered + at - asyncio.get_running_loop().time(), 0.0))


def _talked_over(call: Call, moment: float) -> bool:
    return call.ear.quiet_for(moment) < BRIDGE
