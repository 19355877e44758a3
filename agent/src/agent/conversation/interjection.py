"""A way to say something while a reply is still being prepared.

livekit-agents says one thing after the other, and a reply gets its place as soon as it is requested, so whatever
`session.say` says meanwhile comes after it. livekit-agents' BackgroundAudioPlayer has a track of its own, which would
go on over the reply and would be missing from recordings.
"""

import asyncio
from collections.abc import AsyncIterator

from livekit import rtc
from livekit.agents.voice import io

from agent.framework import is_playing

GRACE = 1.0  # seconds beyond its own length within which a sound has to report its end


class Interjection(io.AudioOutput):
    """An audio output in front of the session's `output`, which can play one sound before the session's own.

    While that sound plays, the session's own sound waits, and the session is told nothing about it.
    """

    def __init__(self, output: io.AudioOutput) -> None:
        super().__init__(
            label="Interjection",
            capabilities=io.AudioOutputCapabilities(pause=True),
            next_in_chain=output,
            sample_rate=output.sample_rate,
        )
        self._idle = asyncio.Event()
        self._idle.set()
        self._cut = False
        self._detached = False

    async def play(self, sound: AsyncIterator[rtc.AudioFrame]) -> None:
        """Play a sound and wait for its end; play nothing while another sound is playing, or after the call."""
        if self._detached or not self._idle.is_set() or is_playing(self):
            return
        output, self._cut = self._output, False
        self._idle.clear()
        try:
            seconds = 0.0
            async for frame in sound:
                if not self._cut:
                    await output.capture_frame(frame)
                    seconds += frame.duration
            output.flush()
            await _wait_for_playout(output, seconds + GRACE)
        finally:
            self._idle.set()

    def cut(self) -> None:
        """Stop the sound, if one is being played."""
        if not self._idle.is_set():
            self._cut = True
            self._output.clear_buffer()

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        await self._idle.wait()
        # This waits until the phone is picked up. If it is cancelled meanwhile, there is no sound whose end has to be
        # waited for.
        await self._output.capture_frame(frame)
        await super().capture_frame(frame)

    def flush(self) -> None:
        super().flush()
        if self._idle.is_set():
            self._output.flush()

    def clear_buffer(self) -> None:
        self.cut()
        self._output.clear_buffer()

    def on_attached(self) -> None:
        self._detached = False
        super().on_attached()

    def on_detached(self) -> None:
        """Stop when the session ends: the room's output would keep a CPU core busy for ever if closed while playing."""
        self._detached = True
        self.cut()
        super().on_detached()

    def on_playback_started(self, *, created_at: float) -> None:
        if self._idle.is_set():
            super().on_playback_started(created_at=created_at)

    def on_playback_finished(
        self, *, playback_position: float, interrupted: bool, synchronized_transcript: str | None = None
    ) -> None:
        # The session is not told about the end of an interjection either, not even about a late one.
        if self._idle.is_set() and is_playing(self):
            super().on_playback_finished(
                playback_position=playback_position,
                interrupted=interrupted,
                synchronized_transcript=synchronized_transcript,
            )

    @property
    def _output(self) -> io.AudioOutput:
        assert self.next_in_chain is not None  # noqa: S101 - `__init__` has set it
        return self.next_in_chain


async def _wait_for_playout(output: io.AudioOutput, limit: float) -> None:
    """Wait until a sound reports its end; one that was cut within its first 50 ms never does, so report it instead."""
    try:
        async with asyncio.timeout(limit):
            await output.wait_for_playout()
    except TimeoutError:
        output.on_playback_finished(playback_position=0.0, interrupted=True)
