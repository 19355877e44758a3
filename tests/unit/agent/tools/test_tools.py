"""What the model can do: with the client of a real provider, against an endpoint that speaks OpenAI's API."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from livekit.agents import AgentSession, JobContext, inference, llm

from agent import tools
from agent.conversation import ending as ending_module
from agent.conversation.call_room import HangUp
from agent.conversation.ending import Ending
from agent.conversation.receptionist import Receptionist
from agent.conversation.session import new_session
from agent.lines.people import Person
from agent.lines.tools import known_tools
from agent.lines.words import Words
from agent.tools import TOOLS, BeforeACall, tools_of
from tests.support.fakes.openai_api import FakeOpenAI, Script
from tests.unit.agent.appointments import calendars
from tests.unit.agent.fakes import Recorded, host, in_call, line, pipeline, spoken, until

PROMPTS = Words(persona="Be brief.", greeting="Hello.", goodbye="Please call again.")
FAREWELL = "Thank you for calling. Goodbye."
SCRIPT = Script(
    stt_delay=0,
    first_token_delay=0,
    words_per_second=1e6,
    first_audio_delay=0,
    answers=("It was a pleasure. Goodbye.",),
)


class Call:
    def __init__(self, url: str) -> None:
        chosen = pipeline(settings=host(openai_base_url=url))
        self.session: AgentSession[None] = new_session(line(), chosen, inference.VAD(model="silero"))
        self.outcome: list[str] = []
        room = SimpleNamespace(isconnected=lambda: False)
        ctx = SimpleNamespace(room=room, shutdown=lambda reason: self.outcome.append(reason))
        announcer = Recorded(self.session, "en")
        job = cast("JobContext", ctx)
        self.ending = Ending(job, self.session, announcer, HangUp(job))
        call = in_call(ctx=ctx, session=self.session, words=PROMPTS, pipeline=chosen, announcer=announcer)
        call.ending = self.ending
        self.agent = Receptionist(call, None, tools_of(call))

    async def ends_after(self, said: str) -> list[str]:
        """What the agent says to this, once the call is over."""
        await self.session.start(self.agent, capture_run=True, record=False)
        self.session.generate_reply(user_input=said)
        await until(lambda: self.outcome)
        await self.session.aclose()
        return spoken(self.session)[1:]


@pytest.fixture
async def endpoint(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeOpenAI]:
    monkeypatch.setattr(ending_module, "LAST_AUDIO", 0.01)
    async with FakeOpenAI(SCRIPT) as endpoint:
        yield endpoint


def calling_end_call(**how: Any) -> Script:
    return SCRIPT.changed(rules=[{"kind": "llm", "match": "that was it", "tool": "end_call", **how}])


async def test_a_model_that_ends_the_call_says_its_goodbye_and_nobody_says_another(endpoint: FakeOpenAI) -> None:
    endpoint.script = calling_end_call()
    call = Call(endpoint.url)
    assert await call.ends_after("That was it, bye.") == ["It was a pleasure. Goodbye."]
    assert call.outcome == ["the talk was over"]
    first, second = endpoint.asked("llm")
    assert "end_call" in [tool["function"]["name"] for tool in first.body["tools"]]
    assert second.body["messages"][-1]["content"] == "say goodbye to the user"


async def test_a_model_that_has_said_goodbye_already_is_not_asked_for_another(endpoint: FakeOpenAI) -> None:
    endpoint.script = calling_end_call(answer="Have a nice day.")
    call = Call(endpoint.url)
    assert await call.ends_after("That was it, bye.") == ["Have a nice day."]
    assert len(endpoint.asked("llm")) == 1


async def test_a_model_that_fails_over_its_goodbye_does_not_end_the_call_without_one(endpoint: FakeOpenAI) -> None:
    endpoint.script = SCRIPT.changed(
        rules=[
            {"kind": "llm", "match": "that was it", "tool": "end_call", "only": [1]},
            {"kind": "llm", "fault": "empty"},
        ]
    )
    call = Call(endpoint.url)
    assert await asyncio.wait_for(call.ends_after("That was it, bye."), 10) == [FAREWELL]
    assert call.outcome == ["the talk was over"]


def test_a_model_that_would_speak_its_tool_calls_is_given_none() -> None:
    small = "speech/qwen2.5-coder-0.5b-instruct"
    anna = Person(name="Anna", number="+12025550111", when="Complaints.")
    everything = line(tools=known_tools(), people=[anna], outbound=line().outbound.model_copy(update={"enabled": True}))
    assert len(tools_of(in_call(pipeline=pipeline(), line=everything))) == len(TOOLS)
    assert tools_of(in_call(pipeline=pipeline(llm=small))) == []
    assert tools_of(in_call(pipeline=pipeline(llm_fallback=small))) == []
    assert tools_of(in_call(pipeline=pipeline(tts="speech/kokoro-heart")))


def test_every_tool_has_a_line_in_the_table() -> None:
    files = {file.stem for file in Path(tools.__file__).parent.glob("*.py")} - {"__init__", "act"}
    assert files == {new_tool.__name__ for new_tool in TOOLS} == set(known_tools())


def test_a_line_has_the_tools_that_it_names() -> None:
    [only] = tools_of(in_call(pipeline=pipeline()))
    assert isinstance(only, llm.FunctionTool)
    assert only.info.name == "end_call"
    assert tools_of(in_call(pipeline=pipeline(), line=line(tools=[]))) == []


def test_each_tool_that_a_small_model_is_given_says_with_which_words_callers_want_it() -> None:
    given: dict[str, Any] = {
        "tools": known_tools(),
        "outbound": {"enabled": True},
        "people": [{"name": "Anna", "number": "+12025550111", "when": "Complaints.", "when_closed": True}],
    }
    everything = calendars.line(**given)
    small = pipeline(everything, host(provider_keys={}))
    [*sent] = llm.ToolContext(tools_of(in_call(line=everything, pipeline=small))).parse_function_tools("openai")
    [*before] = llm.ToolContext(tools_of(BeforeACall(everything, small).as_call())).parse_function_tools("openai")
    assert before == sent  # what it reads before the first call is what it is told in a call
    descriptions = {tool["function"]["name"]: tool["function"]["description"] for tool in sent}
    assert {*descriptions} == {*known_tools()} - {"search_facts"}
    assert not [name for name, description in descriptions.items() if description.count('"') < 4]
