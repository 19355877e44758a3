"""What happens in a call while it lasts, for its transcript: what the session's history does not tell in the end."""

import json
import time
from typing import Any

from livekit import rtc
from livekit.agents import AgentSession, ChatMessage, UserStateChangedEvent
from livekit.agents.llm import ChatItem, FunctionCall, FunctionCallOutput

from agent.records.transcript import Keys, Latencies, ToolCall, Turn
from agent.turns.latency import Answered, follow_turns

PAUSE = 5.0  # seconds without a key, after which the next one begins another number
TAKEN_WITHIN = 5.0  # seconds from the end of a piece of speech to the turn that it becomes
LATE = 0.2  # seconds that voice activity is told after it has begun


class CallEvents:
    """Listens from its making on; all times are time.time() until they are asked for."""

    def __init__(self, session: AgentSession[None], room: rtc.Room) -> None:
        self._session = session
        self._spoke: list[tuple[float, float]] = []
        self._speaks_since: float | None = None
        self._keys: list[tuple[str, float]] = []
        self._latencies: dict[str, Latencies] = {}
        session.on("user_state_changed", self._listen)
        room.on("sip_dtmf_received", self._press)
        follow_turns(session, self._answered)

    def turns(self, since: float) -> list[Turn]:
        """What both have said since that moment, which is second 0."""
        turns = []
        taken = since
        for item in self._session.history.items:
            if not isinstance(item, ChatMessage) or item.role not in ("user", "assistant") or not item.text_content:
                continue
            start, end = self._when(item, taken)
            if item.role == "user":
                taken = item.created_at
            if start >= since:
                turns.append(
                    Turn(
                        who="caller" if item.role == "user" else "agent",
                        text=item.text_content,
                        start=round(start - since, 2),
                        end=round(end - since, 2),
                        interrupted=item.interrupted,
                        latencies=self._latencies.get(item.id),
                    )
                )
        return turns

    def tool_calls(self, since: float) -> list[ToolCall]:
        items: list[ChatItem] = self._session.history.items
        results = {item.call_id: item.output for item in items if isinstance(item, FunctionCallOutput)}
        return [
            ToolCall(
                name=item.name,
                arguments=_parsed(item.arguments),
                result=results.get(item.call_id),
                at=round(item.created_at - since, 2),
            )
            for item in items
            if isinstance(item, FunctionCall) and item.created_at >= since
        ]

    def keys(self, since: float) -> list[Keys]:
        numbers: list[Keys] = []
        for key, pressed in self._keys:
            at = round(pressed - since, 2)
            if at < 0:
                continue
            if numbers and at - numbers[-1].end <= PAUSE:
                numbers[-1] = Keys(keys=numbers[-1].keys + key, start=numbers[-1].start, end=at)
            else:
                numbers.append(Keys(keys=key, start=at, end=at))
        return numbers

    def speech(self, since: float) -> list[tuple[float, float]]:
        """When the caller spoke, as far as sound tells."""
        now = [(self._speaks_since, time.time())] if self._speaks_since is not None else []
        return [(round(start - since, 2), round(end - since, 2)) for start, end in [*self._spoke, *now] if end > since]

    def _when(self, item: ChatMessage, taken: float) -> tuple[float, float]:
        """From first to last sound; where it is not known, what was heard since the turn before was `taken`."""
        start, end = item.metrics.get("started_speaking_at"), item.metrics.get("stopped_speaking_at")
        if start is not None:
            return start, end if end is not None else start
        heard = [piece for piece in self._spoke if taken <= piece[0] <= item.created_at]
        if item.role == "user" and heard and item.created_at <= heard[-1][1] + TAKEN_WITHIN:
            return heard[0][0], heard[-1][1]
        return item.created_at, item.created_at

    def _listen(self, event: UserStateChangedEvent) -> None:
        if event.new_state == "speaking":
            self._speaks_since = event.created_at - LATE
        elif self._speaks_since is not None:
            self._spoke.append((self._speaks_since, event.created_at))
            self._speaks_since = None

    def _press(self, event: rtc.SipDTMF) -> None:
        self._keys.append((event.digit, time.time()))

    def _answered(self, turn: Answered) -> None:
        self._latencies[turn.reply] = Latencies(**turn.after)


def _parsed(arguments: str) -> Any:
    try:
        return json.loads(arguments)
    except ValueError:
        return arguments
