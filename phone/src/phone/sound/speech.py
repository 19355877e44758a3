"""Synthesizes what the phone says, and transcribes what it hears. Both models are loaded when first used."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from phone.audio import RATE, Pcm, resample
from phone.sound.listening import speech

if TYPE_CHECKING:
    from pathlib import Path

    from faster_whisper import WhisperModel  # type: ignore[import-untyped]  # ships no types
    from hibari import Hibari  # type: ignore[import-untyped]  # ships no types

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # onnxruntime, loaded below, reports to its maker by default

SPEECH_DBFS = -22.0  # a telephone caller's level while speaking
LEAD, TAIL = 0.05, 0.1  # s kept around the words; the voice adds nearly a second of silence
WHISPER_RATE = 16000
LONGEST_PIECE = 28.0  # s of sound that Whisper is given; its own windows are 30 s
QUIET = 0.2  # s of quiet, about the middle of which the sound is cut
WHISPER_THREADS = 4


def synthesise(texts: list[str]) -> list[Pcm]:
    """Return each text as 8 kHz speech. Raises ValueError for a text in which nothing can be spoken."""
    from hibari import SAMPLE_RATE

    spoken = []
    for text in texts:
        audio = _voice()(text, seed=0)
        pcm = np.clip(audio * 32767, -32768, 32767).astype(np.int16)
        spoken.append(_levelled(_trimmed(resample(pcm, SAMPLE_RATE, RATE) if len(pcm) else pcm, text)))
    return spoken


@cache
def _voice() -> Hibari:
    from hibari import Hibari

    return Hibari()


def _trimmed(pcm: Pcm, text: str) -> Pcm:
    spans = speech(pcm) if len(pcm) else []
    if not spans:
        raise ValueError(f"there is nothing in “{text}” that can be spoken")
    start, end = spans[0].start - LEAD, spans[-1].end + TAIL
    return pcm[max(round(start * RATE), 0) : round(end * RATE)]


def _levelled(pcm: Pcm) -> Pcm:
    """Return the speech with its loud parts at SPEECH_DBFS, never clipped."""
    samples = pcm.astype(np.float32)
    loud = samples[np.abs(samples) > 300]
    gain = 32768 * 10 ** (SPEECH_DBFS / 20) / np.sqrt((loud**2).mean()) if len(loud) else 1.0
    gain = min(gain, 32000 / np.abs(samples).max())
    return np.asarray(samples * gain, np.int16)


class Transcriber:
    """Transcribes with Whisper, one size above the model under test, so that the latter's mistakes show."""

    def __init__(self, model: Path) -> None:
        self._path = model
        self._model: WhisperModel | None = None

    def __call__(self, pcm: Pcm, language: str = "en") -> str:
        if self._model is None:
            from faster_whisper import WhisperModel

            # Whisper itself would start more threads than the container has cores.
            threads = min(os.cpu_count() or WHISPER_THREADS, WHISPER_THREADS)
            self._model = WhisperModel(
                str(self._path), device="cpu", compute_type="int8", cpu_threads=threads, local_files_only=True
            )
        texts = []
        for piece in pieces(pcm):
            audio = resample(piece, RATE, WHISPER_RATE).astype(np.float32) / 32768
            segments, _ = self._model.transcribe(
                audio, language=language, beam_size=5, condition_on_previous_text=False, without_timestamps=True
            )
            texts += [segment.text.strip() for segment in segments]
        return " ".join(texts).strip()


def pieces(pcm: Pcm) -> list[Pcm]:
    """Cut the sound where it is quietest into pieces that Whisper hears at once; it loses words where it has to cut."""
    found = []
    while len(pcm) > LONGEST_PIECE * RATE:
        begin, end, size = (round(seconds * RATE) for seconds in (LONGEST_PIECE / 2, LONGEST_PIECE, QUIET))
        loudness = np.convolve(np.abs(pcm[begin:end].astype(np.float32)), np.ones(size), "valid")
        cut = begin + int(loudness.argmin()) + size // 2
        found.append(pcm[:cut])
        pcm = pcm[cut:]
    return [*found, pcm]
