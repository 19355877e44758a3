"""DTMF digits count as words: what a caller enters on the keypad becomes their turn, "(keys pressed) 1 2 3 4".

The caller may speak or use the keypad at any time; `languages/<language>/rules.md` tells the model so. The digits are
often secret, a card number or a PIN, so none of them is logged.
"""

import asyncio
import contextlib
from collections.abc import Callable

from livekit import rtc
from livekit.agents import AgentSession, ChatMessage, ConversationItemAddedEvent, UserStateChangedEvent

from agent import languages
from agent.conversation.call import Call

# Seconds after the caller's last sound within which their words become a turn. By then, a sound without words has been
# forgotten.
TURN_WITHIN = 3.0
LONGEST = 64  # digits, more than any number has
# Seconds from one turn of digits to the next. What is pressed meanwhile is one turn, so that a program in place of a
# browser can ask a model no faster than this, however much it sends.
APART = 1.0
# Seconds after a report of a digit within which nobody can press the next one: a press and the pause after it have
# at least 40 ms each (ITU-T Q.24). The network may still deliver the end of the digit before, and then the gateway
# reports that one and the present one again: "1 2 1 2".
NO_PRESS_WITHIN = 0.07


def take_digits(call: Call) -> None:
    """Collect DTMF digits until none has come for `handling.digits_timeout`, or until `handling.digits_end` comes.

    The first digit interrupts the agent. If the caller speaks meanwhile, the agent waits until they have finished, and
    answers both together. `digits_end` is a digit like any other when it comes alone.
    """
    session, ending, handling = call.session, call.ending, call.line.handling

    def answer(digits: str) -> None:
        if ending.begun:
            return
        _stop_speaking(session)
        with contextlib.suppress(RuntimeError):  # the call is over
            session.generate_reply(user_input=languages.KEYS_PRESSED.format(" ".join(digits)))

    collector = _DigitCollector(
        answer, lambda: session.user_state == "speaking", handling.digits_timeout, handling.digits_end
    )
    reports = _Reports()

    def take_digit(event: rtc.SipDTMF) -> None:
        somebody_else = event.participant is not None and event.participant.identity != call.participant.identity
        rests = ending.begun or call.transfer.rests or event.digit not in languages.KEYS
        if not somebody_else and not rests and not reports.is_repeated(event.digit):
            _stop_speaking(session)
            collector.add(event.digit)

    def listen(event: UserStateChangedEvent) -> None:
        if event.old_state == "speaking":
            collector.wait_for_turn()

    def take_turn(event: ConversationItemAddedEvent) -> None:
        if isinstance(event.item, ChatMessage) and event.item.role == "user":
            collector.join_turn()

    call.room.on("sip_dtmf_received", take_digit)
    session.on("user_state_changed", listen)
    session.on("conversation_item_added", take_turn)


def _stop_speaking(session: AgentSession[None]) -> None:
    with contextlib.suppress(RuntimeError):  # what must not be interrupted is finished before the digits are answered
        session.interrupt()


class _Reports:
    """Tells the digits that the gateway reports a second time from those that the caller presses."""

    def __init__(self) -> None:
        self._last_two = ("", "")
        self._last_at = -1.0  # loop time of the last report

    def is_repeated(self, digit: str) -> bool:
        """Return whether this is a report of the last two digits again; two equal digits cannot be told apart."""
        now = asyncio.get_running_loop().time()
        too_soon, self._last_at = now - self._last_at < NO_PRESS_WITHIN, now
        first, second = self._last_two
        self._last_two = second, digit
        return too_soon and first == digit != second


class _DigitCollector:
    """Collects digits, and gives them to `answer` when the number is complete and the caller is not speaking."""

    def __init__(
        self, answer: Callable[[str], None], caller_speaks: Callable[[], bool], timeout: float, end: str
    ) -> None:
        self._answer = answer
        self._caller_speaks = caller_speaks
        self._timeout = timeout
        self._end = end
        self._digits = ""
        self._complete = False
        self._timer: asyncio.TimerHandle | None = None
        self._next_at = 0.0  # loop time

    def add(self, digit: str) -> None:
        ends = digit == self._end and self._digits
        self._digits = (self._digits + ("" if ends else digit))[:LONGEST]
        if digit == self._end or len(self._digits) >= LONGEST:
            self._complete_number()
        else:
            self._complete = False
            self._start_timer(self._timeout, self._complete_number)

    def wait_for_turn(self) -> None:
        """Wait a moment after the caller has spoken: either their words become a turn, or there were none."""
        if self._complete:
            self._start_timer(TURN_WITHIN, self._complete_number)

    def join_turn(self) -> None:
        """Give the digits to the model together with the turn that the caller has spoken."""
        if self._complete:
            self._give()

    def _complete_number(self) -> None:
        self._stop_timer()
        self._complete = True
        if (seconds := self._next_at - asyncio.get_running_loop().time()) > 0:
            self._start_timer(seconds, self._complete_number)
        elif not self._caller_speaks():
            self._give()

    def _give(self) -> None:
        self._stop_timer()
        digits, self._digits, self._complete = self._digits, "", False
        self._next_at = asyncio.get_running_loop().time() + APART
        self._answer(digits)

    def _start_timer(self, seconds: float, then: Callable[[], None]) -> None:
        self._stop_timer()
        self._timer = asyncio.get_running_loop().call_later(seconds, then)

    def _stop_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = None
