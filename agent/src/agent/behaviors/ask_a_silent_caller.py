"""The agent asks a silent caller whether they are there, then says that it cannot hear them, then says goodbye.

livekit-agents' own timer (`user_away_timeout`) restarts with every sound, so the question would never be asked in a
call with a noise now and then.
"""

import asyncio

from livekit import rtc
from livekit.agents import (
    AgentStateChangedEvent,
    ChatMessage,
    ConversationItemAddedEvent,
    UserInputTranscribedEvent,
    UserStateChangedEvent,
)

from agent import languages
from agent.conversation.call import Call
from agent.conversation.hold import Hold
from agent.conversation.participants import came_by_browser
from agent.conversation.request_to_wait import is_request_to_wait

QUESTIONS = ("still_there", "cannot_hear")
HOLD_CHECKED_EVERY = 1.0  # seconds
# Seconds on hold without packets after which the agent hangs up. The gateway does so after 120 s, except when comfort
# noise comes, which it does not pass on.
LONGEST_WITHOUT_PACKETS = 130.0
WORDS_WITHIN = 2.0  # seconds after a sound within which speech to text reports its words, if it has any


def ask_a_silent_caller(call: Call) -> None:
    """Ask whenever `handling.silent_caller_after` has passed without a word or a digit since the agent last spoke.

    A caller who has asked for a moment is first left in peace for `handling.hold_patience`, and so is one whose browser
    sends no sound, because typing takes longer. A caller who has put the line on hold is not asked. When they come
    back, they have as long again to say something.
    """
    hold = Hold(call.session, call.participant)
    watching = asyncio.create_task(hold.watch())
    call.session.on("close", lambda _: watching.cancel())
    timer = _SilenceTimer(call, hold)
    call.session.on("agent_state_changed", timer.watch_agent)
    call.session.on("user_state_changed", timer.listen)
    call.session.on("user_input_transcribed", timer.hear)
    call.session.on("conversation_item_added", timer.take_turn)
    call.room.on("sip_dtmf_received", timer.notice_caller)


class _SilenceTimer:
    """Measures how long the caller has said nothing while it was their turn."""

    def __init__(self, call: Call, hold: Hold) -> None:
        self._session, self._announcer, self._ending = call.session, call.announcer, call.ending
        self._transfer = call.transfer
        self._handling, self._phrases = call.line.handling, call.phrases
        self._participant = call.participant
        self._waits = False  # whether the caller has asked for a moment
        self._hold = hold
        self._held_since: float | None = None  # loop time; None while the caller is not on hold
        self._asked = 0
        self._due: float | None = None  # loop time; None while it is not the caller's turn
        self._timer: asyncio.TimerHandle | None = None

    def watch_agent(self, event: AgentStateChangedEvent) -> None:
        if event.new_state != "listening":
            self._due = None
            self._stop()
        elif event.old_state != "initializing":  # before the greeting, it is the agent's turn
            self._begin()

    def listen(self, event: UserStateChangedEvent) -> None:
        if event.new_state == "speaking":  # or something that sounds like speech
            self._stop()
        elif self._due is not None:
            self._wait_until(max(self._due, asyncio.get_running_loop().time() + WORDS_WITHIN))

    def hear(self, event: UserInputTranscribedEvent) -> None:
        if languages.plain(event.transcript):
            self.notice_caller()

    def take_turn(self, event: ConversationItemAddedEvent) -> None:
        """Be patient after a request to wait, until the caller says or types something else."""
        if isinstance(event.item, ChatMessage) and event.item.role == "user":
            self._waits = is_request_to_wait(event.item.text_content or "", self._phrases)
            self._asked = 0

    def notice_caller(self, _: rtc.SipDTMF | None = None) -> None:
        """Start over: the caller is there."""
        self._asked, self._held_since = 0, None
        if self._due is not None:
            self._begin()

    def _begin(self) -> None:
        patient = self._waits or _types(self._participant)
        patience = self._handling.hold_patience if patient else self._handling.silent_caller_after
        self._due = asyncio.get_running_loop().time() + patience
        if self._session.user_state != "speaking":
            self._wait_until(self._due)

    def _wait_until(self, moment: float) -> None:
        self._stop()
        self._timer = asyncio.get_running_loop().call_at(moment, self._ask)

    def _ask(self) -> None:
        if self._ending.begun:
            return
        if self._transfer.rests:  # the caller waits for a person, or talks with one
            self._begin()
            return
        if self._hold.is_on:
            self._wait_for_the_end_of_the_hold()
            return
        if self._held_since is not None:  # the caller is back
            self._held_since = None
            self._begin()
            return
        if self._asked == len(QUESTIONS):
            self._ending.say("silent", "the caller was silent")
            return
        self._waits = False
        self._begin()  # in case the question cannot be said; otherwise the timer restarts after the question
        self._announcer.say(QUESTIONS[self._asked])
        self._asked += 1

    def _wait_for_the_end_of_the_hold(self) -> None:
        now = asyncio.get_running_loop().time()
        self._held_since = self._held_since or now
        if self._hold.seconds_without_packets >= LONGEST_WITHOUT_PACKETS:
            self._ending.say("silent", "nothing came from the caller's phone")
        elif self._hold.has_music and now - self._held_since >= self._handling.longest_talk:
            self._ending.say("endless", "the caller was on hold")
        else:
            self._wait_until(now + HOLD_CHECKED_EVERY)

    def _stop(self) -> None:
        if self._timer:
            self._timer.cancel()


def _types(participant: rtc.RemoteParticipant) -> bool:
    """Return whether the caller cannot be heard, because their browser has no microphone, or has muted it."""
    if not came_by_browser(participant):
        return False
    sound = [it for it in participant.track_publications.values() if it.kind == rtc.TrackKind.KIND_AUDIO]
    return all(it.muted for it in sound)
