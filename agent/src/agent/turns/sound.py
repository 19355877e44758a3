"""Sound as numbers, and the way from a stream's input into voice activity detection."""

import asyncio
import contextlib
from collections.abc import AsyncIterable, AsyncIterator, Iterable

import numpy as np
import numpy.typing as npt
from livekit import rtc
from livekit.agents import utils, vad


def samples_of(frames: Iterable[rtc.AudioFrame]) -> npt.NDArray[np.int16]:
    """Return the samples of all frames in one array."""
    return np.concatenate([np.frombuffer(frame.data, np.int16) for frame in frames])


def levels(samples: npt.NDArray[np.int16], size: int) -> npt.NDArray[np.float32]:
    """Return the RMS of each block of `size` samples; an incomplete block at the end is left out."""
    blocks = samples[: len(samples) // size * size].reshape(-1, size)
    return np.sqrt(np.mean(np.square(blocks, dtype=np.float32), axis=1))  # type: ignore[no-any-return]


@contextlib.asynccontextmanager
async def voice_activity(detector: vad.VAD, sound: AsyncIterable[object]) -> AsyncIterator[vad.VADStream]:
    """Feed `sound` to the detector and yield its events; anything in it that is not a frame is taken for a flush."""
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
