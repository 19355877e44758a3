"""What a telephone line does to a sound: its band, its level, its noise, its codec."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from phone.audio import RATE, Pcm
from phone.sound.listening import BLOCK
from phone.wire import g711

Signal = npt.NDArray[np.float64]  # 1.0 is full scale
BAND = (300.0, 3400.0)  # Hz
TAPS = 513  # 25 dB down at 270 Hz
SPEECH_DBFS = -23.0  # RMS over the active parts
FLOOR_DBFS = -65.0  # comfort noise; a line is never digitally silent
ACTIVE = 25.0  # dB below the loudest block: quieter ones don't count for the level


def band_limited(signal: Signal) -> Signal:
    return np.convolve(signal, _band_pass(), mode="same") if len(signal) >= TAPS else _short(signal)


def at_level(signal: Signal, dbfs: float) -> Signal:
    return signal * 10 ** ((dbfs - level(signal)) / 20)


def level(signal: Signal) -> float:
    """dBFS, RMS over the active blocks of 10 ms."""
    powers = (signal[: len(signal) // BLOCK * BLOCK].reshape(-1, BLOCK) ** 2).mean(axis=1)
    active = powers[powers > powers.max() * 10 ** (-ACTIVE / 10)]
    return float(10 * np.log10(active.mean() + 1e-12))


def carried(signal: Signal, seed: int) -> Pcm:
    """On the line's noise, through G.711 once, as the far end gets it."""
    noise = np.random.default_rng(seed).normal(size=len(signal) + 2 * TAPS)
    hiss = at_level(band_limited(noise)[TAPS:-TAPS], FLOOR_DBFS)
    pcm = np.clip((signal + hiss) * 32768, -32768, 32767).astype(np.int16)
    return g711.decode(g711.encode(pcm, g711.ULAW), g711.ULAW)


def signal(pcm: Pcm) -> Signal:
    return pcm.astype(np.float64) / 32768


def _short(signal: Signal) -> Signal:
    return np.convolve(np.pad(signal, TAPS), _band_pass(), mode="same")[TAPS:-TAPS]


@cache
def _band_pass() -> Signal:
    """The difference of two windowed sincs."""
    n = np.arange(TAPS) - TAPS // 2
    low, high = (2 * edge / RATE * np.sinc(2 * edge / RATE * n) for edge in BAND)
    return np.asarray((high - low) * np.blackman(TAPS), np.float64)
