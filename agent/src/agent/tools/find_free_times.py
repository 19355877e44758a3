"""The language model can find out when an appointment can be had."""

from typing import Annotated

from livekit.agents import RunContext, function_tool, llm
from pydantic import Field

from agent.conversation.call import Call
from agent.conversation.tell_meanwhile import tell_meanwhile
from agent.lines.appointments import list_kinds, quote_for_each

DESCRIPTION = """\
Find out when an appointment is free. It changes nothing. Kinds: {kinds}.
Tell the caller two or three of the times, and not all of them.

Callers say, for example: {examples} "Is there anything free on Friday evening?"
"""
EXAMPLE = "When could I have {called}?"


def find_free_times(call: Call) -> llm.Tool:
    """Make the tool for one call."""
    kinds = call.line.appointments

    async def find_free_times(
        context: RunContext[None],
        kind: Annotated[str, Field(json_schema_extra={"enum": list(kinds)})],
        when: str = "",
    ) -> str:
        """Find out when an appointment is free.

        Args:
            kind: The kind of appointment, by its name.
            when: The caller's own words for the day and the time, such as "next Friday evening" or "tomorrow at seven",
                without any change; empty for as soon as possible.
        """
        async with tell_meanwhile(call, context):
            return await call.appointments.free_times(kind, when)

    examples = quote_for_each(kinds, EXAMPLE)
    return function_tool(
        find_free_times, description=DESCRIPTION.format(kinds=list_kinds(kinds), examples=examples).strip()
    )
