"""A sound and its place on the disk: WAVs beside a `sounds.json` that says what is where in them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

MANIFEST = "sounds.json"


@dataclass(frozen=True)
class Fragment:
    """Seconds in the WAV, of the first and the last sound; a sound is what the phone takes for one (listening.py)."""

    text: str
    start: float
    end: float


@dataclass(frozen=True)
class Sound:
    id: str
    kind: str  # turn, pause, dictation, greeting, barge_in or noise
    voice: str  # of a noise that nobody makes: "synthetic"
    sex: str  # female or male; "" for a noise that nobody makes
    held_out: bool  # never looked at while anything is tuned
    text: str
    wav: Path  # 8 kHz, mono, 16 bit; it has been through G.711 once
    fragments: tuple[Fragment, ...]  # one if there is no inner pause
    label: str = ""  # of a pause: mid-clause, hesitation or spelled; of a noise: what it is
    could_end: bool = False  # a pause where the sentence might have been over
    level: float = 0.0  # dBFS, RMS over the loud parts


def save(folder: Path, fingerprint: str, sounds: list[Sound]) -> None:
    rows = [asdict(sound) | {"wav": sound.wav.name} for sound in sounds]
    (folder / MANIFEST).write_text(json.dumps({"fingerprint": fingerprint, "sounds": rows}, indent=1) + "\n")


def read(folder: Path) -> tuple[str, list[Sound]]:
    """The fingerprint they were rendered with, and the sounds; nothing if there are none."""
    if not (folder / MANIFEST).exists():
        return "", []
    loaded = json.loads((folder / MANIFEST).read_text())
    return loaded["fingerprint"], [_sound(folder, row) for row in loaded["sounds"]]


def _sound(folder: Path, row: dict[str, Any]) -> Sound:
    fragments = tuple(Fragment(**fragment) for fragment in row["fragments"])
    return Sound(**row | {"wav": folder / row["wav"], "fragments": fragments})
