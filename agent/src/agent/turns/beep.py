"""The beep of an answering machine, after which it records: one tone that stays the same for a while."""

import asyncio
from collections.abc import AsyncIterable

import numpy as np
import numpy.typing as npt
from livekit import rtc

RATE = 8000  # Hz, what a phone sends
BLOCK = 256  # samples: 32 ms, in which tones 31 Hz apart can be told from each other
LOWEST, HIGHEST = 350.0, 2600.0  # Hz
SHORTEST = 0.13  # seconds; a vowel does not stay the same for as long
LOUD = 0.01  # RMS of full scale
PURE = 0.85  # the tone's share of the sound's energy; a voice has overtones
APART = RATE / BLOCK  # Hz by which the tone may seem to differ from one block to the next


class BeepDetector:
    """Is given a sound at RATE, and tells when a beep has ended."""

    def __init__(self) -> None:
        self.ended = asyncio.Event()  # a beep has been heard to its end
        self._rest = np.zeros(0, np.int16)
        self._tone = 0.0  # Hz, of the block before; 0 if it was no tone
        self._seconds = 0.0  # for which it has lasted

    async def listen(self, sound: AsyncIterable[rtc.AudioFrameEvent]) -> None:
        """Take in a sound, mono at RATE, until it ends or this is cancelled."""
        async for event in sound:
            self.take(np.frombuffer(event.frame.data, np.int16))

    def take(self, samples: npt.NDArray[np.int16]) -> None:
        """Take in the next samples."""
        self._rest = np.concatenate([self._rest, samples])
        while len(self._rest) >= BLOCK:
            self._judge(self._rest[:BLOCK])
            self._rest = self._rest[BLOCK:]

    def _judge(self, block: npt.NDArray[np.int16]) -> None:
        tone = tone_of(block)
        if tone and abs(tone - self._tone) <= APART:
            self._seconds += BLOCK / RATE
        else:
            if self._seconds >= SHORTEST:
                self.ended.set()
            self._seconds = BLOCK / RATE if tone else 0.0
        self._tone = tone


def tone_of(block: npt.NDArray[np.int16]) -> float:
    """Return the frequency (Hz) of a block that is a pure tone; 0 for any other sound, and for silence."""
    samples = block / 32768
    if np.sqrt(np.mean(np.square(samples))) < LOUD:
        return 0.0
    energy = np.square(np.abs(np.fft.rfft(samples * np.hanning(len(samples)))))
    peak = int(np.argmax(energy))
    share = energy[max(0, peak - 2) : peak + 3].sum() / energy.sum()
    frequency = peak * RATE / len(samples)
    return frequency if share >= PURE and LOWEST <= frequency <= HIGHEST else 0.0
