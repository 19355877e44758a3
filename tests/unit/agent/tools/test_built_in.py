"""The tools that a line may switch on."""

import sys
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from unittest.mock import AsyncMock
from zoneinfo import ZoneInfo

import pytest
from livekit.agents import ToolError, llm

from agent.conversation.fact_search import FactSearch
from agent.lines.words import Words
from agent.tools.search_facts import NOTHING, search_facts
from agent.tools.send_dtmf import send_dtmf
from agent.tools.tell_time import tell_time
from tests.support.fakes.openai_api import FakeOpenAI
from tests.unit.agent.behaviors.test_go_on_after_a_backchannel import INSTANT
from tests.unit.agent.fakes import in_call, line
from tests.unit.agent.knowledge.test_search import SHOP
from tests.unit.agent.tools.acting import WORDS, Acting

RETURNS = "## Returns\n- Goods may be returned within thirty days. We pay the postage."


@pytest.mark.parametrize(("days", "date"), [(0, "Thursday, 04 December 2025"), (1, "Friday, 05 December 2025")])
async def test_the_time_is_that_of_the_line(days: int, date: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> "Clock":
            return cls(2025, 12, 4, 2, 30, tzinfo=ZoneInfo("UTC")).astimezone(tz)

    monkeypatch.setattr(sys.modules["agent.tools.tell_time"], "datetime", Clock)
    tool = tell_time(in_call(line=line(timezone="Europe/Berlin")))
    assert isinstance(tool, llm.FunctionTool)
    assert await tool(days_from_now=days) == f"{date}; it is 03:30 now (Europe/Berlin)"


@pytest.fixture
async def endpoint() -> AsyncIterator[FakeOpenAI]:
    rules = [
        {"kind": "llm", "match": "press one", "tool": "send_dtmf", "arguments": {"keys": "1 #"}},
        {"kind": "llm", "match": "return it", "tool": "search_facts", "arguments": {"question": "return it"}},
        {"kind": "llm", "match": "pineapple", "tool": "search_facts", "arguments": {"question": "pineapple"}},
    ]
    async with FakeOpenAI(INSTANT.changed(rules=rules, answers=("All right.",))) as endpoint:
        yield endpoint


async def test_keys_are_pressed_one_after_the_other(endpoint: FakeOpenAI) -> None:
    call = Acting(endpoint)
    publish = AsyncMock()
    room: Any = call.room
    room.local_participant = type("Local", (), {"publish_dtmf": publish})()
    await call.begin(send_dtmf(call.call))
    await call.caller_says("Press one and hash.")
    await call.plays()
    assert [sent.kwargs for sent in publish.await_args_list] == [{"code": 1, "digit": "1"}, {"code": 11, "digit": "#"}]
    await call.session.aclose()


@pytest.mark.parametrize("keys", ["", "12A", "1" * 33])
async def test_what_is_no_key_is_not_pressed(keys: str) -> None:
    tool = send_dtmf(in_call())  # whose room nothing can be pressed in
    assert isinstance(tool, llm.FunctionTool)
    with pytest.raises(ToolError, match="Nothing was pressed"):
        await tool(keys=keys)


@pytest.mark.parametrize(("question", "found"), [("May I return it?", RETURNS), ("A pineapple?", NOTHING)])
async def test_the_facts_are_searched(endpoint: FakeOpenAI, question: str, found: str) -> None:
    call = Acting(endpoint)
    call.call.facts = FactSearch(Words(WORDS.persona, "Hello.", "Bye.", searched=SHOP), "en")
    await call.begin(search_facts(call.call))
    await call.caller_says(question)
    await call.plays()
    assert call.told == found
    await call.session.aclose()
