"""What the listeners in a call share: its sound as numbers, and its way into voice activity detection."""

import asyncio
import contextlib
from collections.abc import AsyncIterable, AsyncIterator, Iterable

import numpy as np
import numpy.typing as npt
from livekit import rtc
from livekit.agents import utils, vad


def samples_of(frames: Iterable[rtc.AudioFrame]) -> npt.NDArray[np.int16]:
    """All of them in one piece."""
    return np.concatenate([np.frombuffer(frame.data, np.int16) for frame in frames])


def levels(samples: npt.NDArray[np.int16], size: int) -> npt.NDArray[np.float32]:
    """RMS of each block of `size` samples; what is left over at the end has none."""
    blocks = samples[: len(samples) // size * size].reshape(-1, size)
    return np.sqrt(np.mean(np.square(blocks, dtype=np.float32), axis=1))  # type: ignore[no-any-return]


@contextlib.asynccontextmanager
async def voice_activity(detector: vad.VAD, sound: AsyncIterable[object]) -> AsyncIterator[vad.VADStream]:
    """What `detector` hears in `sound`: frames, and between them whatever else a stream takes for a flush."""
    events = detector.stream()

    async def forward() -> None:
        async for piece in sound:
            if isinstance(piece, rtc.AudioFrame):
                events.push_frame(piece)
            else:
                events.flush()
        events.end_input()

    forwarding = asyncio.create_task(forward())
    try:
        yield events
    finally:
        await utils.aio.cancel_and_wait(forwarding)
        await events.aclose()
