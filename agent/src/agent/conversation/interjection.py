"""A way to say something while a reply is still being prepared.

livekit-agents says one thing after the other, and a reply has its turn from the moment it is asked for: what is said by
`session.say` meanwhile comes after it. Its BackgroundAudioPlayer has a track of its own, which would go on over the
reply, and which recordings do not have.
"""

import asyncio
from collections.abc import AsyncIterator

from livekit import rtc
from livekit.agents.voice import io

GRACE = 1.0  # seconds that a sound may come to its end later than its length tells


class Interjection(io.AudioOutput):
    """The session's `output`. While something is said aside, the session's own sound waits, and is told of nothing."""

    def __init__(self, output: io.AudioOutput) -> None:
        super().__init__(
            label="Interjection",
            capabilities=io.AudioOutputCapabilities(pause=True),
            next_in_chain=output,
            sample_rate=output.sample_rate,
        )
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._cut = False
        self._detached = False

    async def say(self, sound: AsyncIterator[rtc.AudioFrame]) -> None:
        """Returns when it has been said, or cut off; it is not said at all over something else, or after the call."""
        if self._detached or not self._quiet.is_set() or self._pending_playback_count:
            return
        output, self._cut = self._output, False
        self._quiet.clear()
        try:
            seconds = 0.0
            async for frame in sound:
                if not self._cut:
                    await output.capture_frame(frame)
                    seconds += frame.duration
            output.flush()
            await _played(output, seconds + GRACE)
        finally:
            self._quiet.set()

    def cut(self) -> None:
        """Stop what is being said aside."""
        if not self._quiet.is_set():
            self._cut = True
            self._output.clear_buffer()

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        await self._quiet.wait()
        # This waits till the phone is picked up. Given up meanwhile, it was no sound, and its end is not waited for.
        await self._output.capture_frame(frame)
        await super().capture_frame(frame)

    def flush(self) -> None:
        super().flush()
        if self._quiet.is_set():
            self._output.flush()

    def clear_buffer(self) -> None:
        self.cut()
        self._output.clear_buffer()

    def on_attached(self) -> None:
        self._detached = False
        super().on_attached()

    def on_detached(self) -> None:
        """The session ends; the room's output, closed while it plays, would go on at it with all of a core."""
        self._detached = True
        self.cut()
        super().on_detached()

    def on_playback_started(self, *, created_at: float) -> None:
        if self._quiet.is_set():
            super().on_playback_started(created_at=created_at)

    def on_playback_finished(
        self, *, playback_position: float, interrupted: bool, synchronized_transcript: str | None = None
    ) -> None:
        # Nor of the end of what was said aside, should it come late.
        if self._quiet.is_set() and self._pending_playback_count:
            super().on_playback_finished(
                playback_position=playback_position,
                interrupted=interrupted,
                synchronized_transcript=synchronized_transcript,
            )

    @property
    def _output(self) -> io.AudioOutput:
        assert self.next_in_chain is not None  # noqa: S101 - given at the beginning
        return self.next_in_chain


async def _played(output: io.AudioOutput, limit: float) -> None:
    """The room's output never tells the end of a sound that was cut within its first 50 ms: it is told here, then."""
    try:
        async with asyncio.timeout(limit):
            await output.wait_for_playout()
    except TimeoutError:
        output.on_playback_finished(playback_position=0.0, interrupted=True)
