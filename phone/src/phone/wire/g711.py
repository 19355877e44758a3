"""G.711, the telephone network's codec, by FFmpeg: one byte for each sample, in µ-law or A-law."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Literal

import av
import numpy as np

if TYPE_CHECKING:
    from av.audio.codeccontext import AudioCodecContext

    from phone.audio import Pcm

ULAW, ALAW = 0, 8  # RTP payload types, RFC 3551 section 6
NAMES = {ULAW: "PCMU", ALAW: "PCMA"}
CODECS = {ULAW: "pcm_mulaw", ALAW: "pcm_alaw"}  # FFmpeg's names
RATE = 8000  # Hz


def decode(payload: bytes, payload_type: int) -> Pcm:
    if not payload:
        return np.zeros(0, np.int16)  # FFmpeg takes an empty packet for the end of the stream
    frames = _contexts.get(payload_type, "r").decode(av.Packet(payload))
    return np.concatenate([frame.to_ndarray()[0] for frame in frames])


def encode(pcm: Pcm, payload_type: int) -> bytes:
    if not len(pcm):
        return b""
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(pcm)[np.newaxis], format="s16", layout="mono")
    frame.sample_rate = RATE
    return b"".join(bytes(packet) for packet in _contexts.get(payload_type, "w").encode(frame))


class _Contexts(threading.local):
    """The codec contexts of one thread: FFmpeg works without Python's lock, so threads must not share one.

    A context of G.711 remembers nothing from packet to packet, so all calls of a thread share it.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[int, str], AudioCodecContext] = {}

    def get(self, payload_type: int, mode: Literal["r", "w"]) -> AudioCodecContext:
        if (payload_type, mode) not in self._known:
            context: Any = av.CodecContext.create(CODECS[payload_type], mode)
            context.sample_rate, context.layout = RATE, "mono"
            if mode == "w":
                context.format = "s16"
            self._known[payload_type, mode] = context
        return self._known[payload_type, mode]


_contexts = _Contexts()
