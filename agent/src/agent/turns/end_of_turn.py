"""Whether a caller who has fallen silent is going to go on, judged by their last words and by their voice's melody.

People pause inside a sentence where it cannot end: after "the", after "um", between the figures of a number; and they
keep their voice up. Each of the two clues misses what the other catches. Both are there when the question comes up: the
words are transcribed early, and the melody takes 0.05 s.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from livekit import rtc
from livekit.agents import LanguageCode
from livekit.agents.inference.eot.languages import LOCAL_LANGUAGES
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS, APIConnectOptions
from livekit.agents.voice.turn import TurnDetectionEvent

from agent.turns.lexical_cue import Hint, LexicalCue
from agent.turns.prosody import WITHIN, Prosody

logger = logging.getLogger(__name__)

# livekit-agents takes a turn for over when the melody's probability reaches a threshold, which depends on the language.
# Around it the melody tells little. In parts of it, from the bench (docs/turns.md): below the
# first there is hardly an end, above the second hardly a pause inside a sentence.
SURELY_UNFINISHED = 0.83
SURELY_DONE = 1.4
ALWAYS, NEVER = 0.0, 2.0  # thresholds for a probability


@dataclass(frozen=True, slots=True)
class Waits:
    """Seconds since the caller's last sound after which it is the agent's turn."""

    done: float  # the sentence is over
    unsure: float  # there is something to be said for either
    unfinished: float  # it is not over

    def after(self, hint: Hint | None, melody: float | None) -> float:
        """`melody`: the probability of an end, in parts of the language's threshold. None: not known."""
        if hint is Hint.UNFINISHED:
            return self.unfinished
        if melody is not None and melody < SURELY_UNFINISHED:  # as one end in twelve is, too
            return self.unfinished if hint else (self.unsure + self.unfinished) / 2
        sure = melody is None or melody >= SURELY_DONE
        match hint:
            case Hint.NUMBER:
                return self.unsure
            case Hint.PART_OF_NUMBER:
                return self.unsure if melody is not None and sure else self.unfinished
            case None:
                return self.done if sure else self.unsure


class EndOfTurn:
    """A turn detector for AgentSession, which knows two waits; `wait_up_to` is told the longer one before each use.

    Of `words` and `melody` one may be None: then the other decides alone.
    """

    model = "last words and melody"
    provider = "landline"

    def __init__(
        self,
        language: str,
        waits: Waits,
        words: LexicalCue | None,
        melody: Prosody | None,
        wait_up_to: Callable[[float], None],
    ) -> None:
        self._said, self._heard = "", ""  # by the caller: in this turn so far, and for sure
        self._waits, self._words, self._melody, self._wait_up_to = waits, words, melody, wait_up_to
        self._threshold = LOCAL_LANGUAGES.get(language, LOCAL_LANGUAGES["en"])

    def stream(self, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS) -> "_Stream":
        return _Stream(self, self._melody)

    def hear(self, words: str, *, final: bool) -> None:
        """What the caller said next, or what it may have been, until it is told again."""
        self._said = f"{self._heard} {words}"
        if final:
            self._heard = self._said

    def forget(self) -> None:
        """What was said is answered."""
        self._said = self._heard = ""

    def is_over(self, probability: float | None) -> bool:
        """Whether the shortest wait will do; if not, the session is told how long to wait."""
        hint = self._words.hint(self._said) if self._words else None
        wait = self._waits.after(hint, None if probability is None else probability / self._threshold)
        logger.debug("%s, melody %s: %.1f s", hint, probability, wait)
        self._wait_up_to(wait)
        return wait <= self._waits.done


class _Stream:
    """What livekit-agents asks of a detector that listens: at each pause, and once more at its end."""

    model = EndOfTurn.model
    provider = EndOfTurn.provider
    is_fallback = False
    prediction_timeout = 2 * WITHIN

    def __init__(self, detector: EndOfTurn, melody: Prosody | None) -> None:
        self._detector, self._melody = detector, melody
        self._probability: float | None = None
        self._asking: asyncio.Task[None] | None = None
        self._answer: asyncio.Future[TurnDetectionEvent] | None = None

    def push_audio(self, frame: rtc.AudioFrame) -> None:
        if self._melody:
            self._melody.hear(np.frombuffer(frame.data, np.int16))

    def predict(self) -> asyncio.Future[TurnDetectionEvent]:
        self.cancel_inference()
        self._answer = asyncio.get_running_loop().create_future()
        self._asking = asyncio.create_task(self._ask(self._answer))
        return self._answer

    async def unlikely_threshold(self, language: LanguageCode | None) -> float | None:
        # The one moment at which words and melody are both known: the session compares the answer with this.
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
        if self._melody:
            self._melody.forget()
        self.cancel_inference()

    def end_input(self) -> None:
        self.flush()

    async def aclose(self) -> None:
        self.flush()
        if self._melody:
            self._melody.close()

    async def _ask(self, answer: asyncio.Future[TurnDetectionEvent]) -> None:
        self._probability = await self._melody.probability() if self._melody else None
        if not answer.done():
            answer.set_result(_event(0.5 if self._probability is None else self._probability))


def _event(probability: float) -> TurnDetectionEvent:
    return TurnDetectionEvent("eot_prediction", end_of_turn_probability=probability, last_speaking_time=time.time())
