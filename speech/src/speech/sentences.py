"""Synthesizes sentences that never change, while an image is built: `python -m speech.sentences TEXTS OUT`.

Every line `name = "sentence"` of `TEXTS/<language>/sentences.toml` becomes `OUT/<language>/<name>.ogg`. The embedded
voice speaks English, espeak-ng speaks the other languages. Only what `voice.lock` installs is imported here.
"""

import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from speech.models.tts import Heart, shape

RATE = 24000  # Hz
BIT_RATE = 32000  # bits a second; the telephone loses more than this does
ESPEAK = {  # language -> espeak-ng's name of the voice
    "de": "de",
    "es": "es",
    "fr": "fr-fr",
}
WORDS_A_MINUTE = 150
QUICKEST = 0.03  # seconds a character: a voice that is faster has left something out
SILENT = 0.02  # RMS of full scale; the voices have about 0.1

Samples = npt.NDArray[np.int16]


def main(texts: Path, out: Path) -> None:
    """Write all files; exit with a message that names the first sentence that cannot be spoken or heard."""
    files = sorted(texts.glob("*/sentences.toml"))
    if not files:
        raise SystemExit(f"{texts} has no <language>/sentences.toml in it")
    for file in files:
        for name, text in read_sentences(file).items():
            if "{" in text:  # the agent fills it in during the call
                continue
            path = out / file.parent.name / f"{name}.ogg"
            path.parent.mkdir(parents=True, exist_ok=True)
            write(path, synthesize(file.parent.name, text))
            if problem := problem_of(read(path), text):
                raise SystemExit(f"{file}: {name} {problem}")
    sys.stdout.write(f"synthesized the sentences of {', '.join(file.parent.name for file in files)}\n")


def read_sentences(file: Path) -> dict[str, str]:
    """Return the sentences by name; exit with a message when the file is not what it should be."""
    try:
        sentences = tomllib.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise SystemExit(f"{file} is not valid TOML: {error}") from error
    for name, text in sentences.items():
        if not isinstance(text, str):
            raise SystemExit(f"{file}: {name} is {text!r}; expected a sentence in quotation marks")
    language = file.parent.name
    if language != "en" and language not in ESPEAK:
        known = ", ".join(sorted({"en", *ESPEAK}))
        raise SystemExit(f"{file}: there is no voice for {language!r}, only for {known}; add one to speech.sentences")
    return sentences


def synthesize(language: str, text: str) -> Samples:
    """Return the text spoken by the language's voice, at RATE."""
    return _embedded_voice(text) if language == "en" else _espeak(ESPEAK[language], text)


def problem_of(sound: Samples, text: str) -> str | None:
    """Say why this cannot be the sound of that text; None when it can be."""
    seconds, level = len(sound) / RATE, float(np.sqrt(np.mean(np.square(sound / 32768)))) if len(sound) else 0.0
    if seconds < QUICKEST * len(text):
        return f"lasts {seconds:.1f} s, expected {QUICKEST * len(text):.1f} s or more: is the voice installed?"
    return f"is silent (RMS {level:.3f}, expected {SILENT} or more)" if level < SILENT else None


def write(path: Path, sound: Samples) -> None:
    """Write the sound as mono Opus in Ogg."""
    with av.open(str(path), "w", format="ogg") as file:
        stream: Any = file.add_stream("libopus", rate=RATE, layout="mono")
        stream.bit_rate = BIT_RATE
        frame = av.AudioFrame.from_ndarray(sound[np.newaxis], format="s16", layout="mono")
        frame.sample_rate = RATE
        for packet in (*stream.encode(frame), *stream.encode(None)):
            file.mux(packet)


def read(path: Path) -> Samples:
    """Return what a player makes of the file, at RATE."""
    with av.open(str(path)) as file:
        return _resampled(file.decode(audio=0))


def _embedded_voice(text: str) -> Samples:
    pieces: list[bytes] = []

    def emit(piece: bytes | None) -> bool:
        pieces.append(piece or b"")
        return False  # go on

    _heart().speak(text, 1.0, emit)
    return np.frombuffer(b"".join(pieces), np.int16)


@cache
def _heart() -> Heart:
    return Heart()


def _espeak(voice: str, text: str) -> Samples:
    command = ["espeak-ng", "-v", voice, "-s", str(WORDS_A_MINUTE), "--stdout", text]
    wave = subprocess.run(command, check=True, capture_output=True).stdout  # noqa: S603 - the sentences are ours
    samples = np.frombuffer(wave[44:], np.int16)  # the header in front has no true length, since it went to a pipe
    frame = av.AudioFrame.from_ndarray(samples[np.newaxis], format="s16", layout="mono")
    frame.sample_rate = int.from_bytes(wave[24:28], "little")
    return shape(_resampled(iter([frame])).astype(np.float32) / np.float32(32768))


def _resampled(frames: Iterator[av.AudioFrame]) -> Samples:
    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
    pieces = [piece for frame in frames for piece in resampler.resample(frame)] + resampler.resample(None)
    return np.concatenate([piece.to_ndarray()[0] for piece in pieces])


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("expected: python -m speech.sentences TEXTS_FOLDER OUT_FOLDER")
    main(Path(sys.argv[1]), Path(sys.argv[2]))
