"""The recorded sentences, as an image has them, made of tones: each sentence has a length of its own."""

import atexit
from dataclasses import asdict
from functools import cache
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

import numpy as np

from agent import languages
from speech.sentences import RATE, Samples, write

SECONDS = 0.5  # of the first one, and a tenth of that more for each further one


@cache
def recorded() -> Path:
    """A folder for `Announcer`, with the English sentences."""
    folder = Path(mkdtemp(prefix="recorded-"))
    atexit.register(rmtree, folder)
    (folder / "en").mkdir()
    for number, name in enumerate(asdict(languages.sentences("en"))):
        write(folder / "en" / f"{name}.ogg", _tone(SECONDS * (1 + number / 10)))
    return folder


def _tone(seconds: float) -> Samples:
    tone: Samples = (8000 * np.sin(np.arange(round(seconds * RATE)) * 0.06)).astype(np.int16)
    return tone
