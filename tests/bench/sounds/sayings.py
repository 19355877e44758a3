"""Reads sayings.yaml: who says what, with which pauses."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.bench.sounds.voices import EVERYONE, HELD_OUT_SENTENCES, TUNING, Voice

FILE = Path(__file__).parent / "sayings.yaml"
PAUSE = re.compile(r"\s*<(\d+\.\d+)(!?)>\s*")
PRONUNCIATION = re.compile(r"\[([^]]+)\]\(/[^)]*/\)")
LABELS = ("mid-clause", "hesitation", "spelled")
DICTATING = [voice for voice in TUNING if voice.name in ("af_heart", "am_michael", "bf_emma", "bm_george")]


@dataclass(frozen=True)
class Saying:
    id: str
    kind: str
    label: str
    voice: Voice
    held_out: bool
    parts: tuple[str, ...]  # as the engine reads them
    pauses: tuple[float, ...]  # s between part and part
    could_end: bool = False

    @property
    def words(self) -> tuple[str, ...]:
        return tuple(PRONUNCIATION.sub(r"\1", part) for part in self.parts)


@dataclass(frozen=True)
class Spoken:
    """A noise that a voice makes."""

    saying: Saying
    level: float  # dBFS


@dataclass(frozen=True)
class Clip:
    """A noise that nobody says."""

    id: str
    label: str
    held_out: bool
    level: float  # dBFS
    seconds: float
    seed: int


def sayings() -> list[Saying]:
    """Turns, pauses, greetings and interruptions."""
    loaded = _loaded()
    found = [
        saying for kind in ("turn", "greeting", "barge_in") for saying in _in_turn(loaded[kind], kind, "", EVERYONE)
    ]
    for section, voices in (("pause", TUNING), ("pause, held out", HELD_OUT_SENTENCES)):
        texts = [(label, text) for label in LABELS for text in loaded[section][label]]
        prefix = "pause" if voices is TUNING else "pause-held"
        for number, ((label, text), voice) in enumerate(zip(texts, itertools.cycle(voices)), 1):
            found.append(parse(text, f"{prefix}-{number:03}", "pause", label, voice, held_out=voices is not TUNING))
    return found


def dictations() -> list[Saying]:
    """What is read out in pieces: cards, telephone and order numbers, names and e-mail addresses."""
    texts = [(label, text) for label, listed in _loaded()["dictation"].items() for text in listed]
    return [
        parse(text, f"dictation-{number:03}", "dictation", label, voice, held_out=False)
        for number, ((label, text), voice) in enumerate(zip(texts, itertools.cycle(DICTATING)), 1)
    ]


def spoken_noises() -> list[Spoken]:
    speakers = [voice for voice in EVERYONE if voice.engine == "kokoro"]  # the other reads no pronunciations
    return [
        Spoken(saying, float(about["level"]))
        for label, about in _loaded()["noise"].items()
        for saying in _in_turn(about.get("texts", []), "noise", label, speakers)
    ]


def clips() -> list[Clip]:
    found = []
    for label, about in _loaded()["noise"].items():
        for number in range(count := about.get("clips", 0)):
            shortest, longest = about["seconds"]
            seconds = shortest + (longest - shortest) * number / max(count - 1, 1)
            held_out = number % 4 == 3
            found.append(Clip(_id("noise", label, number), label, held_out, about["level"], seconds, seed=number + 1))
    return found


def parse(text: str, name: str, kind: str, label: str, voice: Voice, *, held_out: bool) -> Saying:
    """Raises ValueError for an angle bracket that is not a pause."""
    parts = PAUSE.split(text)
    if unread := [part for part in parts[::3] if "<" in part or ">" in part]:
        raise ValueError(f"“{unread[0]}” has a mark that is no pause; expected one like <0.9> or <0.9!>")
    pauses = tuple(float(length) for length in parts[1::3])
    return Saying(name, kind, label, voice, held_out, tuple(parts[::3]), pauses, could_end="!" in parts[2::3])


def _in_turn(texts: list[str], kind: str, label: str, voices: list[Voice]) -> list[Saying]:
    return [
        parse(text, _id(kind, label, number), kind, label, voice, held_out=voice.held_out)
        for number, (text, voice) in enumerate(zip(texts, itertools.cycle(voices)))
    ]


def _id(kind: str, label: str, number: int) -> str:
    return "-".join([*f"{kind} {label}".split(), f"{number + 1:03}"])


def _loaded() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(FILE.read_text())
    return loaded
