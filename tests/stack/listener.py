"""Somebody in a call's room whose network lets them reach the server's TURN and nothing else; runs in a container.

`python -m tests.stack.listener URL TOKEN SECONDS` joins, waits until it has heard a second of voice, and prints as JSON
how many seconds it has heard, and over whose relay.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import numpy as np
from livekit import rtc

LOUD = 500  # of 32,768: a voice is louder, and silence is not
ENOUGH = 1.0  # seconds of voice


async def listen(url: str, token: str, seconds: float) -> dict[str, Any]:
    room = rtc.Room()
    heard, enough, listening = 0.0, asyncio.Event(), set[asyncio.Task[None]]()

    async def hear(track: rtc.Track) -> None:
        nonlocal heard
        async for event in rtc.AudioStream(track, sample_rate=16000, num_channels=1):
            sound = np.frombuffer(event.frame.data, np.int16).astype(float)
            if np.sqrt(np.mean(sound**2)) > LOUD:
                heard += event.frame.samples_per_channel / event.frame.sample_rate
            if heard >= ENOUGH:
                enough.set()

    room.on("track_subscribed", lambda track, *_: listening.add(asyncio.ensure_future(hear(track))))
    relay_only = rtc.RtcConfiguration(ice_transport_type=rtc.IceTransportType.TRANSPORT_RELAY)
    try:
        async with asyncio.timeout(seconds):
            await room.connect(url, token, rtc.RoomOptions(rtc_config=relay_only))
            await enough.wait()
    except (TimeoutError, rtc.ConnectError) as error:
        return {"heard": heard, "ways": [], "failed": repr(error)}
    stats = await room.get_rtc_stats()
    await room.disconnect()
    return {"heard": heard, "ways": ways_in_use([*stats.publisher_stats, *stats.subscriber_stats]), "failed": ""}


def ways_in_use(stats: list[Any]) -> list[str]:
    """Return where the addresses over which packets have come in were got from: a TURN server's URL, or nowhere."""
    urls = {
        one.local_candidate.rtc.id: one.local_candidate.candidate.url
        for one in stats
        if one.HasField("local_candidate")
    }
    pairs = [one.candidate_pair.candidate_pair for one in stats if one.HasField("candidate_pair")]
    return sorted({urls.get(pair.local_candidate_id, "") for pair in pairs if pair.bytes_received})


if __name__ == "__main__":
    print(json.dumps(asyncio.run(listen(sys.argv[1], sys.argv[2], float(sys.argv[3])))))  # noqa: T201
