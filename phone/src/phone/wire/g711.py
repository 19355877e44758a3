"""G.711, the telephone network's codec, as two 256-entry tables (ITU-T G.711, sections 3.1 and 3.2)."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from phone.sound.audio import Pcm

ULAW, ALAW = 0, 8  # RTP payload types, RFC 3551 section 6
NAMES = {ULAW: "PCMU", ALAW: "PCMA"}


def decode(payload: bytes, payload_type: int) -> Pcm:
    return _decoder(payload_type)[np.frombuffer(payload, np.uint8)]


def encode(pcm: Pcm, payload_type: int) -> bytes:
    return _encoder(payload_type)[pcm.astype(np.int32) + 32768].tobytes()


@cache
def _decoder(payload_type: int) -> Pcm:
    code = np.arange(256)
    if payload_type == ULAW:
        code = ~code & 0xFF
        exponent, mantissa = code >> 4 & 7, code & 15
        magnitude = ((mantissa << 3) + 132 << exponent) - 132
        sign = np.where(code & 0x80, -1, 1)
    else:
        code = code ^ 0x55
        exponent, mantissa = code >> 4 & 7, code & 15
        magnitude = (mantissa << 4) + 8 + np.where(exponent, 256, 0) << np.maximum(exponent - 1, 0)
        sign = np.where(code & 0x80, 1, -1)
    return np.asarray(sign * magnitude, np.int16)


@cache
def _encoder(payload_type: int) -> npt.NDArray[np.uint8]:
    """The code of each of the 65,536 samples, from -32768 up."""
    sample = np.arange(-32768, 32768)
    # One's complement below zero, as in the ITU's reference coder (G.191): zero belongs to the positive side.
    magnitude = np.where(sample < 0, ~sample, sample)
    if payload_type == ULAW:
        magnitude = np.minimum(magnitude, 32635) + 132
        exponent = np.floor(np.log2(magnitude)).astype(int) - 7
        code = ~(np.where(sample < 0, 0x80, 0) | exponent << 4 | magnitude >> exponent + 3 & 15)
    else:
        exponent = np.maximum(np.floor(np.log2(np.maximum(magnitude, 1))).astype(int) - 7, 0)
        code = exponent << 4 | magnitude >> np.maximum(exponent + 3, 4) & 15
        code = (code | np.where(sample < 0, 0, 0x80)) ^ 0x55
    return np.asarray(code & 0xFF, np.uint8)
