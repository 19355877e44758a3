"""How fast the agent was in one call, and what it did: measured from the session's events, without a word of them."""

import time
from dataclasses import dataclass, field
from typing import Any

from livekit.agents import (
    AgentSession,
    AgentStateChangedEvent,
    ChatMessage,
    ConversationItemAddedEvent,
    FunctionToolsExecutedEvent,
)

from agent.turns.latency import ReplyLatency, measure_replies


@dataclass
class ToolUse:
    """One use of a tool by the language model."""

    name: str
    seconds: float
    failed: bool


@dataclass
class Measures:
    """What has been measured so far; moments are time.time()."""

    first_sound: float | None = None  # of the agent's
    replies: list[ReplyLatency] = field(default_factory=list)
    interrupted: set[str] = field(default_factory=set)  # the ids of replies that were not said to their end
    interruptions: int = 0  # of the agent, by the caller
    tools: list[ToolUse] = field(default_factory=list)
    _session: AgentSession[Any] | None = None

    def follow(self, session: AgentSession[Any]) -> None:
        """Measure this session from now on, which has not begun yet."""
        self._session = session
        session.on("agent_state_changed", self._listen)
        session.on("conversation_item_added", self._take_message)  # before `measure_replies`, which reports the reply
        session.on("function_tools_executed", self._take_tools)
        measure_replies(session, self.replies.append)

    def _listen(self, event: AgentStateChangedEvent) -> None:
        if event.new_state == "speaking" and self.first_sound is None:
            self.first_sound = time.time()

    def _take_message(self, event: ConversationItemAddedEvent) -> None:
        item = event.item
        if not isinstance(item, ChatMessage) or item.role != "assistant" or not item.interrupted:
            return
        self.interrupted.add(item.id)
        # Else the agent has interrupted itself, to end the call or to say something that is urgent.
        self.interruptions += self._session is not None and self._session.user_state == "speaking"

    def _take_tools(self, event: FunctionToolsExecutedEvent) -> None:
        for call, output in event.zipped():
            ended = output.created_at if output else event.created_at
            failed = bool(output and output.is_error)
            self.tools.append(ToolUse(call.name, round(max(0.0, ended - call.created_at), 3), failed))
