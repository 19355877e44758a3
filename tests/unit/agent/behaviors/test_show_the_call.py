"""Whoever is in the room sees the line, since when the call is, and which tool is running."""

from types import SimpleNamespace
from typing import Any, cast

from livekit import rtc
from livekit.agents import ToolCallEnded, ToolCallStarted, ToolExecutionUpdatedEvent
from livekit.agents.llm import FunctionCall

from agent.behaviors.show_the_call import show_the_call
from tests.unit.agent.conversation.test_hang_up_together import Job, Room
from tests.unit.agent.fakes import in_call, settle

BEGAN = 1_795_615_200.0  # 2026-11-25, 14:00 UTC


def attached(room: Room) -> rtc.EventEmitter[str]:
    session, job = rtc.EventEmitter[str](), Job()
    job.room = room
    show_the_call(in_call(ctx=job, session=session, record=SimpleNamespace(began=BEGAN)))
    return session


def began(name: str, call: str) -> ToolExecutionUpdatedEvent:
    return ToolExecutionUpdatedEvent(
        update=ToolCallStarted(function_call=FunctionCall(call_id=call, name=name, arguments="{}"))
    )


def ended(call: str) -> ToolExecutionUpdatedEvent:
    return ToolExecutionUpdatedEvent(update=ToolCallEnded(id=call, call_id=call, message=None, status="done"))


async def test_the_line_and_the_beginning_are_shown_from_the_start() -> None:
    room = Room()
    attached(room)
    await settle()
    assert room.local_participant.attributes == {
        "landline.line": "coffee",
        "landline.began": "2026-11-25T14:00:00.000+00:00",
    }


async def test_the_tool_that_was_called_last_is_shown_until_it_ends() -> None:
    room = Room()
    session = attached(room)
    shown = []
    for event in (began("search_facts", "1"), began("tell_time", "2"), ended("2"), ended("unknown"), ended("1")):
        session.emit("tool_execution_updated", event)
        await settle()
        shown.append(room.local_participant.attributes["landline.tool"])
    assert shown == ["search_facts", "tell_time", "search_facts", "search_facts", ""]


async def test_a_room_that_cannot_be_told_ends_nothing(caplog: Any) -> None:
    class Failing:
        async def set_attributes(self, _: dict[str, str]) -> None:
            raise RuntimeError("no")

    room = Room()
    room.local_participant = cast("Any", Failing())
    attached(room)
    await settle()
    assert caplog.messages == ["Could not show those in the room what the agent does: RuntimeError"]


async def test_nothing_is_shown_in_a_room_that_is_gone() -> None:
    room = Room()
    room.connected = False
    attached(room)
    await settle()
    assert room.local_participant.attributes == {}
