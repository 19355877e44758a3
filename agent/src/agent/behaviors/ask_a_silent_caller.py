"""A caller who says nothing is asked whether they are there, told that they cannot be heard, and said goodbye to.

livekit-agents' own timer (`user_away_timeout`) begins again with every sound: a line with music or noise on it would
never be asked.
"""

import asyncio

from livekit import rtc
from livekit.agents import AgentStateChangedEvent, UserInputTranscribedEvent, UserStateChangedEvent

from agent import languages
from agent.conversation.call import Call

QUESTIONS = ("still_there", "cannot_hear")
VERDICT = 2.0  # seconds after a sound in which speech to text finds its words, if there are any


def ask_a_silent_caller(call: Call) -> None:
    """Ask after each `handling.silent_caller_after` without a word or a key; it begins when the agent has finished."""
    silence = _Silence(call)
    call.session.on("agent_state_changed", silence.watch)
    call.session.on("user_state_changed", silence.listen)
    call.session.on("user_input_transcribed", silence.hear)
    call.room.on("sip_dtmf_received", silence.notice_a_key)


class _Silence:
    """How long the caller has said nothing while it was their turn."""

    def __init__(self, call: Call) -> None:
        self._session, self._announcer, self._ending = call.session, call.announcer, call.ending
        self._longest = call.line.handling.silent_caller_after
        self._asked = 0
        self._due: float | None = None  # loop time; None while it is not the caller's turn
        self._timer: asyncio.TimerHandle | None = None

    def watch(self, event: AgentStateChangedEvent) -> None:
        if event.new_state != "listening":
            self._due = None
            self._stop()
        elif event.old_state != "initializing":  # before the greeting it is the agent's turn
            self._begin()

    def listen(self, event: UserStateChangedEvent) -> None:
        if event.new_state == "speaking":  # or sounds like it
            self._stop()
        elif self._due is not None:
            self._wait_until(max(self._due, asyncio.get_running_loop().time() + VERDICT))

    def hear(self, event: UserInputTranscribedEvent) -> None:
        if languages.plain(event.transcript):
            self.notice_a_key()

    def notice_a_key(self, _: rtc.SipDTMF | None = None) -> None:
        """There is somebody."""
        self._asked = 0
        if self._due is not None:
            self._begin()

    def _begin(self) -> None:
        self._due = asyncio.get_running_loop().time() + self._longest
        if self._session.user_state != "speaking":
            self._wait_until(self._due)

    def _wait_until(self, moment: float) -> None:
        self._stop()
        self._timer = asyncio.get_running_loop().call_at(moment, self._ask)

    def _ask(self) -> None:
        if self._ending.begun:
            return
        if self._asked == len(QUESTIONS):
            self._ending.say("silent", "the caller was silent")
            return
        self._begin()  # again when the agent has asked; this is for a question that could not be said
        self._announcer.say(QUESTIONS[self._asked])
        self._asked += 1

    def _stop(self) -> None:
        if self._timer:
            self._timer.cancel()
