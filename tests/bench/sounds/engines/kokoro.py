"""Kokoro-82M (Apache-2.0), many voices of one model. It draws no random numbers: same text, same samples."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime  # type: ignore[import-untyped]  # ships no types
from hibari.g2p import G2P  # type: ignore[import-untyped]  # ships no types

from .spoken import Spoken

MODELS = Path("/models")
RATE = 24000
FRAME = 600  # samples
SILENT = " ,.;:!?…"
FILLERS = {"um", "uh"}
DRAWN_OUT, LAST_SYLLABLE = 2.2, 1.4  # times as long: a filler, and what comes right before a hesitation
VOWELS = "AIOQWYaeiouæɑɐɒɔəɛɜɪʊʌᵊᵻ"  # noqa: RUF001 - phonetic letters
EARLY = 0.05  # s that sounds come before their frames: where energy and vowels over many sentences agree best
HOLD = 4  # frames, a tenth of a second
RIME = re.compile(f"[{VOWELS}][^{VOWELS}]*$")  # the last syllable from its vowel on


def speak(voice: str, parts: list[str], speed: float, *, linger: bool) -> Spoken:
    """Raises ValueError where the phonemes' words are not the text's, so that no place to open it is known."""
    text = " ".join(parts)
    phonemes = _phonemes(voice.startswith("b"))(text)
    tokens = [_vocabulary()[symbol] for symbol in phonemes]
    words = _words(phonemes)
    if len(parts) > 1 and len(words) != len(text.split()):
        raise ValueError(f"“{text}” has {len(text.split())} words, but {len(words)} in phonemes: {phonemes}")
    ends = np.cumsum([len(part.split()) for part in parts])[:-1] - 1
    extra = np.zeros((1, len(tokens) + 2), np.float32)
    audio, frames = _run(voice, tokens, speed, extra)
    if len(parts) > 1:
        extra[0, 1:-1] = _holding(words, ends.tolist(), frames[1:-1])
        if linger:
            extra[0, 1:-1] += _lingering(text.split(), phonemes, words, set(ends.tolist()), frames[1:-1])
        audio, frames = _run(voice, tokens, speed, extra)
    at = np.cumsum(frames) * FRAME / RATE - EARLY  # of phoneme n at[n] is the start: one token comes before the first
    seams = [(float(at[words[end][1]]), float(at[words[end + 1][0]])) for end in ends]
    return Spoken(audio, RATE, seams)


def _run(voice: str, tokens: list[int], speed: float, extra: npt.NDArray[np.float32]) -> tuple[np.ndarray, np.ndarray]:
    """The samples and each token's frames."""
    inputs = {
        "tokens": np.array([[0, *tokens, 0]]),
        "style": _styles(voice)[len(tokens) - 1][None],
        "speed": np.array([speed], np.float32),
        "linger": extra,
    }
    audio, frames = _model().run(["audio", "frames"], inputs)
    return audio, frames[0]


def _words(phonemes: str) -> list[tuple[int, int]]:
    """Where each word starts and ends among the phonemes, without punctuation."""
    found = [(match.start(), match.group()) for match in re.finditer(r"[^ ]+", phonemes)]
    return [(start, start + len(word.rstrip(SILENT))) for start, word in found]


def _holding(words: list[tuple[int, int]], ends: list[int], frames: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Time between the words that a pause will part: the voice dies away there, rather than being cut in full sound."""
    extra = np.zeros_like(frames)
    for end in ends:
        between = slice(words[end][1], words[end + 1][0])
        extra[between.stop - 1] = max(HOLD - frames[between].sum(), 0)
    return extra


def _lingering(
    text: list[str], phonemes: str, words: list[tuple[int, int]], held: set[int], frames: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    extra = np.zeros_like(frames)
    for index, ((start, end), word) in enumerate(zip(words, text, strict=True)):
        filler = word.strip(SILENT).lower() in FILLERS
        if rime := RIME.search(phonemes[start:end]) if filler or index in held else None:
            span = slice(start + rime.start(), end)
            extra[span] = np.round(frames[span] * ((DRAWN_OUT if filler else LAST_SYLLABLE) - 1))
    return extra


@cache
def _model() -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(MODELS / "kokoro.onnx", providers=["CPUExecutionProvider"])


@cache
def _phonemes(british: bool) -> G2P:
    return G2P(british=british)


@cache
def _styles(voice: str) -> npt.NDArray[np.float32]:
    """One style for each number of phonemes."""
    return np.fromfile(MODELS / "styles" / f"{voice}.bin", "<f4").reshape(-1, 256)


@cache
def _vocabulary() -> dict[str, int]:
    loaded: dict[str, int] = json.loads((resources.files("hibari") / "assets/vocab.json").read_text())
    return loaded
