"""The model ends the call when the talk is over.

livekit-agents' own `EndCallTool` closes the session the moment the goodbye has been sent, which cuts its last sound off
in the gateway, and the call's outcome would be that the session was closed. Its words for the model are used here.
"""

from livekit.agents import RunContext, function_tool, llm
from livekit.agents.beta.tools.end_call import END_CALL_DESCRIPTION

from agent.conversation.call import Call

THEN = "say goodbye to the user"  # livekit-agents' words as well


def end_call(call: Call) -> llm.Tool:
    """Make the tool for one call: the model says its goodbye, once, and then the agent hangs up."""

    async def hang_up(context: RunContext[None]) -> str | None:
        context.disallow_interruptions()
        call.ending.after(context.speech_handle, "the talk was over")
        await context.wait_for_playout()
        return None if _has_spoken(context) else THEN

    return function_tool(hang_up, name="end_call", description=END_CALL_DESCRIPTION)


def _has_spoken(context: RunContext[None]) -> bool:
    """Whether the model has said its goodbye along with the call of the tool, though it was told not to."""
    items = context.speech_handle.chat_items
    return any(isinstance(item, llm.ChatMessage) and item.role == "assistant" for item in items)
