"""A question to which only an answer counts that began when the question had been heard.

People say "yes?" into a question, and machines speak over it. Such a yes must not have anything done or told.
"""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator
from typing import Any

from livekit import rtc
from livekit.agents import Agent, ModelSettings
from livekit.agents.voice import SpeechHandle, io

from agent.conversation.call import Call
from agent.conversation.speech_outcome import was_heard_to_its_end
from agent.conversation.yes_or_no import Answer, YesOrNo

LAST_WORDS = 1.5  # seconds at the end of the question over which a yes counts, as in the middle of "Is that right?" ...
LAST_PART = 0.25  # ... but no more of it than this share


class HeardQuestion(YesOrNo):
    """The base of agents that read such a question aloud."""

    def __init__(self, call: Call, **options: Any) -> None:
        super().__init__(call, **options)
        self.sounds = asyncio.Event()  # set when the first of the question's sound has come
        self._output: io.AudioOutput | None = None
        self._heard_at: float | None = None  # loop time at which the question had been read out
        self._length, self._complete, self._played = 0.0, False, 0.0  # seconds of its sound; whether that is all of it

    async def on_enter(self) -> None:
        self._output = self.session.output.audio
        if self._output:
            self._output.on("playback_finished", self._take_position)
        await super().on_enter()

    async def on_exit(self) -> None:
        if self._output:
            self._output.off("playback_finished", self._take_position)
        await super().on_exit()

    async def tts_node(self, text: AsyncIterable[str], model_settings: ModelSettings) -> AsyncIterator[rtc.AudioFrame]:
        """Measure the question's sound."""
        self._length, self._complete = 0.0, False
        async for frame in Agent.default.tts_node(self, text, model_settings):
            self._length += frame.duration
            self.sounds.set()
            yield frame
        self._complete = True

    def read_aloud(self, question: str, *, to_somebody_else: bool = False) -> SpeechHandle:
        """Say the question. With `to_somebody_else`, who listens now has not heard it before, even if it was read."""
        self._played = 0.0
        self.sounds.clear()
        if to_somebody_else:
            self._heard_at = None
        speech = self.session.say(question)
        speech.add_done_callback(self._take_hearing)
        return speech

    def heard_before(self, answer: Answer) -> bool:
        """Return whether they knew what the question is when they began to answer."""
        return self._heard_at is not None and answer.began >= self._heard_at - self._last_words

    @property
    def _last_words(self) -> float:
        return min(LAST_WORDS, self._length * LAST_PART)

    def _take_hearing(self, question: SpeechHandle) -> None:
        almost = self._complete and self._played >= self._length - self._last_words
        if self._heard_at is None and (was_heard_to_its_end(question) or almost):
            self._heard_at = asyncio.get_running_loop().time()

    def _take_position(self, event: io.PlaybackFinishedEvent) -> None:
        self._played = event.playback_position
