"""The tool by which the model writes down that somebody does not want to be called again, however they have said it."""

from livekit.agents import RunContext, ToolError, function_tool, llm

from agent.conversation.call import Call
from agent.conversation.do_not_call import do_not_call_again as write_it_down


def do_not_call_again(call: Call) -> llm.Tool | None:
    """Make the tool for one call, on a line that makes calls."""

    @function_tool
    async def do_not_call_again(context: RunContext[None]) -> str:
        """Write down that this person does not want to be called again. Call this as soon as they ask for it.

        Callers say, for example:
        "Please do not call me any more."
        "Take my number off your list."
        """
        context.disallow_interruptions()
        if not await write_it_down(call, "model"):
            raise ToolError("It could not be written down, because the number is not known or the list is unusable.")
        return "It is written down: they will not be called again. Tell them so, and say goodbye."

    return do_not_call_again if call.line.outbound.enabled else None
