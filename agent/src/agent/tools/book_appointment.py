"""The language model can book an appointment, once the caller has said yes to what is read back."""

from typing import Annotated

from livekit.agents import RunContext, function_tool, llm
from pydantic import Field

from agent.calendar.spoken import ask
from agent.conversation.call import Call
from agent.conversation.tell_meanwhile import tell_meanwhile
from agent.lines.appointments import list_kinds, quote_for_each
from agent.tools.act import act

DESCRIPTION = """\
Book an appointment. It asks the caller for a yes by itself, so do not ask before. Kinds: {kinds}.

Callers say, for example: {examples} "Please put me down for Tuesday at six. This is Emma Scott."
"""
EXAMPLE = "I would like to book {called} for Monday at nine, my name is Jack White."


def book_appointment(call: Call) -> llm.Tool:
    """Make the tool for one call."""
    kinds = call.line.appointments

    async def book_appointment(
        context: RunContext[None],
        kind: Annotated[str, Field(json_schema_extra={"enum": list(kinds)})],
        when: str,
        name: str,
        number: str = "",
        note: str = "",
    ) -> str:
        """Book an appointment.

        Args:
            kind: The kind of appointment, by its name.
            when: The caller's own words for the day and the time, such as "tomorrow at seven", without any change.
            name: Whose appointment it is.
            number: A phone number that the caller has said; empty for the number that they call from.
            note: What else the business should know, such as "four people"; may be empty.
        """
        async with tell_meanwhile(call, context):
            wanted = await call.appointments.wanted(kind, when, name, number, note)
        called, at = call.appointments.called(kind), call.appointments.say(wanted.begins)
        return await act(
            call,
            context,
            question=ask("book", call.line.language, what=called, name=wanted.name, when=at),
            what=f"book {kind} at {wanted.begins:%Y-%m-%d %H:%M}",
            do=lambda: call.appointments.book(wanted),
        )

    examples = quote_for_each(kinds, EXAMPLE)
    return function_tool(
        book_appointment, description=DESCRIPTION.format(kinds=list_kinds(kinds), examples=examples).strip()
    )
