"""One line a turn, with the moments of the reply that was spoken, and no word of it."""

import logging
from collections.abc import Callable
from typing import Any, cast

import pytest
from livekit import rtc
from livekit.agents import (
    ChatMessage,
    ConversationItemAddedEvent,
    UserInputTranscribedEvent,
    UserStateChangedEvent,
)
from livekit.agents.llm import AgentHandoff
from livekit.agents.metrics import LLMMetrics

from agent.behaviors.log_the_timeline import log_the_timeline
from agent.worker.logs import JsonLine, TextLine
from tests.unit.agent.fakes import ScriptedLLM, in_call

Told = Callable[[], list[logging.LogRecord]]

ZERO = 1795395611.25  # 2026-11-23T01:00:11.250Z


class Call(rtc.EventEmitter[str]):
    """A session's events, at moments given in seconds after ZERO."""

    def __init__(self) -> None:
        super().__init__()
        self.llm = ScriptedLLM(str)
        log_the_timeline(in_call(session=self))

    def speaks(self) -> None:
        self.emit("user_state_changed", UserStateChangedEvent(old_state="listening", new_state="speaking"))

    def transcribed(self, at: float, words: str = "At nine?", final: bool = False) -> None:
        event = UserInputTranscribedEvent(transcript=words, is_final=final, created_at=ZERO + at)
        self.emit("user_input_transcribed", event)

    def first_token(self, at: float, cancelled: bool = False, took: float = 2.0) -> None:
        """Told when the reply is written or broken off, `took` seconds after it was asked for."""
        counted = dict.fromkeys(
            ["completion_tokens", "prompt_tokens", "prompt_cached_tokens", "total_tokens", "tokens_per_second"], 0
        )
        metrics = LLMMetrics(
            label="", request_id="", timestamp=ZERO + at - 0.2 + took, duration=took, ttft=0.2, cancelled=cancelled,
            **cast("Any", counted),
        )  # fmt: skip
        self.llm.emit("metrics_collected", metrics)

    def says(self, role: str, metrics: dict[str, float]) -> None:
        item = ChatMessage(role=cast("Any", role), content=["At nine?"], metrics=cast("Any", metrics))
        self.emit("conversation_item_added", ConversationItemAddedEvent(item=item))

    def decided(self, at: float, spoke_until: float = 0.0) -> None:
        times = {"stopped_speaking_at": ZERO + spoke_until, "end_of_turn_delay": at - spoke_until}
        self.says("user", times)

    def replied(self, at: float) -> None:
        self.says("assistant", {"started_speaking_at": ZERO + at})


@pytest.fixture
async def call() -> Call:
    return Call()


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> Told:
    caplog.set_level("INFO")
    return lambda: list(caplog.records)


def times(record: logging.LogRecord) -> list[Any]:
    return [vars(record).get(name) for name in ("transcribed", "decided", "first_token", "first_audio")]


def whole_turn(call: Call) -> None:
    call.speaks()
    call.transcribed(0.2)
    call.transcribed(0.35, final=True)
    call.first_token(0.5)
    call.decided(0.6)
    call.replied(0.75)


async def test_a_turn_is_told_when_its_reply_is_over(call: Call, told: Told) -> None:
    call.speaks()
    call.transcribed(0.2)
    call.first_token(0.5)
    call.transcribed(0.35, final=True)
    call.decided(0.6)
    assert told() == []
    call.replied(0.75)
    [record] = told()
    assert (record.levelname, record.getMessage()) == ("INFO", "Turn answered")
    assert times(record) == [0.2, 0.6, 0.5, 0.75]


@pytest.mark.parametrize("line", [TextLine(), JsonLine()], ids=["text", "json"])
async def test_the_line_has_every_field_and_no_word_and_the_moment_is_not_masked(
    call: Call, told: Told, line: logging.Formatter
) -> None:
    whole_turn(call)
    written = line.format(told()[0])
    assert "2026-11-23T01:00:11.250+00:00" in written
    for name in ("transcribed", "decided", "first_token", "first_audio"):
        assert name in written
    assert "nine" not in written
    assert "<number>" not in written


async def test_a_greeting_has_no_turn(call: Call, told: Told) -> None:
    call.replied(-5)
    assert told() == []


async def test_each_turn_has_its_own_moments(call: Call, told: Told) -> None:
    whole_turn(call)
    call.speaks()
    call.transcribed(10.3)  # the same words again
    call.first_token(10.4)
    call.decided(10.6, spoke_until=10)
    call.replied(10.8)
    assert times(told()[1]) == [pytest.approx(0.3), pytest.approx(0.6), pytest.approx(0.4), pytest.approx(0.8)]


async def test_of_the_replies_begun_in_advance_the_spoken_one_counts(call: Call, told: Told) -> None:
    call.first_token(-1.0, cancelled=True, took=0.3)
    call.first_token(-0.5, took=0.3)  # was written to its end before the caller went on
    call.first_token(0.5)
    call.decided(0.6)
    call.replied(0.75)
    assert times(told()[0])[2] == 0.5


async def test_a_reply_that_is_broken_off_while_it_is_written_counts(call: Call, told: Told) -> None:
    call.speaks()
    call.transcribed(0.2, "At nine?")
    call.decided(0.6)
    call.speaks()
    call.transcribed(3.2, "Wait.")
    call.first_token(0.65, cancelled=True)
    call.first_token(3.4)  # the next turn's, begun in advance
    call.replied(0.75)
    call.decided(3.6, spoke_until=3.0)
    call.replied(3.8)
    interrupted, after = told()
    assert times(interrupted) == [0.2, 0.6, 0.65, 0.75]
    assert times(after) == [pytest.approx(0.2), pytest.approx(0.6), pytest.approx(0.4), pytest.approx(0.8)]


async def test_a_caller_who_goes_on_before_the_reply_sounds_is_answered_once(call: Call, told: Told) -> None:
    call.decided(0.6)
    call.says("assistant", {})  # was never heard
    call.decided(2.6, spoke_until=2.0)
    call.replied(2.8)
    [record] = told()
    assert vars(record)["spoke_until"] == "2026-11-23T01:00:13.250+00:00"


async def test_a_model_without_words_is_no_first_token(call: Call, told: Told) -> None:
    metrics = LLMMetrics.model_construct(ttft=-1.0, timestamp=ZERO, duration=1.0)
    call.llm.emit("metrics_collected", metrics)
    call.decided(0.6)
    call.replied(0.75)
    assert times(told()[0]) == [None, 0.6, None, 0.75]


async def test_what_is_not_said_is_no_turn(call: Call, told: Told) -> None:
    call.emit("conversation_item_added", ConversationItemAddedEvent(item=AgentHandoff(new_agent_id="other")))
    call.says("user", {})  # its last sound is not known
    call.replied(0.75)
    assert told() == []
