"""Noises made of arithmetic, since no recording can be had that may be passed on.

They have the spectrum, the rhythm and the level of what they stand for, and nobody would take them for a recording:
a cough is a burst of air through three formants, traffic is rumble that swells and fades, an office is voices mixed
until no word is left, keys and a fan; music on hold is four chords on plucked strings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from phone.audio import RATE

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.random import Generator

    from tests.bench.sounds.telephone import Signal

CHORDS = [(60, 64, 67, 72), (67, 71, 74, 79), (57, 60, 64, 69), (65, 69, 72, 77)]  # C, G, a, F as MIDI notes
BEAT = 0.25  # s
REVERBERATION = 0.5  # s until an echo is 60 dB down, a living room


def cough(rng: Generator, seconds: float, _: list[Signal]) -> Signal:
    """One, or from 0.6 s on two: the burst, the air behind it and, mostly, a bit of voice."""
    count = 2 if seconds >= 0.6 else 1
    length = round(seconds / count * RATE)
    once = []
    for strength in (1.0, 0.7)[:count]:
        time = np.arange(length) / RATE
        burst = np.minimum(time / 0.004, 1) * np.exp(-time / 0.035)
        air = 0.25 * np.minimum(time / 0.05, 1) * np.exp(-time / (length / RATE * 0.35))
        breath = _formants(rng.normal(size=length), rng.uniform(0.9, 1.15)) * (burst + air)
        pitch = rng.uniform(180, 320) * np.exp(-time / 0.5)
        pulses = np.sign(np.sin(2 * np.pi * np.cumsum(pitch) / RATE)) * np.exp(-((time - 0.12) ** 2) / 0.004)
        once.append(strength * (_unit(breath) + rng.uniform(0, 0.4) * _unit(_formants(pulses, 1.0))))
    return np.concatenate(once)


def street(rng: Generator, seconds: float, _: list[Signal]) -> Signal:
    """Distant rumble, one to three cars that pass, in every third clip a horn."""
    length = round(seconds * RATE)
    time = np.arange(length) / RATE
    traffic = _unit(_tilted(rng, length, 1.0))
    for _car in range(rng.integers(1, 4)):
        passing = np.exp(-((time - rng.uniform(0, seconds)) ** 2) / rng.uniform(0.1, 0.6))
        traffic += rng.uniform(1, 2.5) * passing * _unit(_tilted(rng, length, 0.5))
    if rng.random() < 1 / 3:
        start = rng.uniform(0.2, seconds - 0.8)
        blown = ((time > start) & (time < start + 0.4)).astype(float)
        traffic += 1.5 * blown * sum(np.sin(2 * np.pi * hertz * time) for hertz in (410, 505, 820, 1010))
    return traffic


def office(rng: Generator, seconds: float, voices: list[Signal]) -> Signal:
    """Voices from everywhere in the room, keys, and the fan above them."""
    length = round(seconds * RATE)
    room = 0.5 * _unit(_tilted(rng, length, 0.7))
    for voice in rng.permutation(len(voices))[:6]:
        heard = np.resize(far_away(voices[voice], rng), length)
        room += _unit(np.roll(heard, rng.integers(length)))
    for start in np.cumsum(rng.exponential(0.16, size=200)):
        at = round(start * RATE)
        key = rng.normal(size=160) * np.exp(-np.arange(160) / 25)
        if at + len(key) < length:
            room[at : at + len(key)] += rng.uniform(0.5, 2.0) * key
    return room


def music(rng: Generator, seconds: float, _: list[Signal]) -> Signal:
    """Arpeggios over four chords, in a key of the clip's own."""
    length = round(seconds * RATE)
    tune, key = np.zeros(length + 2 * RATE), rng.integers(-4, 5)
    for beat in range(round(seconds / BEAT)):
        chord = CHORDS[beat // 8 % 4]
        notes = [chord[beat % 4]] + ([chord[0] - 12, chord[2]] if beat % 8 == 0 else [])
        for note in notes:
            hertz = 440 * 2 ** ((note + key - 69) / 12)
            pluck = _pluck(hertz)
            at = round(beat * BEAT * RATE)
            tune[at : at + len(pluck)] += pluck[: len(tune) - at]
    return tune[:length]


def far_away(voice: Signal, rng: Generator) -> Signal:
    """From the other end of a room: more echo than voice, and duller."""
    time = np.arange(round(REVERBERATION * RATE)) / RATE
    room = rng.normal(size=len(time)) * np.exp(-6.9 * time / REVERBERATION)
    room = np.convolve(room, np.ones(3) / 3, mode="same")
    room[0] = 2.0 * np.abs(room).max()  # what comes straight
    return np.convolve(voice, room)


MAKERS: dict[str, Callable[[Generator, float, list[Signal]], Signal]] = {
    "cough": cough,
    "street": street,
    "office": office,
    "music": music,
}


def _pluck(hertz: float) -> Signal:
    time = np.arange(round(0.9 * RATE)) / RATE
    overtones = [n for n in range(1, 9) if n * hertz < RATE / 2]
    sound = sum(np.sin(2 * np.pi * n * hertz * time) * np.exp(-time * (3 + 2 * n)) / n for n in overtones)
    return np.asarray(sound * np.minimum(time / 0.005, 1), np.float64)


def _tilted(rng: Generator, length: int, power: float) -> Signal:
    """Noise whose amplitude falls with frequency to the `power`."""
    spectrum = np.fft.rfft(rng.normal(size=length))
    hertz = np.maximum(np.fft.rfftfreq(length, 1 / RATE), 50)
    return np.asarray(np.fft.irfft(spectrum / hertz**power, length), np.float64)


def _formants(source: Signal, tract: float) -> Signal:
    """Through a vocal tract: longer than average below 1, shorter above."""
    hertz = np.fft.rfftfreq(len(source), 1 / RATE)
    shape = sum(
        1 / (1 + ((hertz - peak * tract) / width) ** 2) for peak, width in ((650, 150), (1250, 200), (2500, 350))
    )
    return np.asarray(np.fft.irfft(np.fft.rfft(source) * shape, len(source)), np.float64)


def _unit(signal: Signal) -> Signal:
    return np.asarray(signal / np.sqrt((signal**2).mean()), np.float64)
