"""Voice activity of the caller alone while the agent speaks: a voice across the room is not a reason to stop.

The caller holds the phone, so theirs is the loudest voice in it. A sound that is much quieter than the caller's own
words so far comes from farther away. The session does not hear of it until it gets louder or the agent has finished.

The detector remembers what it has heard. After long hold music, it would miss the first words of a caller who comes
back, so it starts afresh every few seconds of such a sound.
"""

import statistics
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace

from livekit import rtc
from livekit.agents import vad
from livekit.agents.vad import VADEventType

from agent.turns.sound import levels, samples_of, voice_activity

WINDOW = 0.032  # seconds over which a level is measured, as in voice activity detection
# Levels remembered, one for each segment and each stream that hears it. The caller's level is their median, which a
# slamming door or a few words of somebody else do not change.
REMEMBERED = 9
# The level (RMS) from which something is sound, 40 dB below full scale. Hold music is 10 to 25 dB louder, and the noise
# on a telephone line 10 to 30 dB quieter.
SOUND = 328.0
# Windows from which the share of sound is taken, which last 10 s, or 5 s where two streams listen. With fewer, there is
# no share yet.
SHARED = 312
# Windows of sound without speech, 5 s, after which the detector forgets what it has heard. Measured on recordings of
# three calls with 20 s of chords, from eight offsets each: of a question of 25 windows right after the chords, the
# detector heard 13 on average, and once none; with this, it hears at least 23.
FORGOTTEN_AFTER = 156
UNLIKELY = 0.1  # probability of speech below which no word is just beginning


class SpeakerGate(vad.VAD):
    """Passes on what `voice_activity` hears, except what is more than `within` dB below the caller's level.

    A gate belongs to one call: it learns how loud the caller is, and asks whether the agent is speaking.
    """

    def __init__(self, voice_activity: vad.VAD, within: float) -> None:
        super().__init__(capabilities=voice_activity.capabilities)
        self._voice_activity, self._lowest_ratio = voice_activity, 10 ** (-within / 20)
        self._levels: deque[float] = deque(maxlen=REMEMBERED)
        self._sounds: deque[bool] = deque(maxlen=SHARED)
        self._agent_speaks: Callable[[], bool] = bool

    def follow_agent(self, speaks: Callable[[], bool]) -> None:
        """Ask `speaks` from now on whether the agent is speaking; until then, the agent counts as silent."""
        self._agent_speaks = speaks

    @property
    def model(self) -> str:
        return self._voice_activity.model

    @property
    def provider(self) -> str:
        return self._voice_activity.provider

    @property
    def min_silence_duration(self) -> float | None:
        """Seconds of silence that end speech; AgentSession asks for them."""
        return getattr(self._voice_activity, "min_silence_duration", None)

    @property
    def share_of_sound(self) -> float:
        """The share of the last seconds in which there was sound, speech or not; 0 until enough has been heard."""
        return sum(self._sounds) / SHARED if len(self._sounds) == SHARED else 0.0

    def stream(self) -> "_Stream":
        return _Stream(self, self._voice_activity)

    def lets_pass(self, level: float) -> bool:
        """Return whether a sound with this level (RMS) may be the caller's; any may be until their level is known."""
        if not self._agent_speaks() or not self._levels:
            return True
        return level >= self._lowest_ratio * statistics.median(self._levels)

    def listen(self, level: float) -> None:
        """Hear a window with this level (RMS)."""
        self._sounds.append(level >= SOUND)

    def remember(self, level: float) -> None:
        """Remember the highest level of a segment that was the caller's."""
        self._levels.append(level)


class _Stream(vad.VADStream):
    def __init__(self, gate: SpeakerGate, everything: vad.VAD) -> None:
        super().__init__(gate)
        self._gate, self._everything = gate, everything
        self._held: vad.VADEvent | None = None  # the start of a segment that has not passed so far
        self._loudest = 0.0
        self._without_speech = 0  # windows of sound in a row in which nobody spoke

    def flush(self) -> None:
        self._held = None  # the segment has ended, although no event says so
        super().flush()

    async def _main_task(self) -> None:
        async with voice_activity(self._everything, self._input_ch) as events:
            async for event in events:
                for passed in self._filter(event):
                    self._event_ch.send_nowait(passed)
                if self._without_speech >= FORGOTTEN_AFTER and event.probability < UNLIKELY:
                    events.flush()
                    self._without_speech = 0

    def _filter(self, event: vad.VADEvent) -> Iterator[vad.VADEvent]:
        match event.type:
            case VADEventType.START_OF_SPEECH:
                self._held, self._loudest = replace(event, frames=list(event.frames)), _loudest(event.frames)
                yield from self._release()
            case VADEventType.INFERENCE_DONE:
                level = _loudest(event.frames)
                self._gate.listen(level)
                self._without_speech = 0 if event.speaking or level < SOUND else self._without_speech + 1
                if event.speaking:
                    self._loudest = max(self._loudest, level)
                    yield from self._release()
                if event.speaking and self._held:
                    self._held.frames += event.frames
                    self._held.speech_duration = event.speech_duration
                    event = replace(event, speaking=False, speech_duration=0.0, raw_accumulated_speech=0.0)
                yield event
            case VADEventType.END_OF_SPEECH if self._held:
                self._held = None
            case VADEventType.END_OF_SPEECH:
                self._gate.remember(self._loudest)
                yield event
            case _:
                yield event

    def _release(self) -> Iterator[vad.VADEvent]:
        if self._held and self._gate.lets_pass(self._loudest):
            yield self._held
            self._held = None


def _loudest(frames: list[rtc.AudioFrame]) -> float:
    """Return the highest RMS of any window."""
    samples = samples_of(frames)
    size = min(round(WINDOW * frames[0].sample_rate), len(samples))
    return float(levels(samples[len(samples) % size :], size).max())
