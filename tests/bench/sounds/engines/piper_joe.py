"""Joe, a Piper voice (CC0): another make of synthesizer, so that nothing is tuned to one make's habits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime  # type: ignore[import-untyped]  # ships no types
from piper import PiperVoice, SynthesisConfig  # type: ignore[import-not-found]  # only in the container

from .spoken import Spoken

MODEL = Path("/models/joe.onnx")
SEED = 20


def speak(voice: str, parts: list[str], speed: float, *, linger: bool) -> Spoken:
    """The parts' phonemes are joined and spoken in one go. `linger` cannot be done with this engine."""
    onnxruntime.set_seed(SEED)  # a session takes it when it is made, and moves on from there: so one for each saying
    joe = PiperVoice.load(MODEL)
    phonemes: list[str] = []
    around = []  # the phonemes' number before the space between two parts, and after it
    for part in parts:
        if phonemes:
            around.append((len(phonemes), len(phonemes) + 1))
            phonemes.append(" ")
        phonemes += [symbol for sentence in joe.phonemize(part) for symbol in sentence]
    ids = joe.phonemes_to_ids(phonemes)
    audio, samples = joe.phoneme_ids_to_audio(ids, SynthesisConfig(length_scale=1 / speed), include_alignments=True)
    at = np.concatenate([[0], np.cumsum(samples)]) / joe.config.sample_rate
    # The last id closes the utterance, so it is not among those of a beginning of it.
    seams = [
        (
            float(at[len(joe.phonemes_to_ids(phonemes[:end])) - 1]),
            float(at[len(joe.phonemes_to_ids(phonemes[:start])) - 1]),
        )
        for end, start in around
    ]
    return Spoken(np.asarray(audio, np.float32), joe.config.sample_rate, seams)
