"""Speech to text that does not wait for the end of a turn, for engines that take a whole utterance at a time.

livekit-agents' `StreamAdapter` asks such an engine when voice activity detection has seen the speech end. Here it is
asked as soon as the caller pauses, while it is still open whether they go on: when they have not, the transcript is
there already, and the reply to it under way (a PREFLIGHT_TRANSCRIPT starts preemptive generation).
"""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from livekit import rtc
from livekit.agents import APIConnectOptions, NotGivenOr, stt, utils, vad
from livekit.agents.stt import SpeechEventType
from livekit.agents.stt.stream_adapter import StreamAdapterWrapper
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS, NOT_GIVEN
from livekit.agents.vad import VADEventType

from agent import languages
from agent.background import begin
from agent.turns.sound import levels, samples_of, voice_activity

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

SILENT = 0.35  # probability of speech, as for voice activity detection's own end of speech
QUIET = 0.1  # of the loudest so far: 20 dB below it
DOUBTFUL = 0.9  # probability of speech: it leaves 1 with the first silence, where a plosive's closure leaves it
WAVERING = 0.1  # a rise of it that is a faint last consonant, not silence


class EagerSTT(stt.StreamAdapter):
    """Transcripts from `engine`, which is asked when the caller has been silent for `pause` seconds.

    It is asked in vain where they go on, so each further request of a piece of speech waits for twice the silence.
    Where a segment ends is `voice_activity`'s to tell; its FINAL_TRANSCRIPT is the early one, unless the caller went
    on meanwhile. What was asked in vain is left to finish: breaking it off would cost the warm connection.
    """

    def __init__(self, engine: stt.STT[Any], voice_activity: vad.VAD, pause: float) -> None:
        super().__init__(stt=engine, vad=voice_activity)
        self._pause = pause
        self._streams = 0
        self.worth_telling: Callable[[str], bool] = bool  # a segment's words, none included, before anybody is told
        self.told_nothing: Callable[[], object] = lambda: None  # the segment is over, and was not worth it

    @property
    def is_listening(self) -> bool:
        """Whether it hears a caller now; in a `FallbackSTT` it may be another engine that does."""
        return self._streams > 0

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """While one of its streams hears a caller."""
        self._streams += 1
        try:
            yield
        finally:
            self._streams -= 1

    def stream(
        self,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
    ) -> stt.RecognizeStream:
        """One caller's transcripts."""
        return _Stream(
            self, vad=self._vad, wrapped_stt=self._stt, language=language, conn_options=conn_options, pause=self._pause
        )


class FallbackSTT(stt.FallbackAdapter):
    """livekit-agents' adapter, which tells what `engines` it was made of."""

    def __init__(self, engines: list[stt.STT[Any]], voice_activity: vad.VAD) -> None:
        super().__init__(engines, vad=voice_activity, max_retry_per_stt=0)
        self.engines = engines


def eager_engines(engine: object) -> list[EagerSTT]:
    """Which of a session's speech to text transcribe early: itself, or some of those that stand in for each other."""
    engines = engine.engines if isinstance(engine, FallbackSTT) else [engine]
    return [each for each in engines if isinstance(each, EagerSTT)]


@dataclass
class _Segment:
    frames: list[rtc.AudioFrame] = field(default_factory=list)
    silence: float = 0.0  # seconds, at its end so far
    loudest: float = 0.0
    doubt: float = 1.0  # the lowest probability of speech in that silence
    asked: int = 0  # early transcripts
    early: "asyncio.Task[stt.SpeechEvent] | None" = None  # the transcript of all but that silence

    def hear(self, event: vad.VADEvent) -> None:
        self.frames += event.frames
        samples = samples_of(event.frames)
        level = float(levels(samples, len(samples))[0])
        self.loudest = max(self.loudest, level)
        fading = event.probability < min(DOUBTFUL, self.doubt + WAVERING)
        if event.probability <= SILENT or (fading and level < QUIET * self.loudest):
            self.silence += sum(frame.duration for frame in event.frames)
            self.doubt = min(self.doubt, event.probability)
        else:
            self.silence, self.doubt, self.early = 0.0, 1.0, None


def _text(result: stt.SpeechEvent) -> str:
    """Empty where there are no words in it: an engine may write down music as ♪ or [Music]."""
    text = result.alternatives[0].text.strip() if result.alternatives else ""
    return text if languages.plain(text) else ""


class _Stream(StreamAdapterWrapper):
    def __init__(self, adapter: EagerSTT, *, pause: float, **adapted: Any) -> None:
        super().__init__(adapter, **adapted)
        self._adapter = adapter
        self._pause = pause

    async def _run(self) -> None:
        with self._adapter.listening():
            await self._hear()

    async def _hear(self) -> None:
        segment = _Segment()
        async with voice_activity(self._vad, self._input_ch) as events:
            async for event in events:
                match event.type:
                    case VADEventType.START_OF_SPEECH:
                        segment = _Segment(list(event.frames))
                        self._tell(SpeechEventType.START_OF_SPEECH)
                    case VADEventType.INFERENCE_DONE if event.speaking:
                        segment.hear(event)
                        if segment.silence >= self._pause * 2**segment.asked and segment.early is None:
                            self._ask_early(segment)
                    case VADEventType.END_OF_SPEECH:
                        await self._finish(segment, event)

    def _ask_early(self, segment: _Segment) -> None:
        def tell(early: "asyncio.Task[stt.SpeechEvent]") -> None:
            failed = early.cancelled() or early.exception() is not None  # `_finish` will meet the failure
            current = early is segment.early and not self._event_ch.closed  # the call may be over
            if not failed and current and _text(early.result()):
                self._tell(SpeechEventType.PREFLIGHT_TRANSCRIPT, alternatives=early.result().alternatives[:1])

        segment.asked += 1
        segment.early = self._transcribe(segment.frames)
        segment.early.add_done_callback(tell)

    async def _finish(self, segment: _Segment, event: vad.VADEvent) -> None:
        ended = time.time() - event.silence_duration - event.inference_duration
        self._tell(SpeechEventType.END_OF_SPEECH, speech_end_time=ended)
        result = await (segment.early or self._transcribe(event.frames))
        if self._adapter.worth_telling(_text(result)):
            final = SpeechEventType.FINAL_TRANSCRIPT
            self._tell(final, alternatives=result.alternatives[:1], speech_end_time=ended)
        else:
            self._adapter.told_nothing()

    def _transcribe(self, frames: list[rtc.AudioFrame]) -> "asyncio.Task[stt.SpeechEvent]":
        audio = utils.merge_frames(frames)
        options = self._wrapped_stt_conn_options
        return begin(self._wrapped_stt.recognize(audio, language=self._language, conn_options=options))

    def _tell(self, kind: SpeechEventType, **what: Any) -> None:
        self._event_ch.send_nowait(stt.SpeechEvent(kind, **what))
