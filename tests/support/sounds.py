"""Sounds that tests make, and the WAV files that they are sent in."""

from __future__ import annotations

import io
import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt

from phone.audio import RATE, Pcm

CLIPS = Path(__file__).with_name("clips")  # its README says what they are
LOUDNESS = 12000  # the highest sample
FORMANTS = {  # Hz, and the width of each
    "ah": ((700, 90), (1200, 110), (2500, 160)),
    "uh": ((500, 80), (1500, 100), (2500, 150)),
    "ee": ((300, 60), (2300, 100), (3000, 150)),
    "mm": ((250, 60), (1100, 300), (2300, 300)),
}


def hum(vowel: str, pitch: float, seconds: float = 0.4) -> Pcm:
    """A voice that says one vowel and no word, as a throat, a hinge or a motor may sound; it counts as voice."""
    time = np.arange(round(seconds * RATE)) / RATE
    sound = np.diff(np.floor(pitch * time), prepend=0.0)
    for hertz, width in FORMANTS[vowel]:
        radius = np.exp(-np.pi * width / RATE)
        back, further = 2 * radius * np.cos(2 * np.pi * hertz / RATE), -(radius**2)
        resonance = [0.0, 0.0]
        for sample in sound:
            resonance.append(sample + back * resonance[-1] + further * resonance[-2])
        sound = np.array(resonance[2:])
    return loud(sound * np.minimum(1, np.minimum(time / 0.03, (seconds - time) / 0.06)))


def loud(sound: npt.NDArray[np.floating]) -> Pcm:
    return np.asarray(sound / np.abs(sound).max() * LOUDNESS, np.int16)


def wav(pcm: npt.NDArray[np.int16], rate: int = RATE, channels: int = 1) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(pcm.astype("<i2").tobytes())
    return file.getvalue()
