"""The probability that a turn is over, judged by prosody, and the process of the model that judges it."""

import asyncio
import logging
import sys
from collections import deque
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from livekit.local_inference import EOT_MAX_SAMPLES

from agent.storage import private_files
from agent.turns.prosody_server import ANSWER
from agent.turns.sound import levels

logger = logging.getLogger(__name__)

SOCKET = private_files.DIRECTORY / "prosody.sock"
ANSWERED_WITHIN = 0.5  # seconds for an answer, which takes 0.05; after that, the words decide alone
# The model expects to be asked when a voice has just ended, and a little more or less silence easily confuses it. So
# the end of the voice is located, and the model is asked about two moments after it (docs/turns.md has the figures).
RATE = 16000
ASKED_AFTER = (0.15, 0.25)  # seconds
REMEMBERED = EOT_MAX_SAMPLES + RATE // 2  # samples
BLOCK = RATE // 100
AUDIBLE = 0.05  # of the loudest block: 26 dB below it
KEPT_AFTER_CALLS = 60.0  # seconds


class ProsodyProcess:
    """The model's process. It runs while there are calls and for a minute afterwards, and costs nothing otherwise."""

    def __init__(self, is_used: Callable[[], bool]) -> None:
        """`is_used` says whether the current settings of any line have its calls judged by prosody."""
        self._is_used = is_used
        self._process: asyncio.subprocess.Process | None = None
        self._needed_at = 0.0

    async def ensure_running(self) -> None:
        """Start the process for a call, unless it is running or no line's calls are judged by prosody."""
        self._needed_at = asyncio.get_running_loop().time()
        if (self._process is None or self._process.returncode is not None) and self._is_used():
            command = [sys.executable, "-m", "agent.turns.prosody_server", str(SOCKET)]
            self._process = await asyncio.create_subprocess_exec(*command)

    async def stop_if_idle(self) -> None:
        """Note that there is no call, and stop the process if there has been none for a while."""
        if asyncio.get_running_loop().time() - self._needed_at > KEPT_AFTER_CALLS:
            await self.stop()

    async def stop(self) -> None:
        """Stop the process, if it is running, and wait for its end."""
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.terminate()
            await process.wait()


class Prosody:
    """The last seconds of one caller's sound, and the connection to the model's process."""

    def __init__(self) -> None:
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._asking = asyncio.Lock()
        self.forget()

    def hear(self, samples: npt.NDArray[np.int16]) -> None:
        """Add the caller's next sound."""
        self._frames.append(samples)
        self._length += len(samples)
        while self._length - len(self._frames[0]) >= REMEMBERED:
            self._length -= len(self._frames.popleft())

    def forget(self) -> None:
        """Begin a new turn, in silence: what was said has been answered."""
        self._frames = deque([np.zeros(REMEMBERED, np.int16)])
        self._length = REMEMBERED

    async def probability(self) -> float | None:
        """Return the probability that the turn is over; None when the model cannot be asked."""
        sound = np.concatenate(self._frames)[-REMEMBERED:]
        voice_ends = _end_of_voice(sound)
        ends = [min(voice_ends + round(after * RATE), len(sound)) for after in ASKED_AFTER]
        async with self._asking:
            answered = False
            try:
                async with asyncio.timeout(ANSWERED_WITHIN):
                    answers = [await self._ask(sound[end - EOT_MAX_SAMPLES : end]) for end in ends]
                answered = True
                return float(np.mean(answers))
            except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
                logger.warning("Could not judge the prosody of a turn: %s", error or type(error).__name__)
                return None
            finally:
                if not answered:  # also when the caller goes on: a late answer must not be taken for the next one
                    self.close()

    async def _ask(self, sound: npt.NDArray[np.int16]) -> float:
        self._streams = self._streams or await asyncio.open_unix_connection(SOCKET)
        reader, writer = self._streams
        writer.write(sound.tobytes())
        (probability,) = ANSWER.unpack(await reader.readexactly(ANSWER.size))
        return float(probability)

    def close(self) -> None:
        """Close the connection; the next question opens another one."""
        if self._streams:
            self._streams[1].close()
        self._streams = None


def _end_of_voice(sound: npt.NDArray[np.int16]) -> int:
    """Return the number of samples up to the end of the last audible block."""
    loudness = levels(sound, BLOCK)
    audible = np.flatnonzero(loudness > AUDIBLE * loudness.max())
    last = int(audible[-1]) + 1 if len(audible) else 0
    return max(last * BLOCK, EOT_MAX_SAMPLES)
