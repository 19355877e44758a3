"""Pieces of a recording are replaced by silence, on both sides of it."""

from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np

RATE = 48000  # Hz: Opus is decoded to it in any case

Spans = Sequence[tuple[float, float]]  # seconds


def silence(source: Path, target: Path, spans: Spans) -> None:
    """Write `source`, stereo Opus in Ogg, to `target` with silence in `spans`, a piece at a time."""
    unified = av.AudioResampler(format="fltp", layout="stereo", rate=RATE)
    with av.open(source) as heard, av.open(target, "w", format="ogg") as kept:
        stream = kept.add_stream("libopus", rate=RATE, layout="stereo")
        at = 0
        for decoded in heard.decode(audio=0):
            for frame in unified.resample(decoded):
                sound = frame.to_ndarray().copy()
                _mute(sound, at, spans)
                silenced = av.AudioFrame.from_ndarray(sound, format="fltp", layout="stereo")
                silenced.sample_rate, silenced.pts = RATE, at
                at += sound.shape[1]
                kept.mux(stream.encode(silenced))
        kept.mux(stream.encode(None))


def _mute(sound: np.ndarray, at: int, spans: Spans) -> None:
    """Set to zero what of these samples, the first of which is the recording's sample `at`, lies in a span."""
    for start, end in spans:
        first, last = round(start * RATE) - at, round(end * RATE) - at
        sound[:, max(0, first) : max(0, last)] = 0
