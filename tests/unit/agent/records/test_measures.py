"""What is measured of a session: the first sound, each reply, interruptions and tools, and no word of any."""

import time
from typing import Any, Literal, cast

import pytest
from livekit import rtc
from livekit.agents import AgentStateChangedEvent, ChatMessage, ConversationItemAddedEvent, FunctionToolsExecutedEvent
from livekit.agents.llm import FunctionCall, FunctionCallOutput

from agent.records.measures import Measures, ToolUse
from tests.unit.agent.fakes import ScriptedLLM

ZERO = 1795395611.25


class Session(rtc.EventEmitter[str]):
    user_state: Literal["speaking", "listening"] = "listening"

    def __init__(self) -> None:
        super().__init__()
        self.llm = ScriptedLLM(str)

    def becomes(self, state: Any) -> None:
        self.emit("agent_state_changed", AgentStateChangedEvent(old_state="listening", new_state=state))

    def says(self, role: Any, *, interrupted: bool = False, **metrics: float) -> None:
        item = ChatMessage(role=role, content=["At nine."], interrupted=interrupted, metrics=cast("Any", metrics))
        self.emit("conversation_item_added", ConversationItemAddedEvent(item=item))

    def asks_and_replies(self, at: float, *, interrupted: bool = False) -> None:
        self.says("user", stopped_speaking_at=ZERO + at, end_of_turn_delay=0.4)
        self.says("assistant", started_speaking_at=ZERO + at + 0.9, interrupted=interrupted)


@pytest.fixture
def session() -> Session:
    return Session()


@pytest.fixture
def measures(session: Session) -> Measures:
    measures = Measures()
    measures.follow(cast("Any", session))
    return measures


def test_the_first_sound_is_the_moment_at_which_the_agent_first_speaks(session: Session, measures: Measures) -> None:
    session.becomes("thinking")
    assert measures.first_sound is None
    session.becomes("speaking")
    first = measures.first_sound
    assert first == pytest.approx(time.time(), abs=60)
    session.becomes("listening")
    session.becomes("speaking")
    assert measures.first_sound == first


def test_each_reply_has_its_latency_and_whether_it_was_said_to_its_end(session: Session, measures: Measures) -> None:
    session.asks_and_replies(1)
    session.user_state = "speaking"
    session.asks_and_replies(5, interrupted=True)
    assert [reply.spoke_until - ZERO for reply in measures.replies] == [1, 5]
    assert measures.replies[0].after == {"decided": 0.4, "first_audio": 0.9}
    assert [reply.reply_id in measures.interrupted for reply in measures.replies] == [False, True]
    assert measures.interruptions == 1


def test_a_greeting_that_is_interrupted_counts_and_the_agents_own_interruptions_do_not(
    session: Session, measures: Measures
) -> None:
    session.user_state = "speaking"
    session.says("assistant", interrupted=True)
    session.user_state = "listening"
    session.says("assistant", interrupted=True)  # it was cut off for a goodbye
    session.says("user", interrupted=True)
    assert measures.interruptions == 1
    assert measures.replies == []


def test_a_tool_has_its_time_and_whether_it_failed(session: Session, measures: Measures) -> None:
    calls = [
        FunctionCall(call_id=str(at), name=f"tool_{at}", arguments='{"who": "Ann"}', created_at=ZERO) for at in (1, 2)
    ]
    outputs = [
        FunctionCallOutput(call_id=str(at), output="Ann", is_error=at == 2, created_at=ZERO + at / 4) for at in (1, 2)
    ]
    session.emit(
        "function_tools_executed", FunctionToolsExecutedEvent(function_calls=calls, function_call_outputs=outputs)
    )
    assert measures.tools == [ToolUse("tool_1", 0.25, failed=False), ToolUse("tool_2", 0.5, failed=True)]
