"""A made-up voice, in the formats that OpenAI's API speaks: to a voice detector it is speech, and it says nothing."""

from __future__ import annotations

import io
import struct
from functools import cache
from typing import Protocol

import av
import numpy as np

SAMPLE_RATE = 24_000
CHUNK = SAMPLE_RATE // 10 * 2  # bytes of 100 ms, as 16-bit PCM, mono

TILE = 20  # seconds after which it repeats itself; every frequency below fits in it a whole number of times
PITCH = 120  # Hz
SYLLABLES = 4  # a second; between two it grows quieter, never silent
FORMANTS = ((700, 1200, 2500), (400, 2000, 2600), (500, 1000, 2400), (300, 2300, 3000))  # Hz, of four vowels
PEAK = 0.35


class Encoder(Protocol):
    media_type: str

    def feed(self, pcm: bytes) -> bytes: ...

    def end(self) -> bytes: ...


class Pcm:
    media_type = "audio/pcm"

    def feed(self, pcm: bytes) -> bytes:
        return pcm

    def end(self) -> bytes:
        return b""


class Wav(Pcm):
    media_type = "audio/wav"

    def __init__(self) -> None:
        rate, unknown = SAMPLE_RATE, 0xFFFFFFFF  # lengths that a stream cannot know yet
        self._header = struct.pack("<4sI4s4s", b"RIFF", unknown, b"WAVE", b"fmt ")
        self._header += struct.pack("<IHHIIHH4sI", 16, 1, 1, rate, rate * 2, 2, 16, b"data", unknown)

    def feed(self, pcm: bytes) -> bytes:
        header, self._header = self._header, b""
        return header + pcm


class Mp3:
    media_type = "audio/mpeg"

    def __init__(self) -> None:
        self._codec = av.CodecContext.create("libmp3lame", "w")
        assert isinstance(self._codec, av.AudioCodecContext)
        self._codec.sample_rate, self._codec.format = SAMPLE_RATE, av.AudioFormat("s16p")
        self._codec.layout, self._codec.bit_rate = av.AudioLayout("mono"), 128_000

    def feed(self, pcm: bytes) -> bytes:
        frame = av.AudioFrame.from_ndarray(np.frombuffer(pcm, np.int16)[None], format="s16", layout="mono")
        frame.sample_rate = SAMPLE_RATE
        return b"".join(bytes(packet) for packet in self._codec.encode(frame))

    def end(self) -> bytes:
        return b"".join(bytes(packet) for packet in self._codec.encode(None))


FORMATS: dict[str, type[Encoder]] = {"pcm": Pcm, "wav": Wav, "mp3": Mp3}


def tone(hertz: float, seconds: float) -> bytes:
    """A sine of that pitch, as 16-bit PCM, mono."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return (PEAK * 32767 * np.sin(2 * np.pi * hertz * time)).astype("<i2").tobytes()


# Container, codec, sample format and layout of what other servers send.
ENCODINGS = {
    "pcm": ("s16le", "pcm_s16le", "s16", "mono"),
    "pcm-stereo": ("s16le", "pcm_s16le", "s16", "stereo"),
    "wav": ("wav", "pcm_s16le", "s16", "mono"),
    "wav-stereo": ("wav", "pcm_s16le", "s16", "stereo"),
    "wav-float": ("wav", "pcm_f32le", "flt", "mono"),
    "mp3": ("mp3", "libmp3lame", "s16p", "mono"),
    "opus": ("ogg", "libopus", "s16", "mono"),
    "flac": ("flac", "flac", "s16", "mono"),
    "aac": ("adts", "aac", "fltp", "mono"),
}


def encoded(pcm: bytes, encoding: str, rate: int) -> bytes:
    """A sound of SAMPLE_RATE as another server sends it, in one of ENCODINGS."""
    container, codec, form, layout = ENCODINGS[encoding]
    frame = av.AudioFrame.from_ndarray(np.frombuffer(pcm, np.int16)[None], format="s16", layout="mono")
    frame.sample_rate = SAMPLE_RATE
    resampler = av.AudioResampler(format=form, layout=layout, rate=rate)
    sound = io.BytesIO()
    with av.open(sound, "w", format=container) as out:
        stream = out.add_stream(codec, rate=rate, layout=layout)
        assert isinstance(stream, av.AudioStream)
        for resampled in (*resampler.resample(frame), *resampler.resample(None)):
            out.mux(stream.encode(resampled))
        out.mux(stream.encode(None))
    return sound.getvalue()


@cache
def chunks(seconds: float, form: str = "pcm") -> tuple[bytes, ...]:
    """That long a speech in one of FORMATS, 100 ms in each chunk. It begins and ends with sound."""
    encoder, pcm = FORMATS[form](), speech(seconds)
    encoded = [encoder.feed(pcm[start : start + CHUNK]) for start in range(0, len(pcm), CHUNK)]
    return (*encoded, encoder.end())


def speech(seconds: float) -> bytes:
    """16-bit PCM, mono."""
    samples = np.resize(_tile(), round(seconds * SAMPLE_RATE)).copy()
    fade = np.linspace(0, 1, 120)  # 5 ms: no clicks
    if len(samples) >= 2 * len(fade):
        samples[: len(fade)] *= fade
        samples[-len(fade) :] *= fade[::-1]
    return (samples * 32767).astype("<i2").tobytes()


@cache
def _tile() -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    time = np.arange(TILE * SAMPLE_RATE) / SAMPLE_RATE
    syllable = time * SYLLABLES % 1
    loudness = 0.6 - 0.4 * np.cos(2 * np.pi * syllable)
    vowel = (time * SYLLABLES).astype(int) % len(FORMANTS)
    sound = np.zeros_like(time)
    for harmonic in range(1, 3400 // PITCH):
        frequency = harmonic * PITCH
        resonance = np.array([sum(1 / (1 + ((frequency - at) / 120) ** 2) for at in vowel) for vowel in FORMANTS])
        sound += resonance[vowel] * np.sin(2 * np.pi * frequency * time)
    sound *= loudness
    return np.asarray(sound * PEAK / np.abs(sound).max())
