"""The parts of livekit-agents that the agent uses although they are private there, or not exported.

An upgrade of livekit-agents may change any of them without notice, so no other module of the agent reaches past what
livekit-agents exports. `tests/contract/test_framework.py` names every part that is used here, and fails when one of
them is gone.
"""

from __future__ import annotations

import asyncio
import importlib
from typing import TYPE_CHECKING, Any

from livekit.agents import AgentServer, AgentSession, JobContext, llm, stt, utils, vad, worker
from livekit.agents.beta.tools.end_call import END_CALL_DESCRIPTION
from livekit.agents.inference.eot.languages import LOCAL_LANGUAGES
from livekit.agents.llm.mcp import MCPServerHTTP, MCPToolResultContext
from livekit.agents.voice import SpeechHandle, io
from livekit.agents.voice.agent_session import SessionConnectOptions
from livekit.agents.voice.recorder_io import RecorderIO
from livekit.agents.voice.transcription.filters import filter_emoji, filter_markdown
from livekit.agents.voice.turn import TurnDetectionEvent, TurnDetectionMode

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from contextlib import AbstractAsyncContextManager

    from livekit import rtc

__all__ = [
    "END_CALL_DESCRIPTION",
    "LATE_IMPORTS",
    "MCP",
    "AnswerStream",
    "MCPServerHTTP",
    "MCPToolResultContext",
    "RecorderIO",
    "SessionConnectOptions",
    "TurnDetectionEvent",
    "TurnDetectionMode",
    "UtteranceStream",
    "accepted_at",
    "claim_turn",
    "end_of_turn_threshold",
    "filter_emoji",
    "filter_markdown",
    "import_mcp",
    "is_playing",
    "is_registered",
    "new_finished_speech",
    "set_heartbeat_interval",
]

LATE_IMPORTS = ["livekit.agents.llm.async_toolset"]  # else imported during a call: 0.1 s of silence
MCP = "livekit.agents.llm.mcp"  # takes a second to import, and few lines need it


async def import_mcp() -> type[MCPServerHTTP]:
    """Return the client of MCP servers. It is imported in a thread if that has not happened before the call."""
    library = await asyncio.to_thread(importlib.import_module, MCP)
    client: type[MCPServerHTTP] = library.MCPServerHTTP
    return client


def set_heartbeat_interval(seconds: float) -> None:
    """Set how often a worker makes sure that its connection to the media server is alive; 30 s is the default."""
    worker.HEARTBEAT_INTERVAL = seconds  # type: ignore[assignment]


def is_registered(server: AgentServer) -> bool:
    """Return whether the media server knows this worker now."""
    # There is an event for the registration, but none for its loss; only this flag tells that the worker reconnects.
    return server.id != "unregistered" and not server._connecting


def accepted_at(ctx: JobContext) -> float | None:
    """Return when this worker took the job, as a time.time(); None if that is not known."""
    return ctx._info.accepted_at or None


def new_finished_speech() -> SpeechHandle:
    """Make the handle of a speech that is over and in which nothing was said."""
    speech = SpeechHandle.create()
    speech._mark_done()
    return speech


def claim_turn(session: AgentSession[Any]) -> AbstractAsyncContextManager[None]:
    """Take what is done within for a turn of the caller's, who counts as speaking meanwhile."""
    return session._claim_user_turn()


def is_playing(output: io.AudioOutput) -> bool:
    """Return whether the output has been given a sound whose end it has not reported yet."""
    return output._pending_playback_count > 0


def end_of_turn_threshold(language: str) -> float:
    """Return the probability from which livekit-agents' end-of-turn model considers a turn in this language over."""
    return LOCAL_LANGUAGES.get(language, LOCAL_LANGUAGES["en"])


class AnswerStream(llm.LLMStream):
    """The base of a language model's answer that no model makes; it gives public names to its own base's private parts.

    A subclass has `answer`, which sends at least one chunk.
    """

    @property
    def model(self) -> llm.LLM[Any]:
        """The model that was asked."""
        return self._llm

    @property
    def context(self) -> llm.ChatContext:
        """The conversation that is to be answered."""
        return self._chat_ctx

    @property
    def offered(self) -> list[llm.Tool]:
        """The tools that may be called."""
        return self._tools

    def send(self, chunk: llm.ChatChunk) -> None:
        """Send the next part of the answer."""
        self._event_ch.send_nowait(chunk)

    async def answer(self) -> None:
        """Send the answer."""
        raise NotImplementedError

    async def _run(self) -> None:
        await self.answer()


class UtteranceStream(stt.StreamAdapterWrapper):
    """The base of a stream that transcribes whole utterances; it gives public names to its own base's private parts."""

    @property
    def detector(self) -> vad.VAD:
        """The voice activity detection that the adapter was made with."""
        return self._vad

    def recognize(self, frames: list[rtc.AudioFrame]) -> Coroutine[Any, Any, stt.SpeechEvent]:
        """Have the adapter's engine transcribe one utterance, in the stream's language and with its patience."""
        audio, options = utils.merge_frames(frames), self._wrapped_stt_conn_options
        return self._wrapped_stt.recognize(audio, language=self._language, conn_options=options)
