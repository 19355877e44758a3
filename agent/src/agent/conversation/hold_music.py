"""What a caller hears while a person is called: a few soft notes, made here, so that nobody holds rights in them."""

import asyncio
from functools import cache

import numpy as np
import numpy.typing as npt
from livekit import rtc

RATE = 24000  # Hz
FRAME = RATE // 20  # samples: 50 ms
NOTE = 0.6  # seconds from the beginning of one to that of the next
LOUDNESS = 0.06  # of full scale, for one note
# Four chords, broken; each row is a bar, in Hz.
BARS = (
    (261.63, 329.63, 392.00, 493.88),  # C major 7
    (220.00, 261.63, 329.63, 392.00),  # A minor 7
    (174.61, 220.00, 261.63, 329.63),  # F major 7
    (196.00, 246.94, 293.66, 349.23),  # G 7
)


class HoldMusic:
    """Plays in a room, on a track of its own, until it is stopped."""

    def __init__(self, room: rtc.Room) -> None:
        self._room = room
        self._source = rtc.AudioSource(RATE, 1, queue_size_ms=200)
        self._publication: rtc.LocalTrackPublication | None = None
        self._playing: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Publish the track, and begin."""
        track = rtc.LocalAudioTrack.create_audio_track("hold music", self._source)
        self._publication = await self._room.local_participant.publish_track(track)
        self._playing = asyncio.create_task(self._play())

    async def stop(self) -> None:
        """Stop, and take the track away; it may be stopped more than once."""
        playing, self._playing = self._playing, None
        if playing is None:
            return
        playing.cancel()
        await asyncio.gather(playing, return_exceptions=True)
        if self._publication and self._room.isconnected():
            await self._room.local_participant.unpublish_track(self._publication.sid)
        await self._source.aclose()

    async def _play(self) -> None:
        samples = await asyncio.to_thread(tune)
        while True:
            for start in range(0, len(samples), FRAME):
                frame = samples[start : start + FRAME]
                await self._source.capture_frame(rtc.AudioFrame(frame.tobytes(), RATE, 1, len(frame)))


@cache
def tune() -> npt.NDArray[np.int16]:
    """Return the whole tune, mono, at RATE; its end goes over into its beginning."""
    notes = [note for bar in BARS for note in (*bar, *reversed(bar))]
    step = round(NOTE * RATE)
    sound = np.zeros(step * len(notes))
    seconds = np.arange(4 * step) / RATE
    for at, hertz in enumerate(notes):
        wave = np.sin(2 * np.pi * hertz * seconds) + 0.3 * np.sin(4 * np.pi * hertz * seconds)
        shape = np.minimum(1, seconds / 0.02) * np.exp(-seconds / 0.7)  # struck, and dying away
        places = (at * step + np.arange(len(seconds))) % len(sound)
        sound[places] += wave * shape
    return (sound * LOUDNESS * 32767).clip(-32768, 32767).astype(np.int16)
