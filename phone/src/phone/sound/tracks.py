"""Makes two tracks out of packets, on one time axis whose zero is the INVITE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from phone.audio import FRAME_SECONDS, RATE, Pcm, seconds
from phone.sound.listening import is_quiet
from phone.wire.rtp import rtp_seconds

if TYPE_CHECKING:
    from collections.abc import Iterable

    from phone.wire.rtp import ReceivedAudio

LATEST = 0.06  # s that a packet may come late before a listener hears a hole; a common jitter buffer
EARLIEST = 1.0  # s; further ahead than that, the sender's clock was reset


@dataclass(frozen=True)
class Track:
    """Sound from the axis's zero on; `present` marks the samples that were really sent or received."""

    pcm: Pcm
    present: np.ndarray[tuple[int], np.dtype[np.bool_]]


def sent_track(frames: list[Pcm], began: float | None, zero: float) -> Track:
    """Return what the caller sent, each packet from the moment it was due."""
    if began is None or not frames:
        return _blank(0)
    said = np.concatenate(frames)
    start = round((began - zero) * RATE)
    track = _blank(start + len(said))
    _place(track, start, said)
    return track


def received_track(received: Iterable[ReceivedAudio], zero: float) -> Track:
    """Return what a listener hears: packets placed by RTP timestamp, so that jitter below LATEST is smoothed out.

    A packet's arrival sets the playout clock. The clock is set anew while the far end is quiet (as jitter buffers do),
    after a packet that came too late to be played in time, and when the sender changes. So the first sound after a
    silence stands exactly where it arrived.
    """
    placed: list[tuple[int, Pcm]] = []
    clock: float | None = None  # arrival time that belongs to the timestamp of `last`
    last: ReceivedAudio | None = None
    quiet = True
    for now in received:
        if last is not None and clock is not None and now.packet.ssrc == last.packet.ssrc:
            step = rtp_seconds(now.packet.timestamp, last.packet.timestamp)
            late = now.at - (clock + step)
            if step <= 0 and late > LATEST:
                continue  # overtaken by others, and too late to be played
            clock = now.at if quiet or late > LATEST or late < -EARLIEST else clock + step
        else:
            clock = now.at
        placed.append((round((clock - zero) * RATE), now.pcm))
        last, quiet = now, is_quiet(now.pcm)
    track = _blank(max((start + len(pcm) for start, pcm in placed), default=0))
    for start, pcm in placed:
        _place(track, start, pcm)
    return track


def longest_missing(track: Track, start: float, end: float) -> float:
    """Return the longest time between `start` and `end` (s) for which there was no audio to play."""
    present = track.present[max(round(start * RATE), 0) : max(round(end * RATE), 0)]
    edges = np.flatnonzero(np.diff(np.concatenate(([True], present, [True])).astype(np.int8)))
    holes = edges[1::2] - edges[::2]
    # A hole shorter than a packet is the seam where the playout clock was set anew.
    longest = seconds(int(holes.max())) if len(holes) else 0.0
    return longest if longest >= FRAME_SECONDS else 0.0


def _blank(samples: int) -> Track:
    size = max(samples, 0)
    return Track(np.zeros(size, np.int16), np.zeros(size, np.bool_))


def _place(track: Track, start: int, pcm: Pcm) -> None:
    pcm, start = pcm[max(-start, 0) :], max(start, 0)
    track.pcm[start : start + len(pcm)] = pcm
    track.present[start : start + len(pcm)] = True
