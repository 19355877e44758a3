"""The codec against ITU-T G.711's tables."""

import hashlib

import numpy as np
import pytest

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


@pytest.mark.parametrize(
    ("payload_type", "digest"),
    [
        (g711.ULAW, "90c29de505fb68e766118303bd552a16005dcf810873698bee1d8f3b247ce28c"),
        (g711.ALAW, "38488f6fd710f4686360edc4d38639f96c491595ef93f8eb8d62d5e07ca6ce7b"),
    ],
)
def test_all_65536_samples_have_the_codes_of_the_itus_reference_coder(payload_type: int, digest: str) -> None:
    # Digests of what ITU-T G.191's alaw_compress and ulaw_compress give.
    codes = g711.encode(np.arange(-32768, 32768).astype(np.int16), payload_type)
    assert hashlib.sha256(codes).hexdigest() == digest


@pytest.mark.parametrize("payload_type", [g711.ULAW, g711.ALAW])
def test_every_code_survives_decoding_and_encoding(payload_type: int) -> None:
    codes = bytes(range(256))
    again = g711.encode(g711.decode(codes, payload_type), payload_type)
    if payload_type == g711.ULAW:
        codes = codes.replace(b"\x7f", b"\xff")  # the law has two zeros
    assert again == codes


def test_silence_is_the_idle_code() -> None:
    assert g711.encode(np.zeros(160, np.int16), g711.ULAW) == b"\xff" * 160
