"""Audio as this package holds it: mono signed 16-bit samples at 8 kHz, in frames of 20 ms."""

from __future__ import annotations

import wave
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from pathlib import Path

Pcm = npt.NDArray[np.int16]
Floats = npt.NDArray[np.float32]

RATE = 8000  # Hz, G.711
FRAME = 160  # samples a packet
FRAME_SECONDS = FRAME / RATE


def seconds(samples: int) -> float:
    return samples / RATE


def resample(pcm: npt.NDArray[np.int16], rate: int, to_rate: int) -> npt.NDArray[np.int16]:
    """Convert between sample rates; libswresample filters before it drops samples, so that nothing aliases."""
    import av

    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(pcm)[None, :], format="s16", layout="mono")
    frame.sample_rate = rate
    return _resampled([frame], to_rate)


def load(path: Path) -> Pcm:
    """Read any audio file that FFmpeg reads, as one channel at 8 kHz. Raises ValueError with the reason."""
    import av

    try:
        with av.open(str(path)) as container:
            return _resampled(container.decode(audio=0), RATE)
    except (OSError, IndexError, av.error.FFmpegError) as error:
        raise ValueError(f"{path} is not an audio file that can be read: {error}") from error


def _resampled(frames: object, to_rate: int) -> npt.NDArray[np.int16]:
    import av

    resampler = av.AudioResampler(format="s16", layout="mono", rate=to_rate)
    parts = [out.to_ndarray()[0] for frame in frames for out in resampler.resample(frame)]  # type: ignore[attr-defined]
    parts += [out.to_ndarray()[0] for out in resampler.resample(None)]
    return np.concatenate(parts).astype(np.int16) if parts else np.zeros(0, np.int16)


def save_stereo(path: Path, left: Pcm, right: Pcm) -> None:
    """Write both channels on one time axis; silence fills up the shorter one."""
    both = np.zeros((max(len(left), len(right)), 2), "<i2")
    both[: len(left), 0] = left
    both[: len(right), 1] = right
    with wave.open(str(path), "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(both.tobytes())
