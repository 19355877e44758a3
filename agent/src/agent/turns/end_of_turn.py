"""Judging whether a caller who has fallen silent will go on, by a lexical cue and by prosody.

People pause inside a sentence where it cannot end: after "the", after "um", between the digits of a number. They also
keep the pitch of their voice up when they pause there. Each of these two clues catches what the other one misses, and
both are available in time: the words are transcribed early, and prosody takes 0.05 s.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from livekit import rtc
from livekit.agents import DEFAULT_API_CONNECT_OPTIONS, APIConnectOptions, LanguageCode

from agent.framework import TurnDetectionEvent, end_of_turn_threshold
from agent.turns.lexical_cue import Hint, LexicalCue
from agent.turns.prosody import ANSWERED_WITHIN, Prosody

logger = logging.getLogger(__name__)

# livekit-agents considers a turn over when the probability that prosody gives reaches a threshold, which depends on the
# language. Near the threshold, prosody says little. These are multiples of it, measured by the bench (docs/turns.md):
# below the first, a turn is hardly ever over; above the second, there is hardly ever a pause inside a sentence.
SURELY_UNFINISHED = 0.83
SURELY_DONE = 1.4
ALWAYS, NEVER = 0.0, 2.0  # thresholds for a probability


@dataclass(frozen=True, slots=True)
class Waits:
    """Seconds after the caller's last sound at which it is the agent's turn."""

    done: float  # the sentence is over
    unsure: float  # the sentence may be over or not
    unfinished: float  # the sentence is not over

    def after(self, hint: Hint | None, prosody: float | None) -> float:
        """Return the wait. `prosody` is the probability of an end, as a multiple of the threshold; None if unknown."""
        if hint is Hint.UNFINISHED:
            return self.unfinished
        if prosody is not None and prosody < SURELY_UNFINISHED:  # one true end of turn in twelve is below it, too
            return self.unfinished if hint else (self.unsure + self.unfinished) / 2
        sure = prosody is None or prosody >= SURELY_DONE
        match hint:
            case Hint.NUMBER:
                return self.unsure
            case Hint.PART_OF_NUMBER:
                return self.unsure if prosody is not None and sure else self.unfinished
            case None:
                return self.done if sure else self.unsure


class EndOfTurn:
    """A turn detector for AgentSession.

    The session knows two waits, a shorter and a longer one; `set_longer_wait` sets the longer one before each use.
    Either `words` or `prosody` may be None; the other one then decides alone.
    """

    model = "lexical cue and prosody"
    provider = "landline"

    def __init__(
        self,
        language: str,
        waits: Waits,
        words: LexicalCue | None,
        prosody: Prosody | None,
        set_longer_wait: Callable[[float], None],
        region: str | None = None,
    ) -> None:
        """`region` (ISO 3166) is where telephone numbers without a country code are."""
        self._asked = ""  # what the agent said last
        self._said, self._final = "", ""  # in this turn: all that was said, and what has a final transcript
        self._region = region
        self._waits, self._words, self._prosody, self._set_longer_wait = waits, words, prosody, set_longer_wait
        self._threshold = end_of_turn_threshold(language)

    def stream(self, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS) -> "_Stream":
        """Make the stream that judges one caller's turns."""
        return _Stream(self, self._prosody)

    def ask(self, words: str) -> None:
        """Note what the agent has said: the caller's next turn may be the answer to it."""
        self._asked = words

    def hear(self, words: str, *, final: bool) -> None:
        """Add what the caller said next, after a pause; a transcript that is not final is replaced by the next one."""
        self._said = f"{self._final}\n{words}"
        if final:
            self._final = self._said

    def forget(self) -> None:
        """Begin a new turn: what was said has been answered."""
        self._said = self._final = ""

    def is_over(self, probability: float | None) -> bool:
        """Return whether the shorter wait will do; if not, the session is given the longer one."""
        hint = self._words.hint(self._said, self._asked, self._region) if self._words else None
        wait = self._waits.after(hint, None if probability is None else probability / self._threshold)
        logger.debug("The end of a turn is judged by %s and prosody %s: wait %.1f s", hint, probability, wait)
        self._set_longer_wait(wait)
        return wait <= self._waits.done


class _Stream:
    """The stream that livekit-agents asks about a turn: at each pause, and once more at the end of the pause."""

    model = EndOfTurn.model
    provider = EndOfTurn.provider
    is_fallback = False
    prediction_timeout = 2 * ANSWERED_WITHIN

    def __init__(self, detector: EndOfTurn, prosody: Prosody | None) -> None:
        self._detector, self._prosody = detector, prosody
        self._probability: float | None = None
        self._asking: asyncio.Task[None] | None = None
        self._answer: asyncio.Future[TurnDetectionEvent] | None = None

    def push_audio(self, frame: rtc.AudioFrame) -> None:
        if self._prosody:
            self._prosody.hear(np.frombuffer(frame.data, np.int16))

    def predict(self) -> asyncio.Future[TurnDetectionEvent]:
        self.cancel_inference()
        self._answer = asyncio.get_running_loop().create_future()
        self._asking = asyncio.create_task(self._ask(self._answer))
        return self._answer

    async def unlikely_threshold(self, language: LanguageCode | None) -> float | None:
        # The session compares the answer with this threshold. Only now are both the words and the prosody known.
        return ALWAYS if self._detector.is_over(self._probability) else NEVER

    async def backchannel_threshold(self, language: LanguageCode | None) -> float | None:
        return None

    async def supports_language(self, language: LanguageCode | None) -> bool:
        return True

    def cancel_inference(self, *, timed_out: bool = False) -> None:
        if self._asking:
            self._asking.cancel()
        if self._answer and not self._answer.done():
            self._answer.set_result(_event(0.0))
        self._asking = self._answer = None

    def flush(self, reason: str | None = None) -> None:
        self._detector.forget()
        if self._prosody:
            self._prosody.forget()
        self.cancel_inference()

    def end_input(self) -> None:
        self.flush()

    async def aclose(self) -> None:
        self.flush()
        if self._prosody:
            self._prosody.close()

    async def _ask(self, answer: asyncio.Future[TurnDetectionEvent]) -> None:
        self._probability = await self._prosody.probability() if self._prosody else None
        if not answer.done():
            answer.set_result(_event(0.5 if self._probability is None else self._probability))


def _event(probability: float) -> TurnDetectionEvent:
    return TurnDetectionEvent("eot_prediction", end_of_turn_probability=probability, last_speaking_time=time.time())
