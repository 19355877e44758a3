"""What the voice activity filter hands to Whisper of a short word on a telephone line, and of the line's noise."""

from __future__ import annotations

import wave
from typing import TYPE_CHECKING

import numpy as np
import pytest
from faster_whisper.vad import VadOptions, get_speech_timestamps  # type: ignore[import-untyped]

from speech.models.stt import SAMPLE_RATE, VAD, decode
from tests.support.sounds import CLIPS, wav

if TYPE_CHECKING:
    from pathlib import Path

RATE = 8000
BEFORE, AFTER = 0.5, 0.3  # s of the line's noise, as the agent leaves it around a caller's words


@pytest.mark.parametrize("noise", [5, 20, 60], ids=lambda noise: f"noise of {noise}")
@pytest.mark.parametrize("clip", sorted(CLIPS.glob("*.wav")), ids=lambda clip: clip.stem)
def test_a_short_word_is_handed_over_whole(clip: Path, noise: int) -> None:
    with wave.open(str(clip)) as file:
        word = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    [(start, end)] = kept(word, noise)
    assert start <= BEFORE
    assert end >= BEFORE + len(word) / RATE


@pytest.mark.parametrize("noise", [5, 20, 60])
def test_the_noise_of_a_line_is_not_handed_over(noise: int) -> None:
    assert not kept(np.zeros(RATE), noise)


def kept(word: np.ndarray, noise: int) -> list[tuple[float, float]]:
    """Return from when to when (s) the filter keeps the sound of a word on a line whose noise has this level (RMS)."""
    quiet = [round(seconds * RATE) for seconds in (BEFORE, AFTER)]
    sound = np.pad(word.astype(float), quiet)
    sound += np.random.default_rng(1).normal(scale=noise, size=len(sound))
    spans = get_speech_timestamps(decode(wav(sound)), VadOptions(**VAD))
    return [(span["start"] / SAMPLE_RATE, span["end"] / SAMPLE_RATE) for span in spans]
