"""RTP packets, and the stream that keeps the beat."""

import asyncio
import time
from collections.abc import AsyncIterator
from itertools import pairwise

import numpy as np
import pytest

from phone.wire import g711
from phone.wire.rtp import MediaStream, Packet, Playback, ReceivedAudio
from tests.unit.phone.gateway import tone


class Far(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.address = ("", 0)
        self.got: list[tuple[float, Packet]] = []

    def datagram_received(self, data: bytes, _: object) -> None:
        self.got.append((asyncio.get_running_loop().time(), Packet.parse(data)))

    def of_type(self, payload_type: int) -> list[Packet]:
        return [packet for _, packet in self.got if packet.payload_type == payload_type]


@pytest.fixture
async def far() -> AsyncIterator[Far]:
    transport, far = await asyncio.get_running_loop().create_datagram_endpoint(Far, local_addr=("127.0.0.1", 0))
    far.address = transport.get_extra_info("sockname")
    yield far
    transport.close()


@pytest.fixture
async def stream(far: Far) -> AsyncIterator[MediaStream]:
    stream = await MediaStream.open("127.0.0.1", lambda _: None)
    stream.start(far.address, g711.ULAW, 101)
    yield stream
    await stream.close()


def test_a_packet_survives_the_wire() -> None:
    packet = Packet(0, 65535, 2**32 - 1, 7, b"\xff" * 160, marker=True)
    assert Packet.parse(bytes(packet)) == packet


def test_header_extensions_contributors_and_padding_are_no_audio() -> None:
    head = bytes([0x80 | 0x20 | 0x10 | 1, 0]) + bytes(10)
    data = head + b"csrc" + b"\xbe\xde\x00\x01" + b"exte" + b"audio" + b"\x00\x00\x03"
    assert Packet.parse(data).payload == b"audio"


@pytest.mark.parametrize(
    "data", [b"", b"OPTIONS sip:x SIP/2.0", bytes([0x80, 200]) + bytes(20), bytes([0x90, 0]) + bytes(10)]
)
def test_what_is_not_rtp_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="RT"):
        Packet.parse(data)


async def test_a_packet_leaves_every_20_ms_speech_or_not(stream: MediaStream, far: Far) -> None:
    said = Playback(tone(0.1))
    await asyncio.sleep(0.1)
    stream.play(said)
    await said.finished()
    await asyncio.sleep(0.1)
    await stream.close()
    times = [at for at, _ in far.got]
    assert (times[-1] - times[0]) / (len(times) - 1) == pytest.approx(0.02, abs=0.002)
    steps = {
        (b.sequence - a.sequence) % 65536: (b.timestamp - a.timestamp) % 2**32 for (_, a), (_, b) in pairwise(far.got)
    }
    assert steps == {1: 160}
    loud = [at for at, packet in far.got if packet.payload != b"\xff" * 160]
    assert len(loud) == 5
    assert said.started == pytest.approx(loud[0], abs=0.02)
    assert said.ended == pytest.approx(loud[-1] + 0.02, abs=0.02)


async def test_what_is_said_can_be_cut_short(stream: MediaStream, far: Far) -> None:
    said = Playback(tone(5))
    stream.play(said)
    await asyncio.sleep(0.1)
    said.stop()
    await asyncio.wait_for(said.finished(), 0.1)
    await asyncio.sleep(0.06)
    await stream.close()
    assert far.got[-1][1].payload == b"\xff" * 160
    assert said.started is not None
    assert said.ended is not None
    assert said.ended - said.started < 0.2


async def test_things_said_wait_for_each_other(stream: MediaStream) -> None:
    first, second = Playback(tone(0.1)), Playback(tone(0.1))
    stream.play(first)
    stream.play(second)
    await asyncio.wait_for(second.finished(), 1)
    await stream.close()
    assert first.ended == pytest.approx(second.started, abs=0.001)


async def test_keys_are_sent_as_telephone_events(stream: MediaStream, far: Far) -> None:
    pressed = Playback(np.zeros(0, np.int16), keys="5#")
    stream.play(pressed)
    await asyncio.wait_for(pressed.finished(), 2)
    await stream.close()
    events = far.of_type(101)
    presses: dict[int, list[Packet]] = {}
    for packet in events:
        presses.setdefault(packet.timestamp, []).append(packet)
    assert [packets[0].payload[0] for packets in presses.values()] == [5, 11]
    for packets in presses.values():
        assert [packet.marker for packet in packets] == [True] + [False] * (len(packets) - 1)
        assert [packet.payload[1] >> 7 for packet in packets[-3:]] == [1, 1, 1]
        assert {packet.payload[2:] for packet in packets[-3:]} == {(960).to_bytes(2, "big")}


async def test_a_far_end_may_get_no_marker_bits(far: Far) -> None:
    stream = await MediaStream.open("127.0.0.1", lambda _: None)
    stream.marks = False
    stream.start(far.address, g711.ULAW, 101)
    pressed = Playback(np.zeros(0, np.int16), keys="55")
    stream.play(pressed)
    await asyncio.wait_for(pressed.finished(), 2)
    await stream.close()
    assert len({packet.timestamp for packet in far.of_type(101)}) == 2
    assert not [packet for _, packet in far.got if packet.marker]


async def test_only_audio_counts_as_heard() -> None:
    heard: list[ReceivedAudio] = []
    stream = await MediaStream.open("127.0.0.1", heard.append)
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(Far, remote_addr=stream.address)
    for payload_type in (0, 13, 101, 8):
        transport.sendto(bytes(Packet(payload_type, 1, 1, 1, b"\xd5" * 160)))
    transport.sendto(b"noise")
    await asyncio.sleep(0.05)
    await stream.close()
    transport.close()
    assert [one.packet.payload_type for one in heard] == [0, 8]
    assert (stream.counters.received, stream.counters.not_audio) == (2, 2)


async def test_packets_sent_late_are_counted(far: Far) -> None:
    stream = await MediaStream.open("127.0.0.1", lambda _: None)
    stream.start(far.address, g711.ULAW, 101)
    await asyncio.sleep(0.05)
    before = stream.counters.sent_late
    time.sleep(0.11)  # noqa: ASYNC251 - the loop is to be held up
    await asyncio.sleep(0.05)
    await stream.close()
    assert before == 0
    assert 3 <= stream.counters.sent_late <= 5
    assert stream.counters.worst_send_delay > 0.08
