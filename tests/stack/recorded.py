"""Which of the sentences that were recorded beforehand a caller has heard, told by their sound.

Whisper does not make out the synthetic voice's German.
"""

from __future__ import annotations

import wave
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from phone.audio import RATE, load
from tests.bench.sides.endpoints.recognise import UNKNOWN, Array, Known, look, trimmed
from tests.support.containers import docker

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.stack.extension import Extension
    from tests.stack.outcome import Outcome

HEARD = "/tmp/heard"  # noqa: S108 - in the phone's container
KEEP = ("--out", HEARD)  # a call's sound


def recorded_sentences(extension: Extension, outcomes: Mapping[str, Outcome]) -> dict[str, list[str]]:
    """In each of these calls, which were placed with KEEP: ["de/filler", "de/farewell"]."""
    docker("cp", f"{extension.container}:/app/recorded", str(extension.home / "recorded"))
    docker("cp", f"{extension.line.project}-{extension.name}-phone:{HEARD}", str(extension.home / "heard"))
    known = sentences(extension.home / "recorded")
    return {name: recognised(outcome, extension.home / "heard", known) for name, outcome in outcomes.items()}


def sentences(recorded: Path) -> Known:
    """The sentences of all languages, by their sound: Whisper does not make out the synthetic voice's German."""
    files = sorted(recorded.glob("*/*.ogg"))
    looks = tuple(trimmed(look(np.asarray(load(file) / 32768, np.float32), RATE)) for file in files)
    names = [f"{file.parent.name}/{file.stem}" for file in files]
    return Known(tuple(((name, 0, len(sound)),) for name, sound in zip(names, looks, strict=True)), looks)


def recognised(outcome: Outcome, heard: Path, known: Known) -> list[str]:
    """The sentences that the line said, as they sounded at the phone."""
    sound, rate = read_line(heard / Path(outcome.report["recording"]).name)
    parts = [sound[round(part["start"] * rate) : round(part["end"] * rate)] for part in outcome.said]
    return [name for name in (known.best(look(part, rate))[0] for part in parts) if name != UNKNOWN]


def read_line(wav: Path) -> tuple[Array, int]:
    """The line's side of a call's sound."""
    with wave.open(str(wav)) as file:
        both = np.frombuffer(file.readframes(file.getnframes()), np.int16).reshape(-1, 2)
        return np.asarray(both[:, 1] / 32768, np.float32), file.getframerate()
