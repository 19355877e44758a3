"""What the language model can do besides talk: a module each, named after what it does, and a line in `TOOLS`."""

from collections.abc import Callable

from livekit.agents import llm

from agent import providers
from agent.conversation.ending import Ending
from agent.settings import Settings
from agent.tools.end_call import end_call

TOOLS: tuple[Callable[[Ending], llm.Tool], ...] = (end_call,)


def tools_of(settings: Settings, ending: Ending) -> list[llm.Tool | llm.Toolset]:
    """The tools for one call; none for a model that writes a call of a tool as text, which callers would hear."""
    return [new_tool(ending) for new_tool in TOOLS] if providers.uses_tools(settings) else []
