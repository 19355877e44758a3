"""Replacing parts of a recording with silence, on both of its channels."""

from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np

RATE = 48000  # Hz, to which Opus is always decoded

Spans = Sequence[tuple[float, float]]  # seconds


def mute(source: Path, target: Path, spans: Spans) -> None:
    """Copy `source`, stereo Opus in Ogg, to `target` with silence in `spans`, frame by frame."""
    unified = av.AudioResampler(format="fltp", layout="stereo", rate=RATE)
    with av.open(source) as heard, av.open(target, "w", format="ogg") as kept:
        stream = kept.add_stream("libopus", rate=RATE, layout="stereo")
        at = 0
        for decoded in heard.decode(audio=0):
            for frame in unified.resample(decoded):
                sound = frame.to_ndarray().copy()
                _zero(sound, at, spans)
                silenced = av.AudioFrame.from_ndarray(sound, format="fltp", layout="stereo")
                silenced.sample_rate, silenced.pts = RATE, at
                at += sound.shape[1]
                kept.mux(stream.encode(silenced))
        kept.mux(stream.encode(None))


def _zero(sound: np.ndarray, at: int, spans: Spans) -> None:
    """Set the samples that are in a span to zero; the first sample of `sound` is the recording's sample `at`."""
    for start, end in spans:
        first, last = round(start * RATE) - at, round(end * RATE) - at
        sound[:, max(0, first) : max(0, last)] = 0
