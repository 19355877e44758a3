"""Packets laid on the time axis, as a listener hears them."""

import numpy as np
import pytest

from phone.sound.tracks import longest_missing, received_track, sent_track
from phone.wire.rtp import Packet, ReceivedAudio
from tests.unit.phone.gateway import tone

LOUD, QUIET = tone(0.02), np.zeros(160, np.int16)


def packet(
    number: int, at: float, pcm: np.ndarray = LOUD, ssrc: int = 1, timestamp: int | None = None
) -> ReceivedAudio:
    stamp = number * 160 if timestamp is None else timestamp
    return ReceivedAudio(at, Packet(0, number, stamp % 2**32, ssrc, b""), pcm)


def sound(heard: list[ReceivedAudio]) -> np.ndarray:
    """Sample numbers at which there is audio."""
    return np.flatnonzero(received_track(heard, 0.0).present)


def test_jitter_inside_speech_is_smoothed_by_the_timestamps() -> None:
    delays = (0.0, 0.011, 0.004, 0.032, 0.0)
    heard = [packet(n, 1.0 + n * 0.02 + delay) for n, delay in enumerate(delays)]
    assert list(sound(heard)) == list(range(8000, 8800))


def test_the_first_sound_after_silence_stands_where_it_arrived() -> None:
    heard = [packet(0, 1.0, QUIET), packet(1, 1.05, LOUD), packet(2, 1.07, LOUD)]
    assert np.flatnonzero(received_track(heard, 0.0).pcm)[0] == pytest.approx(1.05 * 8000, abs=1)


def test_a_packet_too_late_to_be_played_leaves_a_hole() -> None:
    heard = [packet(n, 1.0 + n * 0.02 + (0.15 if n >= 5 else 0)) for n in range(10)]
    assert longest_missing(received_track(heard, 0.0), 1.0, 1.3) == pytest.approx(0.15, abs=0.001)


def test_a_lost_packet_leaves_a_hole_of_its_length() -> None:
    heard = [packet(n, 1.0 + n * 0.02) for n in range(10) if n not in (4, 5)]
    track = received_track(heard, 0.0)
    assert longest_missing(track, 1.0, 1.2) == pytest.approx(0.04)
    assert longest_missing(track, 1.0, 1.08) == 0.0


def test_a_packet_that_was_overtaken_is_put_in_its_place() -> None:
    heard = [packet(0, 1.0), packet(2, 1.041), packet(1, 1.042), packet(3, 1.06)]
    assert list(sound(heard)) == list(range(8000, 8640))


def test_timestamps_may_wrap_and_senders_may_change() -> None:
    wrapping = [packet(n, 1.0 + n * 0.02, timestamp=2**32 - 160 + n * 160) for n in range(4)]
    assert list(sound(wrapping)) == list(range(8000, 8640))
    changed = [packet(0, 1.0), packet(1, 1.5, ssrc=2, timestamp=99)]
    assert list(sound(changed)) == [*range(8000, 8160), *range(12000, 12160)]


def test_what_was_sent_begins_when_its_first_packet_left() -> None:
    track = sent_track([LOUD, QUIET], 3.0, 1.0)
    assert len(track.pcm) == 16320
    assert np.flatnonzero(track.present)[0] == 16000
    assert len(sent_track([], None, 0.0).pcm) == 0
