"""Gives each utterance to each Whisper model as the speech service does, and takes the time."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from speech.models.engines import Segment, SoundLength
from speech.models.stt import Whisper
from speech.requests import TranscriptionRequest
from tests.bench.turns.results import FOLDER
from tests.support.house import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.bench.hearing.utterances import Utterance

WEIGHTS = FOLDER / "weights"
FETCH = ROOT / "speech/models/fetch.py"


@dataclass(frozen=True)
class Heard:
    """What a model heard of an utterance. `wall` is what a caller waits for, and `cpu` that of all threads (s)."""

    model: str
    text: str
    wall: float
    cpu: float


def load(models: Sequence[str], weights: Path, threads: int) -> dict[str, Whisper]:
    """Load each model and run it once. A model that is not in the folder is fetched as the image's build does it."""
    if missing := [name for name in models if not (weights / name).is_dir()]:
        subprocess.run([sys.executable, str(FETCH), *missing, "--to", str(weights)], check=True)
    loaded = {name: Whisper(weights / name, threads) for name in models}
    for model in loaded.values():
        model.warm()
    return loaded


def listen(models: dict[str, Whisper], utterances: Sequence[Utterance]) -> Iterator[tuple[Utterance, list[Heard]]]:
    """Yield what each model hears. They take turns, so that whatever else the machine does slows them down alike."""
    names = list(models)
    for number, utterance in enumerate(utterances):
        order = names if number % 2 == 0 else names[::-1]
        heard = {name: hear(name, models[name], utterance.wav) for name in order}
        yield utterance, [heard[name] for name in names]


def hear(name: str, model: Whisper, wav: bytes) -> Heard:
    words: list[str] = []

    def keep(piece: SoundLength | Segment | None) -> bool:
        if isinstance(piece, Segment):
            words.append(piece.text)
        return False  # go on

    wanted = TranscriptionRequest.model_validate({"model": name, "language": "en"})
    wall, cpu = time.perf_counter(), time.process_time()
    model.transcribe(wav, wanted, keep)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return Heard(name, "".join(words).strip(), wall, cpu)
