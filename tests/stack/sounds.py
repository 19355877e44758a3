"""Sounds that a caller's side may make and no voice can: files for the phone's --wav."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from phone.audio import RATE, save_stereo

if TYPE_CHECKING:
    from pathlib import Path

CHORDS = ((262, 330, 392), (220, 262, 330), (175, 220, 262), (196, 247, 294))  # Hz: C, A minor, F, G
BEAT = 0.5  # seconds
LOUDNESS = 0.15  # of full scale


def hold_music(path: Path, seconds: float) -> None:
    """Plucked chords, without a pause and without a word."""
    time = np.arange(round(BEAT * RATE)) / RATE
    beats = []
    for beat in range(round(seconds / BEAT)):
        chord = CHORDS[beat // 4 % len(CHORDS)]
        tones = np.sum([np.sin(2 * np.pi * note * over * time) / over for note in chord for over in (1, 2, 3)], axis=0)
        beats.append(tones * (0.4 + 0.6 * np.exp(-4 * time)))
    sound = np.concatenate(beats)
    pcm = (sound / np.abs(sound).max() * LOUDNESS * 32767).astype(np.int16)
    save_stereo(path, pcm, pcm)
