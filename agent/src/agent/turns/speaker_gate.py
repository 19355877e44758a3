"""Voice activity of the caller alone while the agent speaks: a voice across the room is no reason to stop.

The caller holds the telephone and is its loudest voice. What is much quieter than their own words so far comes from
farther away; it is kept from the session until it gets louder, or the agent has finished.
"""

import statistics
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace

from livekit import rtc
from livekit.agents import vad
from livekit.agents.vad import VADEventType

from agent.turns.sound import levels, samples_of, voice_activity

WINDOW = 0.032  # seconds over which a level is taken, as for voice activity detection
# Pieces of speech, each as often as there are streams. A door that slams, or somebody else's words, are not the median.
REMEMBERED = 9


class SpeakerGate(vad.VAD):
    """What `voice_activity` hears, without what is more than `within` dB below the caller's level.

    It depends on the call: on who speaks in it, and on `agent_speaks`, which the session is to answer.
    """

    def __init__(self, voice_activity: vad.VAD, within: float) -> None:
        super().__init__(capabilities=voice_activity.capabilities)
        self._voice_activity, self._quieter = voice_activity, 10 ** (-within / 20)
        self._levels: deque[float] = deque(maxlen=REMEMBERED)
        self.agent_speaks: Callable[[], bool] = bool  # until somebody knows better, it does not

    @property
    def model(self) -> str:
        return self._voice_activity.model

    @property
    def provider(self) -> str:
        return self._voice_activity.provider

    @property
    def min_silence_duration(self) -> float | None:
        """Seconds; AgentSession asks."""
        return getattr(self._voice_activity, "min_silence_duration", None)

    def stream(self) -> "_Stream":
        return _Stream(self, self._voice_activity)

    def counts(self, level: float) -> bool:
        """Whether a sound this loud (RMS) may be the caller's; it is until their level is known."""
        return not self.agent_speaks() or not self._levels or level >= self._quieter * statistics.median(self._levels)

    def remember(self, level: float) -> None:
        """The loudest of a piece of the caller's speech."""
        self._levels.append(level)


class _Stream(vad.VADStream):
    def __init__(self, voice: SpeakerGate, everything: vad.VAD) -> None:
        super().__init__(voice)
        self._voice, self._everything = voice, everything
        self._held: vad.VADEvent | None = None  # the start of a piece of speech that does not count so far
        self._loudest = 0.0

    def flush(self) -> None:
        self._held = None  # it has ended, and nobody tells
        super().flush()

    async def _main_task(self) -> None:
        async with voice_activity(self._everything, self._input_ch) as events:
            async for event in events:
                for told in self._of_the_caller(event):
                    self._event_ch.send_nowait(told)

    def _of_the_caller(self, event: vad.VADEvent) -> Iterator[vad.VADEvent]:
        match event.type:
            case VADEventType.START_OF_SPEECH:
                self._held, self._loudest = replace(event, frames=list(event.frames)), _loudest(event.frames)
                yield from self._release()
            case VADEventType.INFERENCE_DONE if event.speaking:
                self._loudest = max(self._loudest, _loudest(event.frames))
                yield from self._release()
                if self._held:
                    self._held.frames += event.frames
                    self._held.speech_duration = event.speech_duration
                    event = replace(event, speaking=False, speech_duration=0.0, raw_accumulated_speech=0.0)
                yield event
            case VADEventType.END_OF_SPEECH if self._held:
                self._held = None
            case VADEventType.END_OF_SPEECH:
                self._voice.remember(self._loudest)
                yield event
            case _:
                yield event

    def _release(self) -> Iterator[vad.VADEvent]:
        if self._held and self._voice.counts(self._loudest):
            yield self._held
            self._held = None


def _loudest(frames: list[rtc.AudioFrame]) -> float:
    """The highest RMS of any window."""
    samples = samples_of(frames)
    size = min(round(WINDOW * frames[0].sample_rate), len(samples))
    return float(levels(samples[len(samples) % size :], size).max())
