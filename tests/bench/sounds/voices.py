"""Who speaks. Six voices are for tuning and measuring alike; the two held out say nothing anything is tuned with."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Voice:
    name: str
    sex: str
    engine: str
    held_out: bool = False


TUNING = [
    Voice("af_heart", "female", "kokoro"),
    Voice("am_michael", "male", "kokoro"),
    Voice("bf_emma", "female", "kokoro"),
    Voice("am_fenrir", "male", "kokoro"),
    Voice("af_bella", "female", "kokoro"),
    Voice("bm_george", "male", "kokoro"),
]
# Another make of synthesizer is among them, with other habits of timing.
HELD_OUT = [Voice("joe", "male", "piper", held_out=True), Voice("af_sarah", "female", "kokoro", held_out=True)]
EVERYONE = TUNING + HELD_OUT
# Known voices with unknown sentences too: else a voice's influence could not be told from a sentence's.
HELD_OUT_SENTENCES = [voice for known in TUNING for voice in (HELD_OUT[TUNING.index(known) % 2], known)]
