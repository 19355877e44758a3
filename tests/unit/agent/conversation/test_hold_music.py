"""A caller who waits hears something that goes on, is not loud, and has no crack in it."""

import numpy as np

from agent.conversation.hold_music import FRAME, RATE, tune


def test_the_tune_is_soft_and_never_silent() -> None:
    samples = tune().astype(np.float64) / 32767
    windows = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)
    loudness = np.sqrt((windows**2).mean(axis=1))
    assert 10 < len(samples) / RATE < 30  # seconds
    assert loudness.min() > 0.01
    assert np.abs(samples).max() < 0.4


def test_the_end_of_the_tune_goes_over_into_its_beginning() -> None:
    samples = tune().astype(np.float64)
    steps = np.abs(np.diff(samples))
    assert abs(samples[0] - samples[-1]) <= steps.max()
