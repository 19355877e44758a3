"""The phone's mouth."""

import numpy as np
import pytest

from phone.audio import RATE
from phone.sound.listening import speech
from phone.sound.speech import SPEECH_DBFS, pieces, synthesise
from tests.unit.phone.gateway import tone


def test_a_sentence_is_spoken_at_telephone_level_without_the_voices_own_silence() -> None:
    [pcm] = synthesise(["When are you open?"])
    spans = speech(pcm)
    loud = pcm[np.abs(pcm) > 1000].astype(float)
    assert spans[0].start < 0.1
    assert len(pcm) / 8000 - spans[-1].end < 0.15
    assert 20 * np.log10(np.sqrt((loud**2).mean()) / 32768) == pytest.approx(SPEECH_DBFS, abs=3)
    assert np.abs(pcm).max() < 32767


@pytest.mark.parametrize("text", ["", "   ", "…"])
def test_what_cannot_be_spoken_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="can be spoken"):
        synthesise([text])


def test_a_long_sound_is_cut_where_it_is_quietest() -> None:
    sentence, pause = tone(9.5), np.zeros(round(0.4 * RATE), np.int16)
    pcm = np.concatenate([sentence, pause] * 8)
    cut = pieces(pcm)
    assert np.array_equal(np.concatenate(cut), pcm)
    assert [round(len(piece) / RATE, 1) for piece in cut[:-1]] == pytest.approx([19.7, 19.8, 19.8], abs=0.2)
    assert all(np.abs(piece[-80:]).max() == 0 for piece in cut)
    assert len(pieces(tone(20))) == 1
