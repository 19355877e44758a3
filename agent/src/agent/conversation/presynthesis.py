"""Words that are synthesized before they are needed: the greeting, while the phone still rings."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

from livekit import rtc
from livekit.agents import APIConnectOptions, APIError, tts, utils

from agent.aloud.reader import Reader
from agent.aloud.stream import read_aloud

logger = logging.getLogger(__name__)


class Presynthesis:
    """Synthesizes `text` as `reader` reads it aloud, beginning when the object is made."""

    def __init__(self, text: str, voice: tts.TTS[Any], options: APIConnectOptions, reader: Reader) -> None:
        self.failure: APIError | None = None  # why there is no sound, or no more of it
        self._frames = utils.aio.Chan[rtc.AudioFrame]()
        self._synthesis = asyncio.create_task(self._synthesize(text, voice, options, reader))

    async def audio(self) -> AsyncIterator[rtc.AudioFrame] | None:
        """Return the sound as soon as it begins; None if the synthesis failed, which another attempt will report."""
        try:
            first = await self._frames.recv()
        except utils.aio.ChanClosed:
            return None
        return self._all(first)

    async def _all(self, first: rtc.AudioFrame) -> AsyncIterator[rtc.AudioFrame]:
        yield first
        async for frame in self._frames:
            yield frame

    async def _synthesize(self, text: str, voice: tts.TTS[Any], options: APIConnectOptions, reader: Reader) -> None:
        try:
            async with voice.synthesize(await read_aloud(text, reader), conn_options=options) as sound:
                async for piece in sound:
                    self._frames.send_nowait(piece.frame)
        except APIError as error:
            self.failure = error
            logger.debug("Could not synthesize a text in advance: %s", error)
        finally:
            self._frames.close()
