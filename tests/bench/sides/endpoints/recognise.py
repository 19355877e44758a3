"""Speech to text for a bench that knows all that will be said: what was heard is the known sound it looks most like.

It sees a spectrogram too coarse to be disturbed by a codec or a jitter buffer. An utterance may begin with any fragment
of a sound and break off anywhere; it gets the text as far as it goes. A noise without a word in it gets none.
"""

from __future__ import annotations

import io
import json
import wave
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Array = NDArray[np.float32]
Part = tuple[str, int, int]  # a fragment's text, its first step and the one after its last

STEP = 0.03  # seconds
EDGES = (120, 300, 500, 800, 1200, 1800, 2500, 3500)  # Hz: what a phone lets through, in seven bands
BANDS = len(EDGES) - 1
SHIFT = 8  # steps that the two beginnings may be apart
SHORTEST = 5  # steps that say anything
NEARLY = 4  # steps: whoever heard all of a fragment but these heard it all
LOUD = 0.12  # of the loudest; a phone's comfort noise is at 0.04
PAUSE, REST = 8, 2  # steps: what is no longer than this rest, before a pause, belongs to what was said before
LIKE = 0.65  # correlation; two different sentences seldom come near it
UNKNOWN = "mm"


@dataclass(frozen=True)
class Known:
    """Everything that may be heard: `looks[i]` is the spectrogram of somebody who says `parts[i]`."""

    parts: tuple[tuple[Part, ...], ...]
    looks: tuple[Array, ...]

    def recognise(self, wav: bytes) -> str:
        return self.best(look(*read(wav)))[0]

    def best(self, heard: Array) -> tuple[str, float]:
        """The text, and how much alike they look: 1 is the same."""
        heard = trimmed(heard)
        length = len(heard)
        if not self.looks or length < SHORTEST or length > self._all.shape[1]:
            return UNKNOWN, 0.0
        shifts = range(-min(SHIFT, length // 2), min(SHIFT, length // 2) + 1)
        long_enough = np.flatnonzero(self._lengths + SHIFT >= length)
        known = normal(self._all[long_enough, :length])
        heard = normal(heard[None])[0]
        alike = [
            np.einsum("itb,tb->i", known[:, max(0, -by) : length - max(0, by)], heard[max(0, by) : length + min(0, by)])
            for by in shifts
        ]
        shift, at = np.unravel_index(np.argmax(alike), (len(shifts), len(long_enough)))
        score = float(alike[shift][at])
        if score < LIKE:
            return UNKNOWN, score
        parts = self.parts[long_enough[at]]
        wordless = not any(text for text, _, _ in parts)
        return spoken(parts, length - shifts[shift]) or ("" if wordless else UNKNOWN), score

    @cached_property
    def _lengths(self) -> NDArray[np.int64]:
        return np.array([len(look) for look in self.looks])

    @cached_property
    def _all(self) -> Array:
        """Of one length, silence behind the shorter ones."""
        padded = np.zeros((len(self.looks), self._lengths.max() + SHIFT, BANDS), np.float32)
        for row, look in zip(padded, self.looks, strict=True):
            row[: len(look)] = look
        return padded

    def save(self, file: Path) -> None:
        looks, bounds = np.concatenate([NOTHING, *self.looks]), np.cumsum([0, *map(len, self.looks)])
        with file.open("wb") as out:
            np.savez_compressed(out, parts=np.array(json.dumps(self.parts)), looks=looks, bounds=bounds)

    @classmethod
    def load(cls, file: Path) -> Known:
        with np.load(file) as kept:
            looks = tuple(kept["looks"][begin:end] for begin, end in pairwise(kept["bounds"]))
            parts = json.loads(str(kept["parts"]))
        return cls(tuple(tuple((text, begin, end) for text, begin, end in those) for those in parts), looks)

    @classmethod
    def of(cls, sounds: Sequence[Any]) -> Known:
        """From `tests.bench.sounds.Sound`s: from every fragment on."""
        parts, looks = [], []
        for sound in sounds:
            whole = look(*read(sound.wav.read_bytes()))
            bounds = [sounding(whole, int(part.start / STEP), int(part.end / STEP) + 1) for part in sound.fragments]
            for first, (start, _) in enumerate(bounds):
                rest = zip(sound.fragments[first:], bounds[first:], strict=True)
                parts.append(tuple((part.text, begin - start, end - start) for part, (begin, end) in rest))
                looks.append(whole[start : bounds[-1][1]])
        return cls(tuple(parts), tuple(looks))


def spoken(parts: Sequence[Part], until: int) -> str:
    """The text up to that step; of a fragment that breaks off, about as many words as there was time for."""
    words: list[str] = []
    for text, begin, end in parts:
        if until >= end - NEARLY:
            words.append(text)
            continue
        time_for = (until - begin) / (end - begin) * len(text)
        ends = [at for at, letter in enumerate(text) if letter == " "]
        if fitting := [at for at in ends if at <= time_for]:
            words.append(text[: fitting[-1]])
        break
    return " ".join(words)


def read(wav: bytes) -> tuple[Array, int]:
    """Samples from -1 to 1, and their rate. Lengths that the header of a stream could not know are tolerated."""
    with wave.open(io.BytesIO(wav)) as file:
        frames = file.readframes(min(file.getnframes(), len(wav)))
        samples = np.frombuffer(frames[: len(frames) // 2 * 2], np.int16)
        return np.asarray(samples.reshape(-1, file.getnchannels())[:, 0] / 32768, np.float32), file.getframerate()


NOTHING = np.zeros((0, BANDS), np.float32)


def look(samples: Array, rate: int) -> Array:
    """Steps x bands. The cube root, about as an ear does it, lets soft sounds count."""
    step = round(STEP * rate)
    width = 2 * step  # overlapping, so that it does not matter where in a sound they begin
    if len(samples) < width:
        return NOTHING
    frames = np.lib.stride_tricks.sliding_window_view(samples, width)[::step] * np.hanning(width)
    power = np.abs(np.fft.rfft(frames, axis=1)) ** 2
    edges = np.searchsorted(np.fft.rfftfreq(width, 1 / rate), EDGES)
    bands = [power[:, low:high].sum(axis=1) / width for low, high in pairwise(edges)]
    return np.asarray(np.cbrt(np.stack(bands, axis=1)), np.float32)


def trimmed(look: Array) -> Array:
    """From the first to the last sound."""
    begin, end = sounding(look, 0, len(look))
    return look[begin:end]


def sounding(look: Array, begin: int, end: int) -> tuple[int, int]:
    """The first step between those two that is loud, and the one after the last."""
    loudness = look[begin:end].sum(axis=1)
    if not len(loudness) or not loudness.max():
        return begin, begin
    loud = np.flatnonzero(loudness > LOUD * np.percentile(loudness, 95))
    pauses = np.flatnonzero(np.diff(loud) > PAUSE)
    if len(pauses) and pauses[0] < REST:
        loud = loud[pauses[0] + 1 :]
    return begin + int(loud[0]), begin + int(loud[-1]) + 1


def normal(looks: Array) -> Array:
    """Each as loud as any other, and each band about its mean, so that those that are not alike correlate little."""
    centered = looks - looks.mean(axis=1, keepdims=True)
    size = np.sqrt((centered**2).sum(axis=(1, 2), keepdims=True))
    return np.asarray(centered / np.where(size, size, 1.0), np.float32)
