"""The events of a call that its transcript needs and that the session's history does not contain."""

import json
import time
from typing import Any

from livekit import rtc
from livekit.agents import AgentSession, ChatMessage, UserStateChangedEvent
from livekit.agents.llm import ChatItem, FunctionCall, FunctionCallOutput

from agent.languages import KEYS
from agent.records.transcript import Keys, Latencies, ToolCall, Turn
from agent.turns.latency import ReplyLatency, measure_replies

PAUSE = 5.0  # seconds without a DTMF digit, after which the next one begins another number
TAKEN_WITHIN = 5.0  # seconds from the end of a segment of speech to the turn that it becomes
LATE = 0.2  # seconds from the beginning of speech to the event that reports it


class CallEvents:
    """Collects events from the moment it is made; its methods return times in seconds since a given moment."""

    def __init__(self, session: AgentSession[None], room: rtc.Room, caller: str | None = None) -> None:
        """`caller` is their identity in the room; without it, the keys of everybody in the room are the caller's."""
        self._session, self._caller = session, caller
        self._spoke: list[tuple[float, float]] = []
        self._speaks_since: float | None = None
        self._digits: list[tuple[str, float]] = []
        self._latencies: dict[str, Latencies] = {}
        session.on("user_state_changed", self._listen)
        room.on("sip_dtmf_received", self._take_digit)
        measure_replies(session, self._take_latency)

    def turns(self, since: float) -> list[Turn]:
        """Return what caller and agent have said since that moment, which is second 0."""
        turns = []
        turn_before = since
        for item in self._session.history.items:
            if not isinstance(item, ChatMessage) or item.role not in ("user", "assistant") or not item.text_content:
                continue
            start, end = self._when(item, turn_before)
            if item.role == "user":
                turn_before = item.created_at
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
        """Return the tool calls since that moment."""
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
        """Return the DTMF digits since that moment; the digits of one number are one entry."""
        numbers: list[Keys] = []
        for digit, entered in self._digits:
            at = round(entered - since, 2)
            if at < 0:
                continue
            if numbers and at - numbers[-1].end <= PAUSE:
                numbers[-1] = Keys(keys=numbers[-1].keys + digit, start=numbers[-1].start, end=at)
            else:
                numbers.append(Keys(keys=digit, start=at, end=at))
        return numbers

    def speech(self, since: float) -> list[tuple[float, float]]:
        """Return when the caller spoke since that moment, with words or without."""
        now = [(self._speaks_since, time.time())] if self._speaks_since is not None else []
        return [(round(start - since, 2), round(end - since, 2)) for start, end in [*self._spoke, *now] if end > since]

    def _when(self, item: ChatMessage, turn_before: float) -> tuple[float, float]:
        """Return the times of the message's first and last sound; if unknown, of those since the caller's last turn."""
        start, end = item.metrics.get("started_speaking_at"), item.metrics.get("stopped_speaking_at")
        if start is not None:
            return start, end if end is not None else start
        heard = [piece for piece in self._spoke if turn_before <= piece[0] <= item.created_at]
        if item.role == "user" and heard and item.created_at <= heard[-1][1] + TAKEN_WITHIN:
            return heard[0][0], heard[-1][1]
        return item.created_at, item.created_at

    def _listen(self, event: UserStateChangedEvent) -> None:
        if event.new_state == "speaking":
            self._speaks_since = event.created_at - LATE
        elif self._speaks_since is not None:
            self._spoke.append((self._speaks_since, event.created_at))
            self._speaks_since = None

    def _take_digit(self, event: rtc.SipDTMF) -> None:
        somebody_else = event.participant is not None and event.participant.identity != self._caller
        if event.digit in KEYS and (not self._caller or not somebody_else):
            self._digits.append((event.digit, time.time()))

    def _take_latency(self, latency: ReplyLatency) -> None:
        self._latencies[latency.reply_id] = Latencies(**latency.after)


def _parsed(arguments: str) -> Any:
    try:
        return json.loads(arguments)
    except ValueError:
        return arguments
