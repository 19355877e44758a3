"""Finds out when somebody speaks by the energy of blocks of 10 ms, in live packets and in whole tracks."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from phone.audio import RATE, Floats, Pcm

if TYPE_CHECKING:
    from collections.abc import Callable

    from phone.wire.rtp import ReceivedAudio

BLOCK = RATE // 100
SPEECH_DBFS = -45.0  # quiet telephone speech is at about -35, comfort noise below -50
ONSET = 3  # blocks in a row: 30 ms, longer than a click
BRIDGE = 0.3  # s of quiet inside speech: plosives, breath
SHORTEST = 0.1  # s of sound that may be called speech
POLL = 0.02  # s


@dataclass(frozen=True)
class Span:
    """A stretch of time, in seconds on one axis."""

    start: float
    end: float

    @property
    def length(self) -> float:
        return self.end - self.start


def levels(pcm: Pcm) -> Floats:
    """Return the RMS of each whole block, in dB relative to full scale."""
    blocks = pcm[: len(pcm) // BLOCK * BLOCK].astype(np.float32).reshape(-1, BLOCK) / 32768
    return np.asarray(10 * np.log10((blocks**2).mean(axis=1) + 1e-12), np.float32)


def is_quiet(pcm: Pcm) -> bool:
    return not (levels(pcm) > SPEECH_DBFS).any()


def speech(pcm: Pcm, bridge: float = BRIDGE) -> list[Span]:
    """Return where somebody speaks; spans less than `bridge` seconds apart are one."""
    spans: list[Span] = []
    for start, end in _runs(levels(pcm) > SPEECH_DBFS):
        if spans and start / 100 - spans[-1].end < bridge:
            spans[-1] = Span(spans[-1].start, end / 100)
        elif end - start >= ONSET:
            spans.append(Span(start / 100, end / 100))
    return [span for span in spans if span.length >= SHORTEST]


def speech_end(pcm: Pcm) -> float:
    """Return the seconds from the start of `pcm` to the end of its last sound above the threshold."""
    loud = np.flatnonzero(levels(pcm) > SPEECH_DBFS)
    return (int(loud[-1]) + 1) / 100 if len(loud) else len(pcm) / RATE


def longest_quiet(pcm: Pcm, span: Span) -> float:
    """Return the longest quiet inside one stretch of speech in seconds, natural pauses included."""
    inside = levels(pcm)[round(span.start * 100) : round(span.end * 100)]
    return max((end - start for start, end in _runs(inside <= SPEECH_DBFS)), default=0) / 100


def _runs(active: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate(([False], active, [False])).astype(np.int8)))
    return [(int(start), int(end)) for start, end in zip(edges[::2], edges[1::2], strict=True)]


class Ear:
    """Tracks live whether the far end speaks. Times are loop times; exact figures come from the track afterwards."""

    def __init__(self) -> None:
        self.onset: float | None = None  # start of the latest speech after at least BRIDGE seconds of quiet
        self.last_sound: float | None = None
        self._run = 0

    def hear(self, audio: ReceivedAudio) -> None:
        for level in levels(audio.pcm):
            self._run = self._run + 1 if level > SPEECH_DBFS else 0
        if self._run < ONSET:
            return
        if self.last_sound is None or audio.at - self.last_sound > BRIDGE:
            self.onset = audio.at
        self.last_sound = audio.at

    def quiet_for(self, now: float) -> float:
        """Return the seconds since the last speech; infinity when there was none."""
        return float("inf") if self.last_sound is None else now - self.last_sound


async def until(condition: Callable[[], bool], within: float) -> bool:
    """Wait up to `within` seconds and return whether `condition` came true. It polls, since silence raises no event."""
    deadline = asyncio.get_running_loop().time() + within
    while not condition():
        if asyncio.get_running_loop().time() >= deadline:
            return False
        await asyncio.sleep(POLL)
    return True
