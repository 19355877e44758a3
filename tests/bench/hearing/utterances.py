"""Has each voice speak each sentence, and sends the sound through a telephone line."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml

from phone.audio import RATE, Pcm
from tests.bench.sounds import telephone
from tests.bench.sounds.opening import LEAD, TAIL, opened
from tests.bench.sounds.sayings import DICTATING, Saying, parse
from tests.bench.sounds.synthesis import Speech, speak
from tests.bench.sounds.voices import HELD_OUT
from tests.bench.turns.results import FOLDER
from tests.support.sounds import wav

FILE = Path(__file__).parent / "sentences.yaml"
SPOKEN = FOLDER / "hearing-voices"
BEFORE, AFTER = 0.5, 0.3  # s of the line's noise that the agent's voice activity detection leaves around the words
# Four voices of Kokoro, two American and two British, and one of another synthesizer, Piper.
VOICES = [*DICTATING, *(voice for voice in HELD_OUT if voice.engine == "piper")]


@dataclass(frozen=True)
class Utterance:
    sentence: int  # its place in the file, from 0
    voice: str
    text: str
    seconds: float
    wav: bytes  # a WAV file, 8 kHz, mono, 16 bit; it has been through G.711 µ-law once


def sentences() -> list[str]:
    return [text for listed in yaml.safe_load(FILE.read_text()).values() for text in listed]


def utterances(every: int = 1) -> list[Utterance]:
    """Return every nth sentence in each voice. Docker is needed for what no voice has spoken before."""
    said = [
        (number, parse(text, f"hearing-{number:02}-{voice.name}", "hearing", "", voice, held_out=False))
        for number, text in enumerate(sentences())
        for voice in VOICES
    ]
    speech = speak([saying for _, saying in said], SPOKEN)
    return [_utterance(number, saying, speech[saying.id]) for number, saying in said if number % every == 0]


def _utterance(number: int, saying: Saying, speech: Speech) -> Utterance:
    pcm = carry(speech, saying.pauses, saying.id)
    return Utterance(number, saying.voice.name, " ".join(saying.words), len(pcm) / RATE, wav(pcm))


def carry(speech: Speech, pauses: tuple[float, ...], name: str) -> Pcm:
    """Return what arrives of the speech at the far end of a telephone line, with its pauses (s)."""
    voice = telephone.band_limited(telephone.signal(speech.pcm))
    voice = telephone.at_level(voice, telephone.SPEECH_DBFS)
    quiet = [round(seconds * RATE) for seconds in (BEFORE - LEAD, AFTER - TAIL)]
    return telephone.carried(np.pad(opened(voice, speech.seams, pauses).signal, quiet), zlib.crc32(name.encode()))
