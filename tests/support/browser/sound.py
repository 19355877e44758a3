"""What a browser's microphone picks up, and what a page has heard: WAV files, mono, 16-bit."""

from __future__ import annotations

import wave
from typing import TYPE_CHECKING

import av
import numpy as np
import numpy.typing as npt

from phone.audio import RATE as PHONE_RATE
from phone.audio import resample
from phone.sound.speech import synthesise
from tests.support.sounds import wav

if TYPE_CHECKING:
    from pathlib import Path

    from phone.audio import Pcm

RATE = 16_000  # Hz, Whisper's
MICROPHONE_RATE = 48_000  # Hz, the browser's own
WINDOW = 0.02  # seconds
SILENCE_AFTER = (
    0.5  # seconds; when the file is over, Chromium plays its last 10 ms again and again: they buzz otherwise
)
AUDIBLE = 500  # of 32,768, the RMS of a window: a voice is louder, and silence is not


def save_silence(path: Path, seconds: float = 1.0) -> Path:
    path.write_bytes(wav(np.zeros(round(seconds * MICROPHONE_RATE), np.int16), MICROPHONE_RATE))
    return path


def save_speech(path: Path, *said: tuple[float, str]) -> Path:
    """Write what a caller says, each text at its second: `save_speech(path, (6, "Hello?"), (12, "Goodbye."))`.

    A text that is not over at the next one's second puts that off.
    """
    spoken = synthesise([text for _, text in said])
    return save_at(path, *((at, pcm) for (at, _), pcm in zip(said, spoken, strict=True)))


def save_at(path: Path, *sounds: tuple[float, Pcm]) -> Path:
    """Write sounds at 8 kHz, each at its second, as one file for the microphone."""
    whole = np.zeros(0, np.int16)
    for at, pcm in sounds:
        before = max(round(at * PHONE_RATE) - len(whole), 0)
        whole = np.concatenate([whole, np.zeros(before, np.int16), pcm])
    whole = np.concatenate([whole, np.zeros(round(SILENCE_AFTER * PHONE_RATE), np.int16)])
    path.write_bytes(wav(resample(whole, PHONE_RATE, MICROPHONE_RATE), MICROPHONE_RATE))
    return path


def save_sound(source: Path, path: Path) -> Path:
    """Write any sound that FFmpeg reads as WAV at RATE. A file that was broken off is read as far as it goes."""
    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
    with av.open(str(source)) as container:
        parts = [out.to_ndarray()[0] for frame in container.decode(audio=0) for out in resampler.resample(frame)]
    parts += [out.to_ndarray()[0] for out in resampler.resample(None)]
    path.write_bytes(wav(np.concatenate(parts) if parts else np.zeros(0, np.int16), RATE))
    return path


def first_sound(path: Path) -> float:
    """Return the second at which something is to be heard for the first time. AssertionError if all is silent."""
    loud = np.flatnonzero(loudness(path) > AUDIBLE)
    assert loud.size, f"{path} is silent"
    return float(loud[0] * WINDOW)


def sounded(path: Path) -> float:
    """Return for how many seconds something is to be heard."""
    return float(np.count_nonzero(loudness(path) > AUDIBLE) * WINDOW)


def loudness(path: Path) -> npt.NDArray[np.float64]:
    """Return the RMS of each WINDOW, of 32,768."""
    with wave.open(str(path)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float64)
        size = round(file.getframerate() * WINDOW)
    whole = samples[: len(samples) // size * size].reshape(-1, size)
    return np.asarray(np.sqrt((whole**2).mean(axis=1)), np.float64)
