"""An answering machine's beep is told from everything else that a phone sends."""

import numpy as np
import pytest

from agent.turns.beep import RATE, BeepDetector, tone_of
from phone.audio import RATE as PHONE_RATE
from phone.audio import load
from tests.support.house import ROOT
from tests.unit.agent.fakes import settle

Sound = np.ndarray[tuple[int], np.dtype[np.int16]]


def tone(hertz: float, seconds: float, level: float = 0.3) -> Sound:
    time = np.arange(round(seconds * RATE)) / RATE
    return np.asarray(np.sin(2 * np.pi * hertz * time) * level * 32767, np.int16)


def silence(seconds: float) -> Sound:
    return np.zeros(round(seconds * RATE), np.int16)


def noise(seconds: float) -> Sound:
    return np.random.default_rng(1).integers(-8000, 8000, round(seconds * RATE)).astype(np.int16)


def vowel(seconds: float, pitch: float = 140) -> Sound:
    """A voice: many overtones, whose pitch moves."""
    time = np.arange(round(seconds * RATE)) / RATE
    phase = 2 * np.pi * np.cumsum(pitch + 20 * np.sin(2 * np.pi * 3 * time)) / RATE
    waves = sum(np.sin(overtone * phase) / overtone for overtone in range(1, 12))
    return np.asarray(waves * 6000, np.int16)


def ends_a_beep(*parts: Sound, piece: int = 160) -> bool:
    detector, sound = BeepDetector(), np.concatenate(parts)
    for at in range(0, len(sound), piece):
        detector.take(sound[at : at + piece])
    return detector.ended.is_set()


@pytest.mark.parametrize("hertz", [400, 440, 850, 1000, 1400, 2000, 2500])
@pytest.mark.parametrize("seconds", [0.2, 0.5, 1.5])
def test_a_beep_is_heard_when_it_ends(hertz: float, seconds: float) -> None:
    assert ends_a_beep(vowel(1), silence(0.4), tone(hertz, seconds), silence(0.2))


def test_a_beep_that_goes_on_has_not_ended() -> None:
    assert not ends_a_beep(vowel(1), tone(1000, 2))


def test_words_may_follow_at_once() -> None:
    assert ends_a_beep(tone(1000, 0.5), vowel(1))


@pytest.mark.parametrize("piece", [1, 80, 160, 255, 256, 257, 4000])
def test_it_does_not_matter_in_which_pieces_the_sound_comes(piece: int) -> None:
    assert ends_a_beep(tone(1000, 0.3), silence(0.2), piece=piece)


@pytest.mark.parametrize(
    "parts",
    [
        [silence(3)],
        [noise(3)],
        [vowel(3)],
        [vowel(2, pitch=220), silence(0.5), vowel(2, pitch=90)],
        [tone(1000, 0.08), silence(1)],  # a click
        [tone(1000, 0.5, level=0.001), silence(1)],  # crosstalk
        [tone(150, 0.5), silence(1)],  # a hum
        [tone(770, 0.3) // 2 + tone(1336, 0.3) // 2, silence(1)],  # a key: two tones
        [tone(425, 0.3) + noise(0.3), silence(1)],
    ],
)
def test_nothing_else_is_a_beep(parts: list[Sound]) -> None:
    assert not ends_a_beep(*parts)


def test_no_clip_of_a_voice_is_a_beep() -> None:
    clips = sorted((ROOT / "tests/support/clips").glob("*.wav"))
    assert clips
    for clip in clips:
        sound = load(clip)
        assert not ends_a_beep(np.asarray(sound[:: PHONE_RATE // RATE], np.int16), silence(0.5)), clip.name


def test_a_tone_is_told_by_its_frequency() -> None:
    assert abs(tone_of(tone(1000, 0.032)) - 1000) < 20
    assert tone_of(silence(0.032)) == 0


async def test_it_listens_to_a_stream() -> None:
    from types import SimpleNamespace
    from typing import Any, cast

    async def stream() -> Any:
        for part in (tone(1000, 0.4), silence(0.2)):
            yield SimpleNamespace(frame=SimpleNamespace(data=part.tobytes()))
        await settle()

    detector = BeepDetector()
    await detector.listen(cast("Any", stream()))
    assert detector.ended.is_set()
