"""Reading, converting and writing audio."""

from pathlib import Path

import numpy as np
import pytest

from phone.audio import load, resample, save_stereo
from tests.unit.phone.gateway import tone


def level(pcm: np.ndarray) -> float:
    return float(np.sqrt((pcm.astype(float) ** 2).mean()))


def sine(hertz: float, rate: int) -> np.ndarray:
    return np.asarray(np.sin(np.arange(rate) * 2 * np.pi * hertz / rate) * 10000, np.int16)


def test_resampling_keeps_what_a_telephone_carries_and_drops_what_would_alias() -> None:
    assert level(resample(sine(1000, 24000), 24000, 8000)) == pytest.approx(7071, rel=0.05)
    assert level(resample(sine(5000, 24000), 24000, 8000)) < 100
    assert len(resample(sine(1000, 24000), 24000, 8000)) == pytest.approx(8000, abs=20)


def test_a_stereo_file_is_read_as_one_channel(tmp_path: Path) -> None:
    save_stereo(tmp_path / "x.wav", tone(0.5), tone(0.25))
    assert len(load(tmp_path / "x.wav")) == 4000


def test_what_is_not_audio_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "x.wav").write_text("hello")
    with pytest.raises(ValueError, match=r"x\.wav is not an audio file"):
        load(tmp_path / "x.wav")
