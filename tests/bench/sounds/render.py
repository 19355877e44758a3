"""Renders every sound into a folder, once; `load` reads it."""

from __future__ import annotations

import fcntl
import hashlib
import tempfile
import wave
import zlib
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from phone.audio import RATE, Pcm
from phone.sound.listening import BLOCK, SPEECH_DBFS
from tests.bench.sounds import noises, telephone
from tests.bench.sounds.opening import FADE, LEAD, TAIL, Opened, opened, sounding
from tests.bench.sounds.sayings import Clip, Saying, Spoken, clips, dictations, sayings, spoken_noises
from tests.bench.sounds.sound import MANIFEST, Fragment, Sound, read, save
from tests.bench.sounds.synthesis import Speech, speak

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.sounds.telephone import Signal

RESULTS = Path(__file__).parent.parent / "results"
FOLDER = RESULTS / "sounds"
SPOKEN = RESULTS / "voices"  # as the engines said it, so that only what is new needs them
BELOW = 15.0  # dB below its level, a noise has begun


def load() -> list[Sound]:
    """Every sound, rendered first if texts or code have changed. Needs Docker where something new has to be said."""
    with _alone():
        now = fingerprint()
        then, sounds = read(FOLDER)
        return sounds if then == now else render(now)


def render(fingerprint: str) -> list[Sound]:
    said, noise = [*sayings(), *dictations()], spoken_noises()
    speech = speak([*said, *(spoken.saying for spoken in noise)], SPOKEN)
    with tempfile.TemporaryDirectory(dir=RESULTS) as name:
        folder = Path(name)
        babble = [_clean(speech[saying.id]) for saying in said if saying.kind == "turn" and not saying.held_out]
        sounds = [
            *(_said(folder, saying, speech[saying.id]) for saying in said),
            *(_overheard(folder, spoken, speech[spoken.saying.id]) for spoken in noise),
            *(_made(folder, clip, babble) for clip in clips()),
        ]
        _replace(folder)
    sounds = [replace(sound, wav=FOLDER / sound.wav.name) for sound in sounds]
    save(FOLDER, fingerprint, sounds)
    return sounds


def _replace(folder: Path) -> None:
    """One by one, and the folder stays: a container may have mounted it."""
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / MANIFEST).unlink(missing_ok=True)  # until all are there, none is
    for old in FOLDER.glob("*.wav"):
        if not (folder / old.name).exists():
            old.unlink()
    for new in folder.glob("*.wav"):
        new.replace(FOLDER / new.name)


def fingerprint() -> str:
    """Of everything a sound depends on."""
    here = Path(__file__).parent
    files = [
        here / "Dockerfile",
        *here.glob("*.py"),
        *here.glob("*.yaml"),
        *here.glob("*.lock"),
        *here.glob("engines/*.py"),
    ]
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(files))).hexdigest()


def _said(folder: Path, saying: Saying, speech: Speech) -> Sound:
    voice = telephone.at_level(_clean(speech), telephone.SPEECH_DBFS)
    return _sound(folder, saying, opened(voice, speech.seams, saying.pauses), telephone.SPEECH_DBFS)


def _overheard(folder: Path, spoken: Spoken, speech: Speech) -> Sound:
    voice = _clean(speech)
    if spoken.saying.label == "second voice":
        voice = telephone.band_limited(noises.far_away(voice, np.random.default_rng(_seed(spoken.saying.id))))
    voice = telephone.at_level(voice, spoken.level)
    return _sound(folder, spoken.saying, _whole(voice, spoken.level), spoken.level)


def _made(folder: Path, clip: Clip, babble: list[Signal]) -> Sound:
    made = noises.MAKERS[clip.label](np.random.default_rng(clip.seed), clip.seconds, babble)
    made = telephone.at_level(telephone.band_limited(made), clip.level) * _faded(len(made))
    whole = _whole(made, clip.level)
    [(start, end)] = whole.spans
    wav = _written(folder / f"{clip.id}.wav", telephone.carried(whole.signal, _seed(clip.id)))
    fragments = (Fragment("", start, end),)
    return Sound(clip.id, "noise", "synthetic", "", clip.held_out, "", wav, fragments, clip.label, level=clip.level)


def _sound(folder: Path, saying: Saying, audio: Opened, level: float) -> Sound:
    wav = _written(folder / f"{saying.id}.wav", telephone.carried(audio.signal, _seed(saying.id)))
    fragments = tuple(Fragment(text, *span) for text, span in zip(saying.words, audio.spans, strict=True))
    voice = saying.voice
    text = " ".join(saying.words)
    about = (saying.id, saying.kind, voice.name, voice.sex, saying.held_out, text, wav, fragments, saying.label)
    return Sound(*about, could_end=saying.could_end, level=level)


def _whole(audio: Signal, level: float) -> Opened:
    """A noise may be quieter than what the phone takes for speech: it begins where it is heard at all."""
    first, last = sounding(audio, min(SPEECH_DBFS, level - BELOW))
    ends = [np.zeros(round(seconds * RATE)) for seconds in (LEAD, TAIL)]
    heard = np.concatenate([ends[0], audio[first * BLOCK : last * BLOCK], ends[1]])
    return Opened(heard, [(LEAD, LEAD + (last - first) * BLOCK / RATE)])


def _faded(length: int) -> Signal:
    """So that nothing begins or ends with a click."""
    return np.minimum(1, np.minimum(np.arange(length), np.arange(length)[::-1]) / (FADE * RATE))


def _clean(speech: Speech) -> Signal:
    return telephone.band_limited(telephone.signal(speech.pcm))


def _seed(name: str) -> int:
    return zlib.crc32(name.encode())


def _written(path: Path, pcm: Pcm) -> Path:
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(pcm.astype("<i2").tobytes())
    return path


@contextmanager
def _alone() -> Iterator[None]:
    """Two programs that start at once render once."""
    RESULTS.mkdir(exist_ok=True)
    with (RESULTS / ".sounds.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
