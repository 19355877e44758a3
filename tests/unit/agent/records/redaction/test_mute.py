"""What must not be heard is silence in the new recording, and the rest is what it was."""

from pathlib import Path

import av
import numpy as np
import pytest

from agent.records.redaction.mute import RATE, mute

SECONDS = 6.0
FADES, SETS_IN = 0.4, 0.05  # seconds for which the codec smears what was before, 40 dB down, and what comes after


def record(path: Path, rate: int = 24000) -> None:
    """440 Hz left, 660 Hz right, as livekit-agents writes it."""
    at = np.arange(int(SECONDS * rate)) / rate
    sound = np.stack([0.5 * np.sin(2 * np.pi * pitch * at) for pitch in (440, 660)]).astype(np.float32)
    with av.open(path, "w", format="ogg") as file:
        stream = file.add_stream("libopus", rate=rate, layout="stereo")
        for start in range(0, sound.shape[1], 60_000):
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(sound[:, start : start + 60_000]), format="fltp", layout="stereo"
            )
            frame.sample_rate = rate
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))


def decoded(path: Path) -> np.ndarray:
    unified = av.AudioResampler(format="fltp", layout="stereo", rate=RATE)
    with av.open(path) as file:
        return np.concatenate(
            [part.to_ndarray() for frame in file.decode(audio=0) for part in unified.resample(frame)], 1
        )


def level(sound: np.ndarray, start: float, end: float) -> np.ndarray:
    """Of each channel, as root mean square."""
    piece = sound[:, int(start * RATE) : int(end * RATE)]
    return np.asarray(np.sqrt(np.mean(piece**2, axis=1)))


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    record(tmp_path / "heard.ogg")
    return tmp_path / "heard.ogg"


def test_the_span_is_silent_on_both_sides_and_the_rest_as_loud_as_before(recording: Path, tmp_path: Path) -> None:
    mute(recording, tmp_path / "kept.ogg", [(2.0, 3.5)])
    before, after = decoded(recording), decoded(tmp_path / "kept.ogg")
    assert level(after, 2.0 + FADES, 3.5 - SETS_IN).max() == 0
    assert level(after, 2.01, 3.48).max() < 0.005
    for start, end in ((0.1, 1.9), (3.6, 5.9)):
        np.testing.assert_allclose(level(after, start, end), level(before, start, end), rtol=0.02)
    assert abs(after.shape[1] - before.shape[1]) < 0.05 * RATE


def test_spans_may_overlap_and_reach_beyond_the_end(recording: Path, tmp_path: Path) -> None:
    mute(recording, tmp_path / "kept.ogg", [(0.0, 1.0), (0.5, 2.0), (5.0, 60.0)])
    after = decoded(tmp_path / "kept.ogg")
    assert level(after, 0, 2.0 - SETS_IN).max() == 0
    assert level(after, 5.0 + FADES, SECONDS).max() == 0
    assert level(after, 2.1, 4.9).min() > 0.3
