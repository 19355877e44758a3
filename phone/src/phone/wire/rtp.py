"""RTP (RFC 3550): packets, and a stream in each direction on one socket, timed by the event loop's clock."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import struct
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from phone.audio import FRAME, FRAME_SECONDS, RATE, Pcm, seconds
from phone.wire import g711

if TYPE_CHECKING:
    from collections.abc import Callable

HEADER = struct.Struct("!BBHII")
EVENT = struct.Struct("!BBH")
KEYS = "0123456789*#ABCD"  # RFC 4733 section 3.2
KEY_FRAMES, KEY_PAUSE_FRAMES = 8, 5  # 160 ms pressed, 100 ms between
KEY_VOLUME = 10  # -dBm0
SILENCE = np.zeros(FRAME, np.int16)


@dataclass(frozen=True)
class Packet:
    """One RTP packet."""

    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes
    marker: bool = False

    def __bytes__(self) -> bytes:
        flags = self.marker << 7 | self.payload_type
        return HEADER.pack(0x80, flags, self.sequence, self.timestamp, self.ssrc) + self.payload

    @classmethod
    def parse(cls, data: bytes) -> Packet:
        """Read a packet. Raises ValueError for anything but RTP; RTCP may come to the same port."""
        if len(data) < HEADER.size or data[0] >> 6 != 2:
            raise ValueError("not an RTP packet")
        first, flags, sequence, timestamp, ssrc = HEADER.unpack_from(data)
        if 64 <= flags & 0x7F <= 95:
            raise ValueError("an RTCP packet (RFC 5761 section 4)")
        start = HEADER.size + 4 * (first & 15)
        if first & 0x10:
            if len(data) < start + 4:
                raise ValueError("an RTP packet without its header extension")
            start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4], "big")
        end = len(data) - (data[-1] if first & 0x20 else 0)
        return cls(flags & 0x7F, sequence, timestamp, ssrc, data[start:end], bool(flags & 0x80))


@dataclass(frozen=True)
class ReceivedAudio:
    """One packet of audio, and when it arrived (loop time)."""

    at: float
    packet: Packet
    pcm: Pcm


@dataclass(frozen=True)
class ReceivedKey:
    """A key that the far end pressed, and when (loop time)."""

    at: float
    key: str


@dataclass
class Playback:
    """A sound or keys to be sent. The times are the loop times at which the first and the last sample were sent."""

    pcm: Pcm
    text: str = ""
    keys: str = ""
    late_ends: bool = False  # the last packet of each key comes after the first one of the next key
    started: float | None = None
    ended: float | None = None
    _position: int = 0
    _done: asyncio.Event = field(default_factory=asyncio.Event)

    async def finished(self) -> None:
        await self._done.wait()

    def stop(self) -> None:
        """End the sound with the next packet."""
        self.pcm = self.pcm[: self._position]

    def next_frame(self, now: float) -> Pcm:
        if self.started is None:
            self.started = now
        part = self.pcm[self._position : self._position + FRAME]
        self._position += len(part)
        if self._position >= len(self.pcm):
            self.finish(now + seconds(len(part)))
        return np.pad(part, (0, FRAME - len(part)))

    def finish(self, at: float) -> None:
        self.ended = at
        self._done.set()


@dataclass
class Counters:
    """What a media stream sent and received, in packets; the report has these fields as `packets`."""

    sent: int = 0
    received: int = 0
    not_audio: int = 0
    worst_send_delay: float = (
        0.0  # s; a packet is due every 20 ms, and a large delay means that this machine was too busy
    )
    sent_late: int = 0  # packets more than 20 ms late; above 1 %, the figures measure this machine, not the line


class MediaStream(asyncio.DatagramProtocol):
    """Sends a packet every 20 ms, silence when there is nothing to say, and keeps the audio that arrives.

    `on_audio` is called with each packet of audio when it arrives.
    """

    def __init__(self, on_audio: Callable[[ReceivedAudio], None]) -> None:
        self._on_audio = on_audio
        self._transport: asyncio.DatagramTransport | None = None
        self._queue: deque[Playback] = deque()
        self._pacing: asyncio.Task[None] | None = None
        self._telephone_event: int | None = None
        self._latest_key: tuple[int, int] | None = None  # the sender and the timestamp of its packets
        self.received: list[ReceivedAudio] = []
        self.keys: list[ReceivedKey] = []
        self.sent: list[Pcm] = []  # one frame each FRAME_SECONDS from `began`
        self.began: float | None = None
        self.marks = True  # whether the first packet of the sound and of each key has the marker bit
        self.counters = Counters()
        self.address: tuple[str, int] = ("", 0)
        self.sends = True  # while False no packet is sent, and what is to be said waits

    @classmethod
    async def open(cls, local_address: str, on_audio: Callable[[ReceivedAudio], None]) -> MediaStream:
        _, stream = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: cls(on_audio), local_addr=(local_address, 0)
        )
        return stream

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport
        self.address = transport.get_extra_info("sockname")[:2]

    def start(self, peer: tuple[str, int], payload_type: int, telephone_event: int | None) -> None:
        self._telephone_event = telephone_event
        self._pacing = asyncio.create_task(self._pace(peer, payload_type, telephone_event))

    def stop(self) -> None:
        """Stop sending; what was being said counts as finished."""
        if self._pacing:
            self._pacing.cancel()
        while self._queue:
            if (playback := self._queue.popleft()).ended is None:
                playback.finish(asyncio.get_running_loop().time())

    async def close(self) -> None:
        self.stop()
        if self._pacing:
            with contextlib.suppress(asyncio.CancelledError):
                await self._pacing
        if self._transport:
            self._transport.close()

    def play(self, playback: Playback) -> None:
        """Queue a playback behind what is being said."""
        self._queue.append(playback)

    def datagram_received(self, data: bytes, _: object) -> None:
        now = asyncio.get_running_loop().time()
        try:
            packet = Packet.parse(data)
        except ValueError:
            return
        if packet.payload_type not in g711.NAMES:
            self.counters.not_audio += 1  # comfort noise, key presses
            if packet.payload_type == self._telephone_event:
                self._note_key(now, packet)
            return
        self.counters.received += 1
        audio = ReceivedAudio(now, packet, g711.decode(packet.payload, packet.payload_type))
        self.received.append(audio)
        self._on_audio(audio)

    def _note_key(self, now: float, packet: Packet) -> None:
        """Note a key once: all packets of one press have the timestamp of its beginning (RFC 4733 section 2.5.1.2)."""
        press = packet.ssrc, packet.timestamp
        if press != self._latest_key and len(packet.payload) >= EVENT.size and packet.payload[0] < len(KEYS):
            self._latest_key = press
            self.keys.append(ReceivedKey(now, KEYS[packet.payload[0]]))

    async def _pace(self, peer: tuple[str, int], payload_type: int, telephone_event: int | None) -> None:
        """Send a packet every 20 ms, counted from the first. After a late one, the next follows at once."""
        loop = asyncio.get_running_loop()
        sequence, timestamp = secrets.randbits(16), secrets.randbits(32)
        ssrc = secrets.randbits(32)
        self.began = loop.time()
        keys = _Keys()
        while self._transport:
            due = self.began + len(self.sent) * FRAME_SECONDS
            await asyncio.sleep(due - loop.time())
            delay = loop.time() - due
            self.counters.worst_send_delay = max(self.counters.worst_send_delay, delay)
            self.counters.sent_late += delay > FRAME_SECONDS
            while self._queue and self._queue[0].ended is not None:
                self._queue.popleft()
            playing = self._queue[0] if self._queue and self.sends else None
            event = keys.next_event(playing, due) if playing and playing.keys else None
            frame = playing.next_frame(due) if playing and not playing.keys else SILENCE
            if event and telephone_event is not None:
                payload, first, offset = event
                kind, since = telephone_event, (timestamp - offset) % 2**32
            else:
                payload, first = g711.encode(frame, payload_type), not self.sent
                kind, since = payload_type, timestamp
            packet = Packet(kind, sequence, since, ssrc, payload, first and self.marks)
            self.sent.append(frame)
            timestamp = (timestamp + FRAME) % 2**32
            if self.sends:
                self._transport.sendto(bytes(packet), peer)
                self.counters.sent += 1
                sequence = (sequence + 1) % 2**16  # it has no gap where no packet was sent, but the timestamp has


class _Keys:
    """Turns the keys of a Playback into telephone events, one packet every 20 ms (RFC 4733 section 2.5.1)."""

    def __init__(self) -> None:
        self._frame = 0

    def next_event(self, playback: Playback, now: float) -> tuple[bytes, bool, int] | None:
        """Return payload, marker, and how many samples ago the key went down; None in the pause between two keys."""
        if playback.started is None:
            playback.started = now
        key, frame = divmod(self._frame, KEY_FRAMES + KEY_PAUSE_FRAMES)
        self._frame += 1
        if self._frame == len(playback.keys) * (KEY_FRAMES + KEY_PAUSE_FRAMES):
            self._frame = 0
            playback.finish(now + FRAME_SECONDS)
        if playback.late_ends and frame == KEY_FRAMES - 1 and key + 1 < len(playback.keys):
            return None
        if playback.late_ends and frame == 1 and key:
            since = frame + KEY_FRAMES + KEY_PAUSE_FRAMES
            return _event(playback.keys[key - 1], FRAME * (KEY_FRAMES - 2), ends=True), False, FRAME * since
        if frame >= KEY_FRAMES:
            return None
        last_three = frame >= KEY_FRAMES - 3  # the end is sent three times, with the same duration
        duration = FRAME * min(frame + 1, KEY_FRAMES - 2)
        return _event(playback.keys[key], duration, ends=last_three), frame == 0, FRAME * frame


def _event(key: str, duration: int, *, ends: bool) -> bytes:
    return EVENT.pack(KEYS.index(key), ends << 7 | KEY_VOLUME, duration)


def rtp_seconds(later: int, earlier: int) -> float:
    """Return the difference of two RTP timestamps, which wrap at 32 bits."""
    return ((later - earlier + 2**31) % 2**32 - 2**31) / RATE
