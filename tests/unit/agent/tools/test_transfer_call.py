"""The language model can name a person of the line, and nobody else; it never sees a number."""

import asyncio
import json
import sys
from types import SimpleNamespace
from typing import Any, cast

import pytest
from livekit.agents import RunContext, ToolError, llm

from agent.lines.hours import Hours
from agent.lines.people import Person
from agent.providers.check import check_line
from agent.tools import tools_of
from agent.tools.transfer_call import transfer_call
from tests.unit.agent.fakes import host, in_call, line, pipeline, until

ANNA = Person(name="Anna", number="+12025550111", when="Complaints.")
KITCHEN = Person(name="the kitchen", number="100", when="Questions on dishes.", kind="cold")
CLOSED = Hours(monday=[])
AT_NIGHT = KITCHEN.model_copy(update={"when_closed": True})


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of those whom a caller was transferred to."""
    names: list[str] = []

    async def transfer_caller(call: Any, person: Person) -> None:
        names.append(person.name)

    monkeypatch.setattr(sys.modules["agent.tools.transfer_call"], "transfer_caller", transfer_caller)
    return names


def call_with(*people: Person, **changes: Any) -> Any:
    its = line(tools=["transfer_call"], people=list(people), **changes)
    return in_call(pipeline=pipeline(), line=its, ending=SimpleNamespace(begun=False))


async def use(call: Any, to: object) -> object:
    tool = transfer_call(call)
    assert isinstance(tool, llm.RawFunctionTool)

    async def wait_for_playout() -> None: ...

    context = cast("RunContext[None]", SimpleNamespace(wait_for_playout=wait_for_playout))
    return await tool(raw_arguments={"to": to}, context=context)


def test_the_model_is_told_names_and_occasions_but_no_number() -> None:
    [tool] = tools_of(call_with(ANNA, KITCHEN))
    assert isinstance(tool, llm.RawFunctionTool)
    schema = tool.info.raw_schema
    assert schema["parameters"]["properties"]["to"]["enum"] == ["Anna", "the kitchen"]
    assert "- Anna: Complaints.\n- the kitchen: Questions on dishes." in schema["description"]
    assert '"Can I speak to Anna, please?"' in schema["description"]
    whom = schema["parameters"]["properties"]["to"]["description"]  # all that a small model sees when it chooses
    assert whom == "Whom they want: Anna (Complaints); the kitchen (Questions on dishes)."
    assert "2025550111" not in json.dumps(schema)


async def test_a_caller_is_transferred_to_the_person_that_the_model_names(called: list[str]) -> None:
    call = call_with(ANNA, KITCHEN)
    assert await use(call, "the kitchen") is None  # no reply: the caller is told in a recorded sentence
    await until(lambda: called)
    assert (called, call.transfer.begun) == (["the kitchen"], True)


@pytest.mark.parametrize("to", ["+12025550188", "anna", "Anna ", "", None, 7, ["Anna"]])
async def test_nobody_else_is_ever_called(called: list[str], to: object) -> None:
    call = call_with(ANNA)
    with pytest.raises(ToolError, match="It has to be one of: Anna"):
        await use(call, to)
    assert (called, call.transfer.begun) == ([], False)


async def test_a_second_wish_while_the_caller_waits_calls_nobody(called: list[str]) -> None:
    call = call_with(ANNA)
    call.transfer.begun = True
    assert await use(call, "Anna") is None
    assert called == []


async def test_nobody_is_called_when_the_call_is_about_to_end(called: list[str]) -> None:
    call = call_with(ANNA)
    call.ending.begun = True
    assert await use(call, "Anna") is None
    assert called == []


def test_outside_hours_only_those_are_offered_who_are_there_at_any_time() -> None:
    assert tools_of(call_with(ANNA, KITCHEN, hours=CLOSED)) == []
    [tool] = tools_of(call_with(ANNA, AT_NIGHT, hours=CLOSED))
    assert isinstance(tool, llm.RawFunctionTool)
    assert tool.info.raw_schema["parameters"]["properties"]["to"]["enum"] == ["the kitchen"]


def test_a_person_may_have_hours_of_their_own() -> None:
    days = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    always = ANNA.model_copy(update={day: ["00:00-24:00"] for day in days})
    assert len(tools_of(call_with(always, hours=CLOSED))) == 1


async def test_hours_are_checked_again_when_the_model_asks(called: list[str]) -> None:
    call = call_with(ANNA, KITCHEN)
    tool = transfer_call(call)
    assert isinstance(tool, llm.RawFunctionTool)
    call.line = call.line.model_copy(update={"hours": CLOSED})
    with pytest.raises(ToolError, match="Nobody was called"):
        await tool(raw_arguments={"to": "Anna"}, context=cast("RunContext[None]", None))
    assert called == []


def test_a_line_without_people_has_no_such_tool() -> None:
    assert tools_of(call_with()) == []


def test_people_whom_nobody_can_be_transferred_to_are_a_mistake() -> None:
    found = check_line(line(people=[ANNA]), host())
    assert [objection.key for objection in found] == ["people"]
    assert "transfer_call" in found[0].about
    assert check_line(line(people=[ANNA], tools=["transfer_call"]), host()) == []


async def test_the_agent_stays_awake_if_the_tool_is_given_up_before_anybody_is_called(called: list[str]) -> None:
    call = call_with(ANNA)
    tool = transfer_call(call)
    assert isinstance(tool, llm.RawFunctionTool)

    async def wait_for_playout() -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await tool(
            raw_arguments={"to": "Anna"},
            context=cast("RunContext[None]", SimpleNamespace(wait_for_playout=wait_for_playout)),
        )
    assert (called, call.transfer.begun) == ([], False)
