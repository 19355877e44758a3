"""Where a sentence may be opened, and what is drawn out before that."""

import numpy as np

from tests.bench.sounds.engines import kokoro

TEXT = "a table for, um, four"
PHONEMES = "ɐ tˈAbᵊl fɔɹ, ˈʌm, fˈɔɹ"  # noqa: RUF001 - phonetic letters
WORDS = kokoro._words(PHONEMES)
FRAMES = np.full(len(PHONEMES), 2, np.float32)


def test_words_are_found_among_the_phonemes_without_their_punctuation() -> None:
    assert [PHONEMES[start:end] for start, end in WORDS] == ["ɐ", "tˈAbᵊl", "fɔɹ", "ˈʌm", "fˈɔɹ"]  # noqa: RUF001


def test_only_a_filler_and_the_last_syllable_before_the_pause_are_drawn_out() -> None:
    extra = kokoro._lingering(TEXT.split(), PHONEMES, WORDS, {1}, FRAMES)
    drawn_out = "".join(symbol for symbol, more in zip(PHONEMES, extra, strict=True) if more)
    assert drawn_out == "ᵊlʌm"


def test_the_words_that_a_pause_will_part_get_time_between_them() -> None:
    extra = kokoro._holding(WORDS, [1], FRAMES)
    assert (FRAMES + extra)[WORDS[1][1] : WORDS[2][0]].sum() == kokoro.HOLD
    assert np.count_nonzero(extra) == 1
