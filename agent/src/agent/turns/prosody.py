"""Asking the model that hears in a voice's melody whether it is going to go on, and keeping that model's process."""

import asyncio
import logging
import sys
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from livekit.local_inference import EOT_MAX_SAMPLES

from agent.storage import private_files as state
from agent.turns.prosody_server import ANSWER
from agent.turns.sound import levels

logger = logging.getLogger(__name__)

SOCKET = state.DIRECTORY / "melody.sock"
WITHIN = 0.5  # seconds for an answer, which takes 0.05: by then the words decide alone
# The model was made to be asked when a voice has just ended, and is easily confused by a little more or less silence.
# So the end is looked for, and two moments after it are asked about (docs/turns.md has the figures).
RATE = 16000
ASKED_AFTER = (0.15, 0.25)  # seconds
REMEMBERED = EOT_MAX_SAMPLES + RATE // 2  # samples
BLOCK = RATE // 100
AUDIBLE = 0.05  # of the loudest block: 26 dB below it
KEPT_AFTER_CALLS = 60.0  # seconds


class ProsodyProcess:
    """The process, from the first call on until there has been none for a minute: at rest it costs nothing."""

    def __init__(self, is_used: Callable[[], bool]) -> None:
        """`is_used` tells whether a line's calls are judged by prosody, as its settings are now."""
        self._is_used = is_used
        self._process: asyncio.subprocess.Process | None = None
        self._wanted_at = 0.0

    async def wanted(self) -> None:
        """Start the process for a call, unless it runs or no line's calls are judged by prosody."""
        self._wanted_at = asyncio.get_running_loop().time()
        if (self._process is None or self._process.returncode is not None) and self._is_used():
            command = [sys.executable, "-m", "agent.turns.prosody_server", str(SOCKET)]
            self._process = await asyncio.create_subprocess_exec(*command)

    async def unwanted(self) -> None:
        """There is no call now: end the process when that has been so for a while."""
        if asyncio.get_running_loop().time() - self._wanted_at > KEPT_AFTER_CALLS:
            await self.stop()

    async def stop(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.terminate()
            await process.wait()


class Prosody:
    """What was heard last in one call, and its connection to that process."""

    def __init__(self) -> None:
        self._sound = np.zeros(REMEMBERED, np.int16)
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._asking = asyncio.Lock()

    def hear(self, samples: npt.NDArray[np.int16]) -> None:
        self._sound = np.concatenate([self._sound, samples])[-REMEMBERED:]

    def forget(self) -> None:
        """What was said is answered."""
        self._sound = np.zeros(REMEMBERED, np.int16)

    async def probability(self) -> float | None:
        """That the turn is over; None when the model cannot be asked."""
        sound, voice_ends = self._sound, _end_of_voice(self._sound)
        ends = [min(voice_ends + round(after * RATE), len(sound)) for after in ASKED_AFTER]
        async with self._asking:
            answered = False
            try:
                async with asyncio.timeout(WITHIN):
                    answers = [await self._ask(sound[end - EOT_MAX_SAMPLES : end]) for end in ends]
                answered = True
                return float(np.mean(answers))
            except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
                logger.warning("the turn's melody is not judged: %s", error or type(error).__name__)
                return None
            finally:
                if not answered:  # for the caller going on, too: a late answer must not be taken for the next one
                    self.close()

    async def _ask(self, sound: npt.NDArray[np.int16]) -> float:
        self._streams = self._streams or await asyncio.open_unix_connection(SOCKET)
        reader, writer = self._streams
        writer.write(sound.tobytes())
        (probability,) = ANSWER.unpack(await reader.readexactly(ANSWER.size))
        return float(probability)

    def close(self) -> None:
        if self._streams:
            self._streams[1].close()
        self._streams = None


def _end_of_voice(sound: npt.NDArray[np.int16]) -> int:
    """Samples up to the end of the last audible block."""
    loudness = levels(sound, BLOCK)
    audible = np.flatnonzero(loudness > AUDIBLE * loudness.max())
    last = int(audible[-1]) + 1 if len(audible) else 0
    return max(last * BLOCK, EOT_MAX_SAMPLES)
