"""Puts every sentence of every language into sound, when the image is built: `python -m agent.languages.record FOLDER`.

English is spoken by the embedded voice, whose room is on the path then; the others by espeak-ng.
"""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from agent import languages

RATE = 24000  # Hz
BIT_RATE = 32000  # bits a second: more is lost on a telephone
ESPEAK = {"de": "de", "es": "es", "fr": "fr-fr"}  # its name of the voice
WORDS_A_MINUTE = 150
QUICKEST = 0.03  # seconds a character: who speaks faster has left something out
SILENT = 0.02  # RMS of full scale; the voices have about 0.1

Samples = npt.NDArray[np.int16]


def main(folder: Path) -> None:
    """Write `<language>/<sentence>.ogg`; a SystemExit that names the first sentence that cannot be heard."""
    for language in languages.known():
        for name, text in asdict(languages.sentences(language)).items():
            path = folder / language / f"{name}.ogg"
            path.parent.mkdir(parents=True, exist_ok=True)
            write(path, speak(language, text))
            if problem := problem_of(read(path), text):
                raise SystemExit(f"languages/{language}/sentences.toml: {name} {problem}")
    print(f"recorded: {', '.join(languages.known())}")  # noqa: T201 - the build's log


def speak(language: str, text: str) -> Samples:
    """The text in the language's voice, at RATE; a KeyError for a language that has none."""
    return _heart(text) if language == "en" else _espeak(ESPEAK[language], text)


def problem_of(sound: Samples, text: str) -> str | None:
    """Why this cannot be the sound of that text, or None."""
    seconds, level = len(sound) / RATE, float(np.sqrt(np.mean(np.square(sound / 32768)))) if len(sound) else 0.0
    if seconds < QUICKEST * len(text):
        return f"lasts {seconds:.1f} s, expected {QUICKEST * len(text):.1f} s or more: is the voice installed?"
    return f"is silent (RMS {level:.3f}, expected {SILENT} or more)" if level < SILENT else None


def write(path: Path, sound: Samples) -> None:
    """As mono Opus in Ogg."""
    with av.open(str(path), "w", format="ogg") as file:
        stream: Any = file.add_stream("libopus", rate=RATE, layout="mono")
        stream.bit_rate = BIT_RATE
        frame = av.AudioFrame.from_ndarray(sound[np.newaxis], format="s16", layout="mono")
        frame.sample_rate = RATE
        for packet in (*stream.encode(frame), *stream.encode(None)):
            file.mux(packet)


def read(path: Path) -> Samples:
    """What a player makes of it, at RATE."""
    with av.open(str(path)) as file:
        return _resampled(file.decode(audio=0))


def _heart(text: str) -> Samples:
    pieces: list[bytes] = []

    def take(piece: bytes | None) -> bool:
        pieces.append(piece or b"")
        return False  # more

    _voice().speak(text, 1.0, take)
    return np.frombuffer(b"".join(pieces), np.int16)


@cache
def _voice() -> Any:
    from speech.models.tts import Heart

    return Heart()


def _espeak(voice: str, text: str) -> Samples:
    from speech.models.tts import shape

    command = ["espeak-ng", "-v", voice, "-s", str(WORDS_A_MINUTE), "--stdout", text]
    wave = subprocess.run(command, check=True, capture_output=True).stdout  # noqa: S603 - our own words
    samples = np.frombuffer(wave[44:], np.int16)  # behind the header, whose length a pipe cannot have
    frame = av.AudioFrame.from_ndarray(samples[np.newaxis], format="s16", layout="mono")
    frame.sample_rate = int.from_bytes(wave[24:28], "little")
    return shape(_resampled(iter([frame])).astype(np.float32) / np.float32(32768))


def _resampled(frames: Iterator[av.AudioFrame]) -> Samples:
    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
    pieces = [piece for frame in frames for piece in resampler.resample(frame)] + resampler.resample(None)
    return np.concatenate([piece.to_ndarray()[0] for piece in pieces])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
