"""The phone's mouth."""

import numpy as np
import pytest

from phone.sound.listening import speech
from phone.sound.speech import SPEECH_DBFS, synthesise


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
