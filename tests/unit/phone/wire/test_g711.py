"""The codec against ITU-T G.711's tables."""

import hashlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.typing import NDArray

from phone.wire import g711


@pytest.mark.parametrize(
    ("payload_type", "code", "sample"),
    [
        (g711.ULAW, 0xFF, 0),
        (g711.ULAW, 0x7F, 0),
        (g711.ULAW, 0x00, -32124),
        (g711.ULAW, 0x80, 32124),
        (g711.ULAW, 0xFE, 8),
        (g711.ULAW, 0xF0, 120),
        (g711.ULAW, 0xEF, 132),
        (g711.ALAW, 0xD5, 8),
        (g711.ALAW, 0x55, -8),
        (g711.ALAW, 0xAA, 32256),
        (g711.ALAW, 0x2A, -32256),
        (g711.ALAW, 0xC5, 264),
    ],
)
def test_a_code_has_the_value_of_the_standard(payload_type: int, code: int, sample: int) -> None:
    assert g711.decode(bytes([code]), payload_type)[0] == sample


ALL_SAMPLES = np.arange(-32768, 32768).astype(np.int16)


def reference_codes(payload_type: int) -> NDArray[np.uint8]:
    """Return the codes of all samples as ITU-T G.191's ulaw_compress and alaw_compress give them."""
    sample = ALL_SAMPLES.astype(int)
    magnitude = np.where(sample < 0, ~sample, sample)
    if payload_type == g711.ULAW:
        magnitude = np.minimum(magnitude, 32635) + 132
        exponent = np.floor(np.log2(magnitude)).astype(int) - 7
        code = ~(np.where(sample < 0, 0x80, 0) | exponent << 4 | magnitude >> exponent + 3 & 15)
    else:
        exponent = np.maximum(np.floor(np.log2(np.maximum(magnitude, 1))).astype(int) - 7, 0)
        code = exponent << 4 | magnitude >> np.maximum(exponent + 3, 4) & 15
        code = (code | np.where(sample < 0, 0, 0x80)) ^ 0x55
    return np.asarray(code & 0xFF, np.uint8)


@pytest.mark.parametrize(
    ("payload_type", "digest"),
    [
        (g711.ULAW, "90c29de505fb68e766118303bd552a16005dcf810873698bee1d8f3b247ce28c"),
        (g711.ALAW, "38488f6fd710f4686360edc4d38639f96c491595ef93f8eb8d62d5e07ca6ce7b"),
    ],
)
def test_all_65536_samples_have_the_codes_of_the_itus_reference_coder_or_nearer_ones(
    payload_type: int, digest: str
) -> None:
    reference = reference_codes(payload_type)
    assert hashlib.sha256(reference.tobytes()).hexdigest() == digest  # of what the reference coder gives
    codes = np.frombuffer(g711.encode(ALL_SAMPLES, payload_type), np.uint8)
    values, expected = (g711.decode(it.tobytes(), payload_type).astype(int) for it in (codes, reference))
    other = codes != reference
    assert other.mean() < 0.015  # where two values are equally near, FFmpeg rounds to the other side
    every_value = np.unique(g711.decode(bytes(range(256)), payload_type).astype(int))
    apart = np.searchsorted(every_value, values) - np.searchsorted(every_value, expected)
    assert set(np.abs(apart[other])) == {1}
    error = np.abs(values - ALL_SAMPLES)
    least = np.abs(ALL_SAMPLES[:, None].astype(int) - every_value).min(axis=1)
    assert (error - least).max() < 8  # of 65,536: FFmpeg looks at the upper 14 bits


@pytest.mark.parametrize("payload_type", [g711.ULAW, g711.ALAW])
def test_every_code_survives_decoding_and_encoding(payload_type: int) -> None:
    codes = bytes(range(256))
    again = g711.encode(g711.decode(codes, payload_type), payload_type)
    if payload_type == g711.ULAW:
        codes = codes.replace(b"\x7f", b"\xff")  # the law has two zeros
    assert again == codes


def test_silence_is_the_idle_code() -> None:
    assert g711.encode(np.zeros(160, np.int16), g711.ULAW) == b"\xff" * 160


@pytest.mark.parametrize("payload_type", [g711.ULAW, g711.ALAW])
def test_an_empty_packet_is_no_sound_and_does_not_end_the_stream(payload_type: int) -> None:
    assert len(g711.decode(b"", payload_type)) == 0
    assert g711.encode(np.zeros(0, np.int16), payload_type) == b""
    silence = np.zeros(160, np.int16)
    assert len(g711.decode(g711.encode(silence, payload_type), payload_type)) == 160


def test_every_second_sample_of_an_array_can_be_encoded() -> None:
    samples = ALL_SAMPLES[::2]
    assert g711.encode(samples, g711.ULAW) == g711.encode(samples.copy(), g711.ULAW)


def test_threads_encode_and_decode_at_the_same_time() -> None:
    codes = np.tile(np.arange(256, dtype=np.uint8), 20).tobytes()

    def round_trip(_: int) -> bytes:
        return g711.encode(g711.decode(codes, g711.ALAW), g711.ALAW)

    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(round_trip, range(2000))) == {codes}
