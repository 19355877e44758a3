"""Somebody who does not want to be called again is written down, whatever the model makes of it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from livekit.agents import Agent, AgentSession, ToolError

from agent.admission.caller import Caller
from agent.behaviors.stop_calling import stop_calling
from agent.outbound.orders import WAITING, Order, Orders
from agent.tools.do_not_call_again import do_not_call_again as tool
from tests.unit.agent.behaviors.test_hang_up_after_goodbye import Ending
from tests.unit.agent.fakes import ScriptedLLM, in_call, line, settle, until

ANNA, BEN = "+12025550123", "+12025550124"
ORDER = Order("o1", "coffee", ANNA, "Anna", "", "k", 0, WAITING)
OUTBOUND = line().outbound.model_copy(update={"enabled": True})


class Record:
    def __init__(self, number: str) -> None:
        self.caller = Caller(number, anonymous=not number)


class Talk:
    def __init__(self, order: Order | None, number: str = BEN, outbound: Any = OUTBOUND) -> None:
        self.session: AgentSession[None] = AgentSession(
            llm=ScriptedLLM(lambda words: f"You said {words}"), vad=None, turn_handling={"turn_detection": None}
        )
        self.ending = Ending(self.session)
        its = line().model_copy(update={"outbound": outbound})
        self.call = in_call(session=self.session, ending=self.ending, line=its, order=order, record=Record(number))
        stop_calling(self.call)

    async def hears(self, *turns: str) -> None:
        for turn in turns:
            speech = self.session.generate_reply(user_input=turn)
            await until(speech.done)
            await settle()


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(Orders.__init__, "__defaults__", ("UTC", tmp_path))
    return tmp_path


async def talking(*turns: str, **call: Any) -> AsyncIterator[Talk]:
    talk = Talk(**call)
    await talk.session.start(Agent(instructions="Be brief."), record=False)
    await talk.hears(*turns)
    yield talk
    await talk.session.aclose()


def listed() -> list[tuple[str, str]]:
    return [(it.number, it.how) for it in Orders("coffee").listed()]


@pytest.mark.parametrize(
    "said", ["Please don't call me again.", "I said, take me off your list, thank you.", "Stop calling!"]
)
async def test_who_was_called_is_written_down_and_the_call_ends(said: str) -> None:
    async for talk in talking("What is it?", said, order=ORDER):
        await until(listed)
        assert listed() == [(ANNA, "caller")]
        await settle()
        await until(lambda: listed())
        assert talk.ending.told == [("no_more_calls", "the person asked not to be called again")]


async def test_who_calls_is_written_down_and_the_call_goes_on() -> None:
    async for talk in talking("Do not call me again, but what are your hours?", order=None):
        await until(listed)
        assert listed() == [(BEN, "caller")]
        assert talk.ending.told == []


async def test_who_hides_their_number_cannot_be_written_down(caplog: pytest.LogCaptureFixture) -> None:
    async for _ in talking("Do not call me again.", order=None, number=""):
        await until(lambda: "Somebody asked not to be called again, but their number is not known" in caplog.messages)
        assert listed() == []


async def test_on_a_line_that_makes_no_calls_nothing_is_written_down() -> None:
    async for _ in talking("Do not call me again.", order=None, outbound=line().outbound):
        assert listed() == []


async def test_other_words_are_no_such_wish() -> None:
    async for talk in talking("Please call me again tomorrow.", "I will call again.", order=ORDER):
        assert listed() == []
        assert talk.ending.told == []


class Context:
    def disallow_interruptions(self) -> None:
        pass


async def test_the_models_tool_writes_the_number_down() -> None:
    made: Any = tool(Talk(ORDER).call)
    assert "will not be called again" in await made(Context())
    assert listed() == [(ANNA, "model")]


async def test_the_models_tool_says_when_it_could_not() -> None:
    made: Any = tool(Talk(None, number="").call)
    with pytest.raises(ToolError, match="could not be written down"):
        await made(Context())


def test_a_line_that_makes_no_calls_has_no_such_tool() -> None:
    assert tool(Talk(ORDER, outbound=line().outbound).call) is None
