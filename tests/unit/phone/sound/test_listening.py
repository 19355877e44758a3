"""Energy: who speaks when."""

import numpy as np
import pytest

from phone.sound.listening import Ear, Span, longest_quiet, speech, speech_end
from phone.wire.rtp import Packet, ReceivedAudio
from tests.unit.phone.gateway import tone


def silence(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * 8000), np.int16)


def noise(seconds: float, dbfs: float) -> np.ndarray:
    samples = np.random.default_rng(1).normal(0, 32768 * 10 ** (dbfs / 20), round(seconds * 8000))
    return np.asarray(samples, np.int16)


def test_speech_is_found_where_it_is_within_one_block() -> None:
    pcm = np.concatenate([silence(1), tone(0.5), silence(1), tone(0.3), silence(0.5)])
    assert speech(pcm) == [Span(1.0, 1.5), Span(2.5, 2.8)]


def test_comfort_noise_and_clicks_are_not_speech() -> None:
    click = np.concatenate([silence(0.5), tone(0.02, 0.9), silence(0.5)])
    assert speech(noise(2, -55)) == []
    assert speech(click) == []


def test_a_breath_does_not_end_speech_unless_asked() -> None:
    pcm = np.concatenate([tone(0.5), silence(0.25), tone(0.5)])
    assert speech(pcm) == [Span(0.0, 1.25)]
    assert len(speech(pcm, bridge=0.1)) == 2
    assert longest_quiet(pcm, Span(0.0, 1.25)) == pytest.approx(0.25)


def test_the_last_sound_of_a_file_is_not_its_end() -> None:
    assert speech_end(np.concatenate([tone(0.4), silence(2)])) == pytest.approx(0.4)
    assert speech_end(silence(0.7)) == pytest.approx(0.7)


def test_the_ear_follows_speech_packet_by_packet() -> None:
    ear = Ear()
    assert ear.quiet_for(5.0) == float("inf")
    frames = [silence(0.02)] * 5 + [tone(0.02)] * 5 + [silence(0.02)] * 30 + [tone(0.02)] * 5
    for number, pcm in enumerate(frames):
        ear.hear(ReceivedAudio(number * 0.02, Packet(0, number, number * 160, 1, b""), pcm))
        if number == 20:
            assert ear.onset == pytest.approx(0.12)
            assert ear.quiet_for(number * 0.02) == pytest.approx(0.22)
    assert ear.onset == pytest.approx(0.82)
