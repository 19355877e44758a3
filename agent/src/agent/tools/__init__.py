"""The tools of the language model: each is a module, named after what the tool does, and an entry in `TOOLS`."""

from collections.abc import Callable

from livekit.agents import llm

from agent.conversation.call import Call
from agent.tools.end_call import end_call
from agent.tools.search_facts import search_facts
from agent.tools.send_dtmf import send_dtmf
from agent.tools.tell_time import tell_time

NewTool = Callable[[Call], llm.Tool]

TOOLS: list[NewTool] = [
    end_call,
    search_facts,
    send_dtmf,
    tell_time,
]


def tools_of(call: Call) -> list[llm.Tool | llm.Toolset]:
    """Make the line's tools for one call; none if the model writes tool calls as text, which the caller would hear."""
    if not call.pipeline.uses_tools:
        return []
    return [new_tool(call) for new_tool in TOOLS if new_tool.__name__ in call.line.tools and _suits(call, new_tool)]


def _suits(call: Call, new_tool: NewTool) -> bool:
    """Return whether the model gains from the tool: one that is told what was found need not search."""
    return new_tool is not search_facts or not call.pipeline.invents_facts
