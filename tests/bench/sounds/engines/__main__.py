"""JSON requests on standard input, one a line, to <key>.wav and then <key>.json in /out."""

from __future__ import annotations

import json
import sys
import wave
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from . import kokoro, piper_joe

if TYPE_CHECKING:
    from .spoken import Spoken

ENGINES = {"kokoro": kokoro.speak, "piper": piper_joe.speak}
OUT = Path("/out")
LOUDEST = 0.9


def main() -> None:
    for line in sys.stdin:
        request = json.loads(line)
        speak = ENGINES[request["engine"]]
        write(request["key"], speak(request["voice"], request["parts"], request["speed"], linger=request["linger"]))


def write(key: str, spoken: Spoken) -> None:
    """The JSON comes last: where it is, the WAV is whole."""
    audio = spoken.audio * (LOUDEST / np.abs(spoken.audio).max())
    with wave.open(str(OUT / f"{key}.wav"), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(spoken.rate)
        out.writeframes((audio * 32767).astype("<i2").tobytes())
    (OUT / f"{key}.json").write_text(json.dumps({"seams": spoken.seams}) + "\n")


main()
