"""The recording of a call: the caller on the left channel, the agent on the right one."""

import asyncio
import logging
from pathlib import Path

from livekit.agents import AgentSession, ConversationItemAddedEvent
from livekit.agents.llm import AgentHandoff

from agent.framework import RecorderIO
from agent.storage.private_files import create, make_folder

logger = logging.getLogger(__name__)

RATE = 24000  # Hz; the agent's voice has no higher rate
CLOSED_WITHIN = 10.0  # seconds


class Recorder:
    """Writes stereo Opus in Ogg with livekit-agents' own recorder.

    `session.start(record=…)` is not used: with a LiveKit Cloud server it uploads the recording at the end.
    """

    def __init__(self, session: AgentSession[None]) -> None:
        self._session = session
        self._io: RecorderIO | None = None
        session.on("conversation_item_added", self._attach)

    @property
    def since(self) -> float | None:
        """The beginning of the recording as time.time(); None while nothing is recorded."""
        return self._io.recording_started_at if self._io else None

    async def start(self, path: Path) -> None:
        """Record into a new file from now on; a RuntimeError says why that is not possible."""
        if self._io is None:
            raise RuntimeError("there is no sound to record, because the session has not begun or has no audio")
        make_folder(path.parent)
        create(path)
        await self._io.start(output_path=path)

    async def close(self) -> None:
        """Finish the file."""
        if self._io:
            try:
                async with asyncio.timeout(CLOSED_WITHIN):
                    await self._io.aclose()
            except TimeoutError:
                logger.error("Could not finish the recording within %g s", CLOSED_WITHIN)

    def _attach(self, event: ConversationItemAddedEvent) -> None:
        """Wait for the first agent to take over: by then the room's audio exists, and nothing has been said yet."""
        if not isinstance(event.item, AgentHandoff):
            return
        self._session.off("conversation_item_added", self._attach)
        sound, voice = self._session.input.audio, self._session.output.audio
        if sound is None or voice is None:
            return
        self._io = RecorderIO(agent_session=self._session, sample_rate=RATE)
        self._session.input.audio = self._io.record_input(sound)
        self._session.output.audio = self._io.record_output(voice)
