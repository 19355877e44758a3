"""Sentences opened at a word boundary: pauses of the length asked, nothing lost, nothing that clicks."""

import numpy as np
import pytest

from phone.sound.listening import speech
from tests.bench.sounds.opening import LEAD, TAIL, opened
from tests.bench.sounds.telephone import SPEECH_DBFS, Signal, carried


def words(*lengths: float, gap: float = 0.04, before: float = 0.3, after: float = 0.5) -> Signal:
    """Tones of these lengths (s) with a short dip between them, as words in running speech."""
    tone = [np.sin(2 * np.pi * 440 * np.arange(round(length * 8000)) / 8000) * 0.1 for length in lengths]
    dip = np.zeros(round(gap * 8000))
    parts = [part for word in tone for part in (word, dip)][:-1]
    return np.concatenate([np.zeros(round(before * 8000)), *parts, np.zeros(round(after * 8000))])


@pytest.mark.parametrize("pause", [0.4, 0.93, 1.5])
def test_the_pause_is_as_long_as_asked_from_last_sound_to_first(pause: float) -> None:
    result = opened(words(0.4, 0.6), [(0.7, 0.74)], (pause,))
    [(start, end), (again, over)] = result.spans
    assert again - end == pytest.approx(pause, abs=0.005)
    assert (start, end - start, over - again) == pytest.approx((LEAD, 0.4, 0.6), abs=0.02)


def test_the_sounds_are_where_the_phone_hears_them_on_the_line() -> None:
    result = opened(words(0.4, 0.3, 0.6), [(0.7, 0.74), (1.04, 1.08)], (0.5, 1.0))
    heard = speech(carried(result.signal, seed=1))
    assert [(span.start, span.end) for span in heard] == [pytest.approx(span, abs=0.011) for span in result.spans]


def test_what_surrounds_a_sentence_is_cut_to_the_same_length_everywhere() -> None:
    result = opened(words(0.5, before=0.9, after=0.9), [], ())
    assert len(result.signal) / 8000 == pytest.approx(LEAD + 0.5 + TAIL, abs=0.02)


def test_it_is_cut_in_the_dip_even_where_the_engine_is_a_little_off() -> None:
    early = opened(words(0.4, 0.6), [(0.69, 0.71)], (0.5,))
    assert early.spans[0][1] - early.spans[0][0] == pytest.approx(0.4, abs=0.02)


def test_a_cut_through_a_voice_fades_on_both_sides() -> None:
    result = opened(words(1.0), [(0.8, 0.8)], (0.5,))
    assert np.abs(np.diff(result.signal)).max() < 0.04  # a tone of 440 Hz at 0.1 moves by at most 0.035 a sample


def test_the_line_is_never_digitally_silent_and_its_noise_is_no_speech() -> None:
    pcm = carried(np.zeros(8000), seed=2)
    blocks = pcm.reshape(-1, 80).astype(np.float64) / 32768
    levels = 10 * np.log10((blocks**2).mean(axis=1))
    assert -72 < levels.min() < levels.max() < SPEECH_DBFS - 30
