"""The last words of a caller who hangs up: a recorded call is not over before they are transcribed.

What a caller says is transcribed when silence follows it, and a caller who has left sends none. So the session is given
silence instead, until it knows the words or a few seconds have passed.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable

from livekit import rtc
from livekit.agents import (
    AgentSession,
    ChatMessage,
    ConversationItemAddedEvent,
    UserInputTranscribedEvent,
    UserStateChangedEvent,
)
from livekit.agents.voice import io

from agent.turns.eager_stt import eager_engines

TRANSCRIBED_WITHIN = 5.0  # seconds after the caller has hung up
A_TURN_WITHIN = 15.0  # seconds after the caller's last sound; a sound that is no turn by then had no words
RATE, FRAME = 16000, 0.02  # Hz, and seconds


class LastWords:
    """Watches whether the caller has said something that is not in the session's history yet."""

    def __init__(self, session: AgentSession[None], is_recorded: Callable[[], bool]) -> None:
        self._session, self._is_recorded = session, is_recorded
        self._spoke_at: float | None = None  # when the last sound that is no turn yet ended; a time.monotonic()
        self._has_words = False  # whether words have come since the caller last began to speak
        self._known = asyncio.Event()
        session.on("user_state_changed", self._listen)
        session.on("user_input_transcribed", self._hear)
        session.on("conversation_item_added", self._take_turn)
        for engine in eager_engines(session.stt):
            engine.report_drops(lambda _: self._look_soon())

    async def wait(self) -> None:
        """Wait until the words of a caller who has just left are known, if the call is being recorded.

        Nothing is waited for if the caller had fallen silent, or if their words have been answered. The session makes
        a turn of the words when it closes.
        """
        just_spoke = self._spoke_at is not None and time.monotonic() - self._spoke_at < A_TURN_WITHIN
        if not self._is_recorded() or not (self._session.user_state == "speaking" or just_spoke):
            return
        self._session.input.audio = _Silence()
        self._look()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(TRANSCRIBED_WITHIN):
                await self._known.wait()

    def _listen(self, event: UserStateChangedEvent) -> None:
        if event.new_state == "speaking":
            self._has_words = False
            self._known.clear()
        elif event.old_state == "speaking":
            self._spoke_at = time.monotonic()
            self._look_soon()

    def _hear(self, event: UserInputTranscribedEvent) -> None:
        self._has_words |= event.is_final
        self._look_soon()

    def _take_turn(self, event: ConversationItemAddedEvent) -> None:
        if isinstance(event.item, ChatMessage) and event.item.role == "user":
            self._spoke_at = None
            self._known.set()

    def _look_soon(self) -> None:
        asyncio.get_running_loop().call_soon(self._look)  # an engine is still judging while it reports

    def _look(self) -> None:
        """Look whether all that the caller has said is known."""
        engines = [engine for engine in eager_engines(self._session.stt) if engine.is_listening]
        judged = not any(engine.is_judging for engine in engines) if engines else self._has_words
        if judged and self._session.user_state != "speaking":
            self._known.set()


class _Silence(io.AudioInput):
    """A line on which nobody speaks, in real time."""

    def __init__(self) -> None:
        super().__init__(label="Silence")

    async def __anext__(self) -> rtc.AudioFrame:
        await asyncio.sleep(FRAME)
        return rtc.AudioFrame.create(RATE, 1, round(RATE * FRAME))
