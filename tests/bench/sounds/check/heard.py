"""Runs in the phone's image: every WAV of /sounds to text, one JSON line each."""

import json
import wave
from pathlib import Path

import numpy as np

from phone.speech import Transcriber

if __name__ == "__main__":
    transcribe = Transcriber(Path("/models/whisper-base"))
    for path in sorted(Path("/sounds").glob("*.wav")):
        with wave.open(str(path)) as file:
            pcm = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.int16)
        print(json.dumps({"id": path.stem, "heard": transcribe(pcm)}), flush=True)  # noqa: T201 - read by __main__.py
