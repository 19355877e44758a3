"""The tool by which the model ends the call when the conversation is over.

livekit-agents' own `EndCallTool` closes the session the moment the goodbye has been sent. The gateway then cuts off the
end of the goodbye, and the call's outcome would be that the session closed. Only the tool's texts are used here.
"""

from livekit.agents import RunContext, function_tool, llm

from agent.conversation.call import Call
from agent.framework import END_CALL_DESCRIPTION

# A small model goes by what callers say, which it finds between quotation marks.
EXAMPLES = 'Callers say, for example: "That was all, goodbye." "No thanks, bye." "Please hang up."'
SAY_GOODBYE = "say goodbye to the user"  # the tool's result, in livekit-agents' words as well


def end_call(call: Call) -> llm.Tool:
    """Make the tool for one call: the model says its goodbye, once, and then the agent hangs up."""

    async def hang_up(context: RunContext[None]) -> str | None:
        if call.transfer.taken_over:
            return None
        context.disallow_interruptions()
        call.ending.hang_up_after(context.speech_handle, "the talk was over")
        await context.wait_for_playout()
        return None if _has_spoken(context) else SAY_GOODBYE

    return function_tool(hang_up, name="end_call", description=f"{END_CALL_DESCRIPTION}\n{EXAMPLES}")


def _has_spoken(context: RunContext[None]) -> bool:
    """Return whether the model said its goodbye in the reply that called the tool, against its instructions."""
    items = context.speech_handle.chat_items
    return any(isinstance(item, llm.ChatMessage) and item.role == "assistant" for item in items)
