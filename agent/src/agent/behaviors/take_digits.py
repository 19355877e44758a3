"""What a caller types on the phone's keys is as good as said: it becomes their turn, as "(keys pressed) 1 2 3 4".

Speech and keys are alternatives at any time; the model is told so by `languages/<language>/rules.md`. Keys are secrets
as often as not, a card's number or a PIN, so none is in the log.
"""

import asyncio
import contextlib
from collections.abc import Callable

from livekit import rtc
from livekit.agents import AgentSession, ChatMessage, ConversationItemAddedEvent, UserStateChangedEvent

from agent.conversation.call import Call

TURN = "(keys pressed) {}"
A_TURN_IS_TAKEN_WITHIN = 3.0  # seconds since its last sound; a noise that was none has been forgotten by then
LONGEST = 64  # keys: more than any number has


def take_digits(call: Call) -> None:
    """Collect the caller's keys until none has come for `handling.digits_timeout`, or `handling.digits_end` has.

    The first one interrupts the agent. A caller who speaks meanwhile is heard out, and both are answered together.
    The key that ends a number is a key like any other when it comes alone.
    """
    session, ending, handling = call.session, call.ending, call.line.handling

    def answer(keys: str) -> None:
        if ending.begun:
            return
        _stop_speaking(session)
        with contextlib.suppress(RuntimeError):  # the call is over
            session.generate_reply(user_input=TURN.format(" ".join(keys)))

    keys = _Keys(answer, lambda: session.user_state == "speaking", handling.digits_timeout, handling.digits_end)

    def press(event: rtc.SipDTMF) -> None:
        somebody_else = event.participant is not None and event.participant.identity != call.participant.identity
        if not somebody_else and not ending.begun:
            _stop_speaking(session)
            keys.press(event.digit)

    def listen(event: UserStateChangedEvent) -> None:
        if event.old_state == "speaking":
            keys.heard_out()

    def take(event: ConversationItemAddedEvent) -> None:
        if isinstance(event.item, ChatMessage) and event.item.role == "user":
            keys.turn_taken()

    call.room.on("sip_dtmf_received", press)
    session.on("user_state_changed", listen)
    session.on("conversation_item_added", take)


def _stop_speaking(session: AgentSession[None]) -> None:
    with contextlib.suppress(RuntimeError):  # what must not be interrupted is said to its end, and answered after
        session.interrupt()


class _Keys:
    """The keys pressed since the last answer; `answer` is given them when they are complete and nobody speaks."""

    def __init__(self, answer: Callable[[str], None], speaking: Callable[[], bool], timeout: float, end: str) -> None:
        self._answer = answer
        self._speaking = speaking
        self._timeout = timeout
        self._end = end
        self._pressed = ""
        self._complete = False
        self._timer: asyncio.TimerHandle | None = None

    def press(self, key: str) -> None:
        ends = key == self._end and self._pressed
        self._pressed += "" if ends else key
        if key == self._end or len(self._pressed) >= LONGEST:
            self._finish()
        else:
            self._complete = False
            self._wait(self._timeout, self._finish)

    def heard_out(self) -> None:
        """The caller, who spoke, is silent: what they said will be their turn in a moment, or was nothing."""
        if self._complete:
            self._wait(A_TURN_IS_TAKEN_WITHIN, self._finish)

    def turn_taken(self) -> None:
        """What the caller said is on its way to the model."""
        if self._complete:
            self._give()

    def _finish(self) -> None:
        self._stop_waiting()
        self._complete = True
        if not self._speaking():
            self._give()

    def _give(self) -> None:
        self._stop_waiting()
        keys, self._pressed, self._complete = self._pressed, "", False
        self._answer(keys)

    def _wait(self, seconds: float, then: Callable[[], None]) -> None:
        self._stop_waiting()
        self._timer = asyncio.get_running_loop().call_later(seconds, then)

    def _stop_waiting(self) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = None
