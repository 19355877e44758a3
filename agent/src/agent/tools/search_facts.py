"""The language model can search the line's facts, where they are too many to be told to it with every turn."""

from livekit.agents import RunContext, function_tool, llm

from agent.conversation.call import Call
from agent.conversation.tell_meanwhile import tell_meanwhile

NOTHING = "Nothing was found. Say that you do not know it."


def search_facts(call: Call) -> llm.Tool:
    """Make the tool for one call."""

    @function_tool
    async def search_facts(context: RunContext[None], question: str) -> str:
        """Search what is known about the business.

        You have been told only a part of it. Use this before you say that you do not know something about the business.

        Args:
            question: What the caller wants to know, in the caller's language and with their words.
        """
        async with tell_meanwhile(call, context):
            return await call.facts.find(question) or NOTHING

    return search_facts
