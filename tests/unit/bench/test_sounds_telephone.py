"""The line the sounds go through, and the noises made of arithmetic."""

import numpy as np
import pytest

from tests.bench.sounds import noises, telephone
from tests.bench.sounds.telephone import Signal

VOICES = [np.random.default_rng(seed).normal(size=8000) for seed in range(8)]


def tone(hertz: float, seconds: float = 1.0) -> Signal:
    return np.asarray(np.sin(2 * np.pi * hertz * np.arange(round(seconds * 8000)) / 8000), np.float64)


def gain(hertz: float) -> float:
    """What the band does to a frequency, dB."""
    through = telephone.band_limited(tone(hertz))[2000:6000]
    return float(10 * np.log10((through**2).mean() / 0.5))


@pytest.mark.parametrize("hertz", [350, 1000, 3300])
def test_what_a_telephone_carries_comes_through(hertz: float) -> None:
    assert gain(hertz) == pytest.approx(0, abs=1)


@pytest.mark.parametrize("hertz", [50, 200, 3600, 3900])
def test_what_a_telephone_does_not_carry_is_gone(hertz: float) -> None:
    assert gain(hertz) < -40


def test_a_sound_shorter_than_the_filter_keeps_its_length() -> None:
    assert len(telephone.band_limited(tone(1000, 0.02))) == 160


def test_the_level_is_that_of_the_loud_parts_whatever_silence_is_around_them() -> None:
    padded = np.concatenate([np.zeros(16000), tone(1000), np.zeros(8000)])
    assert telephone.level(telephone.at_level(padded, -23)) == pytest.approx(-23, abs=0.01)
    assert telephone.level(tone(1000)) == pytest.approx(telephone.level(padded), abs=0.1)


def test_a_sound_has_only_values_that_g711_has() -> None:
    carried = telephone.carried(telephone.at_level(tone(440), -23), seed=3)
    assert len(np.unique(carried)) <= 256


@pytest.mark.parametrize("name", noises.MAKERS)
def test_a_noise_is_as_long_as_asked_and_the_same_every_time(name: str) -> None:
    first, again = (noises.MAKERS[name](np.random.default_rng(5), 0.9, VOICES) for _ in range(2))
    assert len(first) == pytest.approx(0.9 * 8000, abs=1)
    assert np.array_equal(first, again)
    assert np.isfinite(first).all()


def test_every_cough_is_another() -> None:
    first, second = (noises.cough(np.random.default_rng(seed), 0.5, []) for seed in (1, 2))
    assert np.abs(np.corrcoef(first, second)[0, 1]) < 0.5
