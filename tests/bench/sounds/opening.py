"""Opens a sentence at word boundaries, so that it pauses where its speaker did not."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from phone.audio import RATE
from phone.sound.listening import BLOCK, SPEECH_DBFS

if TYPE_CHECKING:
    from tests.bench.sounds.telephone import Signal

FADE = 0.01  # s
REACH = 0.02  # s beyond the boundary the engine names; its frames are 12 to 25 ms long
WINDOW = 0.01  # s over which "quiet" is judged
LEAD, TAIL = 0.1, 0.2  # s of the line's noise around everything


@dataclass(frozen=True)
class Opened:
    signal: Signal
    spans: list[tuple[float, float]]  # of each part: its first and its last sound (s)


def opened(speech: Signal, seams: list[tuple[float, float]], pauses: tuple[float, ...]) -> Opened:
    """The pauses are exactly as long as asked, from the last sound of one part to the first of the next."""
    begin = max(sounding(speech)[0] - _blocks(LEAD), 0) * BLOCK
    pieces = _cut(speech, [begin, *(_quietest(speech, *seam) for seam in seams), len(speech)])
    placed, spans, at = [], [], 0
    for piece, pause in zip(pieces, (LEAD, *pauses), strict=True):
        first, last = sounding(piece)
        at += _blocks(pause) - first  # whole blocks, so that the sounds are found where they were put
        placed.append((at * BLOCK, piece))
        spans.append(((at + first) * BLOCK / RATE, (at + last) * BLOCK / RATE))
        at += last
    signal = np.zeros((at + _blocks(TAIL)) * BLOCK)
    for start, piece in placed:
        heard = piece[: len(signal) - start]
        signal[start : start + len(heard)] += heard
    return Opened(signal, spans)


def sounding(signal: Signal, threshold: float = SPEECH_DBFS) -> tuple[int, int]:
    """The first block of 10 ms above the threshold (dBFS), and the one after the last."""
    whole = np.pad(signal, (0, -len(signal) % BLOCK)).reshape(-1, BLOCK)
    loud = np.flatnonzero(10 * np.log10((whole**2).mean(axis=1) + 1e-12) > threshold)
    if not len(loud):
        raise ValueError(f"nothing in it is louder than {threshold} dBFS")
    return int(loud[0]), int(loud[-1]) + 1


def _quietest(speech: Signal, end: float, start: float) -> int:
    """The sample to cut at, near the boundary."""
    low, high = round((end - REACH) * RATE), round((start + REACH) * RATE)
    width = round(WINDOW * RATE)
    power = np.convolve(speech[low - width // 2 : high + width // 2] ** 2, np.ones(width), mode="valid")
    return low + int(power.argmin())


def _cut(speech: Signal, edges: list[int]) -> list[Signal]:
    pieces = [speech[low:high].copy() for low, high in pairwise(edges)]
    ramp = np.linspace(0, 1, round(FADE * RATE))
    for before, after in pairwise(pieces):
        before[-len(ramp) :] *= ramp[::-1]
        after[: len(ramp)] *= ramp
    return pieces


def _blocks(seconds: float) -> int:
    return round(seconds * RATE / BLOCK)
