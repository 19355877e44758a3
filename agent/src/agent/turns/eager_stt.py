"""Speech to text that does not wait for the end of a turn, for engines that take a whole utterance at a time.

livekit-agents' `StreamAdapter` asks such an engine once voice activity detection has seen the speech end. This module
asks as soon as the caller pauses, before it is clear whether they will go on. If they do not, the transcript exists
already, and the reply to it is under way, because a PREFLIGHT_TRANSCRIPT starts preemptive generation.
"""

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from livekit.agents import DEFAULT_API_CONNECT_OPTIONS, NOT_GIVEN, APIConnectOptions, NotGivenOr, stt, vad
from livekit.agents.stt import SpeechEventType
from livekit.agents.vad import VADEventType

from agent import languages
from agent.background import begin
from agent.framework import UtteranceStream
from agent.providers.rate_limit import limits
from agent.turns.made_up import MadeUp, Sound
from agent.turns.sound import levels, samples_of, voice_activity

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

SILENT = 0.35  # probability of speech that voice activity detection takes for the end of speech, too
QUIET = 0.1  # of the loudest level so far: 20 dB below it
DOUBTFUL = 0.9  # probability of speech: the first silence is below it, the closure of a plosive is not
WAVERING = 0.1  # a probability that rises by this much means a faint last consonant, not silence


class EagerSTT(stt.StreamAdapter):
    """Transcribes with `engine`, which is asked when the caller has been silent for `pause` seconds.

    A request is wasted if the caller goes on, so each further one within a segment waits for twice the silence. The
    segment ends when `voice_activity` says so; its FINAL_TRANSCRIPT is the early transcript, unless the caller went on
    meanwhile. A wasted request is left to finish, since cancelling it would cost the warm connection. While a server
    limits its requests, none is wasted: the engine is asked when the segment has ended.
    """

    def __init__(
        self, engine: stt.STT[Any], voice_activity: vad.VAD, pause: float, made_up: MadeUp | None = None
    ) -> None:
        """With `made_up`, words that nobody has said count for nothing."""
        super().__init__(stt=engine, vad=voice_activity)
        self._voice_activity = voice_activity
        self._pause = pause
        self._made_up = made_up
        self._streams: set[_Stream] = set()  # that are hearing a caller
        self._is_kept: Callable[[str], bool] = bool
        self._reports_of_drops: list[Callable[[bool], object]] = []

    @property
    def is_listening(self) -> bool:
        """Whether this engine is hearing a caller now; in a `FallbackSTT`, another engine may be."""
        return bool(self._streams)

    @property
    def is_judging(self) -> bool:
        """Whether a sound is being heard or transcribed, and it is not known yet if it becomes part of a turn."""
        return any(stream.is_judging for stream in self._streams)

    def filter_segments(self, is_kept: "Callable[[str], bool]") -> None:
        """Let `is_kept` decide whether a segment becomes part of a turn; it is given the words, or "" for none.

        Without a filter, every segment with words does.
        """
        self._is_kept = is_kept

    def report_drops(self, report: "Callable[[bool], object]") -> None:
        """Call `report` whenever a segment has ended without becoming part of a turn.

        It is given whether somebody has surely spoken in the segment although no word of it is known.
        """
        self._reports_of_drops.append(report)

    def keep_or_drop(self, words: str, *, is_speech: bool = False) -> bool:
        """Return whether a segment that has ended becomes part of a turn; report it if not."""
        kept = self._is_kept(words)
        if not kept:
            for report in self._reports_of_drops:
                report(is_speech and not words)
        return kept

    def words_in(self, result: stt.SpeechEvent, sound: Sound, *, ended: bool = False) -> str:
        """Return the words that were said, or "" if there are none; `ended`: the segment has ended with them."""
        text = _text_of(result)
        if not languages.plain(text):  # an engine may write down music as ♪ or [Music]
            return ""
        if self._made_up:
            if self._made_up.is_made_up(text, sound, result.alternatives[0].confidence):
                return ""
            if ended:
                self._made_up.remember(text, sound)
        return text

    def stream(
        self,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
    ) -> stt.RecognizeStream:
        """Make the stream that transcribes one caller."""
        return _Stream(
            self,
            self._streams,
            self._pause,
            vad=self._voice_activity,
            wrapped_stt=self.wrapped_stt,
            language=language,
            conn_options=conn_options,
        )


class FallbackSTT(stt.FallbackAdapter):
    """livekit-agents' adapter, which also remembers the `engines` that it was made with."""

    def __init__(self, engines: list[stt.STT[Any]], voice_activity: vad.VAD) -> None:
        super().__init__(engines, vad=voice_activity, max_retry_per_stt=0)
        self.engines = engines


def eager_engines(engine: object) -> list[EagerSTT]:
    """List the parts of a session's speech to text that transcribe early: itself, or some of its fallbacks."""
    engines = engine.engines if isinstance(engine, FallbackSTT) else [engine]
    return [each for each in engines if isinstance(each, EagerSTT)]


@dataclass
class _Segment:
    """A piece of speech that has not ended yet."""

    sound: Sound = field(default_factory=Sound)
    silence: float = 0.0  # seconds of silence at its end so far
    loudest: float = 0.0
    doubt: float = 1.0  # the lowest probability of speech in that silence
    requests: int = 0
    early: "asyncio.Task[stt.SpeechEvent] | None" = None  # the transcript of everything before that silence

    def hear(self, event: vad.VADEvent) -> None:
        self.sound.hear(event.frames, event.probability)
        samples = samples_of(event.frames)
        level = float(levels(samples, len(samples))[0])
        self.loudest = max(self.loudest, level)
        fading = event.probability < min(DOUBTFUL, self.doubt + WAVERING)
        if event.probability <= SILENT or (fading and level < QUIET * self.loudest):
            self.silence += sum(frame.duration for frame in event.frames)
            self.doubt = min(self.doubt, event.probability)
        else:
            self.silence, self.doubt, self.early = 0.0, 1.0, None


def _text_of(result: stt.SpeechEvent) -> str:
    return result.alternatives[0].text.strip() if result.alternatives else ""


class _Stream(UtteranceStream):
    def __init__(self, adapter: EagerSTT, listening: "set[_Stream]", pause: float, **adapted: Any) -> None:
        super().__init__(adapter, **adapted)
        self._adapter, self._listening, self._pause = adapter, listening, pause
        self.is_judging = False

    async def _run(self) -> None:
        self._listening.add(self)
        try:
            await self._follow_segments()
        finally:
            self._listening.discard(self)
            self.is_judging = False

    async def _follow_segments(self) -> None:
        segment = _Segment()
        async with voice_activity(self.detector, self._input_ch) as events:
            async for event in events:
                match event.type:
                    case VADEventType.START_OF_SPEECH:
                        self.is_judging = True
                        segment = _Segment(Sound(frames=list(event.frames)))
                        self._emit(SpeechEventType.START_OF_SPEECH)
                    case VADEventType.INFERENCE_DONE if event.speaking:
                        segment.hear(event)
                        waited = segment.silence >= self._pause * 2**segment.requests
                        if waited and segment.early is None and not limits.any_in_force:
                            self._ask_early(segment)
                    case VADEventType.END_OF_SPEECH:
                        await self._finish(segment, event)
                        self.is_judging = False

    def _ask_early(self, segment: _Segment) -> None:
        def emit(early: "asyncio.Task[stt.SpeechEvent]") -> None:
            failed = early.cancelled() or early.exception() is not None  # `_finish` will raise the error
            current = early is segment.early and not self._event_ch.closed  # the call may be over
            if not failed and current and self._adapter.words_in(early.result(), segment.sound):
                self._emit(SpeechEventType.PREFLIGHT_TRANSCRIPT, alternatives=early.result().alternatives[:1])

        segment.requests += 1
        segment.early = begin(self.recognize(segment.sound.frames))
        segment.early.add_done_callback(emit)

    async def _finish(self, segment: _Segment, event: vad.VADEvent) -> None:
        ended = time.time() - event.silence_duration - event.inference_duration
        self._emit(SpeechEventType.END_OF_SPEECH, speech_end_time=ended)
        result = await (segment.early or begin(self.recognize(event.frames)))
        words = self._adapter.words_in(result, segment.sound, ended=True)
        is_speech = not _text_of(result) and segment.sound.is_speech  # [Music] is an answer
        if self._adapter.keep_or_drop(words, is_speech=is_speech):
            final = SpeechEventType.FINAL_TRANSCRIPT
            self._emit(final, alternatives=result.alternatives[:1], speech_end_time=ended)

    def _emit(self, kind: SpeechEventType, **what: Any) -> None:
        self._event_ch.send_nowait(stt.SpeechEvent(kind, **what))
