"""Text to speech: a voice distilled from Kokoro, by hibari-tts, made loud enough for a telephone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hibari import SAMPLE_RATE, Hibari  # type: ignore[import-untyped]

if TYPE_CHECKING:  # speech.sentences runs where only the voice is installed
    from numpy.typing import NDArray

    from speech.queueing import Emit

PEAK = 10 ** (-3 / 20)  # of full scale: -3 dBFS leaves the telephone's codec room
MOST_GAIN = 4.0  # 12 dB: a sentence that is only breath is not blown up to a shout
SILENT = 0.01  # of a sentence's peak: the voice leaves 0.3 s before and 0.6 s after each sentence quieter than this
LEAD_IN = 0.02  # s of that to keep, or the first consonant is clipped
PAUSE = 0.25  # s between two sentences
FADE_OUT = 0.06  # s after the last
NOTHING = 0.1  # s of silence for a text without a single sound: a client treats no audio at all as a failure


class Heart:
    """The voice "heart": American English, female."""

    sample_rate = SAMPLE_RATE

    def __init__(self) -> None:
        self._voice = Hibari(voice="heart", threads=1)  # forty times faster than speech on one core

    def warm(self) -> None:
        """Speak once, since dictionaries are read the first time."""
        self._voice("Hello, this costs $2.50.")

    def speak(self, text: str, speed: float, emit: Emit[bytes]) -> None:
        """Emit each sentence as signed 16-bit little-endian mono samples, as soon as it is made."""
        spoken = False
        for sound in self._voice.stream(text, speed=speed):
            sentence = shape(sound)
            if not sentence.size:
                continue
            if emit(_silence(PAUSE) if spoken else None) or emit(sentence.tobytes()):
                return
            spoken = True
        emit(_silence(FADE_OUT if spoken else NOTHING))


def shape(sound: NDArray[np.float32]) -> NDArray[np.int16]:
    """Cut the silence off both ends and bring the peak to -3 dBFS; samples from -1 to 1 become 16 bits."""
    level = np.abs(sound)
    peak = float(level.max(initial=0.0))
    if peak < 1e-4:
        return np.zeros(0, "<i2")
    loud = np.flatnonzero(level > peak * SILENT)
    margin = int(LEAD_IN * SAMPLE_RATE)
    kept = sound[max(0, loud[0] - margin) : loud[-1] + margin]
    loudness = np.float32(min(PEAK / peak, MOST_GAIN) * 32767.0)
    return (kept * loudness).astype("<i2")


def _silence(seconds: float) -> bytes:
    return bytes(2 * int(seconds * SAMPLE_RATE))
