"""Holds one scripted call, placed or taken: waits for the greeting, says each thing, hears each reply out, hangs up."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from phone.call import Call, Ending
from phone.report.observation import Invited, Observation, observe
from phone.sound.listening import BRIDGE, speech_end
from phone.wire.dialog import NO_REFERRALS, PHRASES, AnswerToRefer, NotAnsweredError
from phone.wire.incoming import RINGING, TERMINATED

if TYPE_CHECKING:
    from collections.abc import Callable

    from phone.audio import Pcm
    from phone.wire.digest import Credentials
    from phone.wire.incoming import Invitation, Listener
    from phone.wire.outgoing import Target
    from phone.wire.rtp import Playback

    Tell = Callable[[float, float | None], None]


@dataclass(frozen=True)
class Saying:
    """Something the phone says (`pcm`), or keys that it presses."""

    text: str
    pcm: Pcm = field(default_factory=lambda: np.zeros(0, np.int16))
    keys: str = ""
    late_ends: bool = False  # of the keys, see Call.press
    at: float | None = None  # seconds after the answer, whatever the far end does then; None: when it is quiet
    pause: float = 0.0  # seconds for which no packets are sent; nothing is said then
    on_hold: bool = False  # the far end is on hold meanwhile
    beeps: bool = False  # a tone follows the words, as a voicemail's
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
    """What the phone does in a call. All times are seconds; all but `patience` are upper bounds."""

    sayings: tuple[Saying, ...] = ()
    greeted: bool = True  # wait for a greeting first
    patience: float = 2.0  # the quiet that ends a greeting or a reply
    ring_timeout: float = 30.0
    greeting_timeout: float = 10.0
    reply_timeout: float = 30.0
    stay: float = 0.0  # how long the phone stays after the last reply
    max_seconds: float = 180.0  # after the answer
    honour_sdp: bool = False
    refer: AnswerToRefer = NO_REFERRALS


@dataclass(frozen=True)
class Reception:
    """What the phone does with a call that comes. All times are seconds."""

    number: str | None = None  # that is called; None: any
    ring: float | None = 1.0  # before it answers or refuses; None: it rings until the far end gives up
    refuse: int | None = None  # with this SIP status
    wait: float = 60.0  # for the call, at most
    credentials: Credentials | None = None  # that the far end must know


def tell_nobody(_answered: float, _word: float | None) -> None:
    """Tell nobody about the beginning of a call."""


async def converse(target: Target, script: Script, tell: Tell = tell_nobody) -> Observation:
    """Place the call, follow the script, hang up whatever happens, and return what was observed.

    `tell` is called during the call with the time of the answer and of the line's first word (None: not yet).
    """
    try:
        call = await Call.dial(target, script.ring_timeout, honour_sdp=script.honour_sdp, refer=script.refer)
    except NotAnsweredError as error:
        return Observation(error.status, error.phrase, rang=0.0 if error.rang else None, answer=error.answer)
    return await _hold(call, script, tell)


async def be_called(listener: Listener, reception: Reception, script: Script, tell: Tell = tell_nobody) -> Observation:
    """Wait for a call and take it as `reception` says; once it is answered, all is as in `converse`."""
    expected = listener.expect(reception.number, reception.credentials)
    try:
        async with asyncio.timeout(reception.wait):
            invitation = await expected
    except TimeoutError:
        return Observation(None, f"nobody called within {reception.wait:g} s", who="person")
    finally:
        expected.cancel()
    address = ":".join(map(str, invitation.peer))
    seen = Observation(
        None,
        "",
        who="person",
        invited=Invited(invitation.called, invitation.caller, address),
        invited_at=invitation.at_clock,
    )
    try:
        return await _take(invitation, reception, script, tell, seen)
    except asyncio.CancelledError:
        if not invitation.is_concluded:
            invitation.respond(480, PHRASES[480])
        raise


async def _take(
    invitation: Invitation, reception: Reception, script: Script, tell: Tell, seen: Observation
) -> Observation:
    now, zero = asyncio.get_running_loop().time, invitation.at
    invitation.respond(*RINGING)
    seen = replace(seen, rang=now() - zero)
    if await _is_withdrawn(invitation, reception.ring):
        gave_up = Ending("line", now() - zero)
        return replace(seen, status=TERMINATED[0], phrase=TERMINATED[1], ended=gave_up, as_told=reception.ring is None)
    if reception.refuse is not None:
        refused = Ending("person", now() - zero, await invitation.conclude(reception.refuse))
        phrase = PHRASES.get(reception.refuse, "Refused")
        return replace(seen, status=reception.refuse, phrase=phrase, ended=refused, as_told=True)
    try:
        call = await Call.answer(invitation, refer=script.refer)
    except NotAnsweredError as error:
        return replace(seen, status=error.status, phrase=error.phrase)
    call.progress.rang = zero + (seen.rang or 0.0)
    return replace(await _hold(call, script, tell), invited=seen.invited)


async def _is_withdrawn(invitation: Invitation, within: float | None) -> bool:
    try:
        async with asyncio.timeout(within):
            return await invitation.withdrawn.wait()
    except TimeoutError:
        return False


async def _hold(call: Call, script: Script, tell: Tell) -> Observation:
    """Follow the script in a call that was answered, hang up whatever happens, and return what was observed."""
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
