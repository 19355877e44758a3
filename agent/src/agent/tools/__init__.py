"""The tools of the language model: each is a module, named after what the tool does, and an entry in `TOOLS`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from livekit.agents import llm

from agent.conversation.call import Call
from agent.lines.line import Line
from agent.providers.pipeline import Pipeline
from agent.tools.book_appointment import book_appointment
from agent.tools.cancel_appointment import cancel_appointment
from agent.tools.do_not_call_again import do_not_call_again
from agent.tools.end_call import end_call
from agent.tools.find_appointments import find_appointments
from agent.tools.find_free_times import find_free_times
from agent.tools.move_appointment import move_appointment
from agent.tools.search_facts import search_facts
from agent.tools.send_dtmf import send_dtmf
from agent.tools.take_message import take_message
from agent.tools.tell_opening_hours import tell_opening_hours
from agent.tools.tell_time import tell_time
from agent.tools.transfer_call import transfer_call

NewTool = Callable[[Call], llm.Tool | None]

TOOLS: list[NewTool] = [
    end_call,
    transfer_call,
    take_message,
    do_not_call_again,
    search_facts,
    send_dtmf,
    tell_opening_hours,
    tell_time,
    find_free_times,
    book_appointment,
    find_appointments,
    move_appointment,
    cancel_appointment,
]


@dataclass(frozen=True)
class BeforeACall:
    """What a tool may read of a call while it is made: what it tells the model is known before anybody calls."""

    line: Line
    pipeline: Pipeline

    def as_call(self) -> Call:
        return cast("Call", self)


def tools_of(call: Call) -> list[llm.Tool | llm.Toolset]:
    """Make the line's tools for one call; none if the model writes tool calls as text, which the caller would hear."""
    if not call.pipeline.uses_tools:
        return []
    made = [new_tool(call) for new_tool in TOOLS if new_tool.__name__ in call.line.tools and _suits(call, new_tool)]
    return [tool for tool in made if tool is not None]  # None: it is of no use in this call


def _suits(call: Call, new_tool: NewTool) -> bool:
    """Return whether the model gains from the tool: one that is told what was found need not search."""
    return new_tool is not search_facts or not call.pipeline.invents_facts
