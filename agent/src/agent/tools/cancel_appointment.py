"""The language model can cancel one of the caller's appointments, once they have said yes to what is read back."""

from livekit.agents import RunContext, function_tool, llm

from agent.calendar.spoken import ask
from agent.conversation.call import Call
from agent.tools.act import act


def cancel_appointment(call: Call) -> llm.Tool:
    """Make the tool for one call."""

    @function_tool
    async def cancel_appointment(context: RunContext[None], which: str = "") -> str:
        """Cancel an appointment. It asks the caller for a yes by itself, so do not ask before.

        Callers say, for example:
        "Please cancel my appointment."
        "I cannot come on Thursday after all, so please cancel it."

        Args:
            which: The number that find_appointments or book_appointment gave to the appointment, such as "1"; empty if
                the caller has only one.
        """
        appointments = call.appointments
        which = await appointments.which(which)
        there = appointments.known(which)
        called, when = appointments.called(there.kind), appointments.say(there.begins)
        return await act(
            call,
            context,
            question=ask("cancel", call.line.language, what=called, name=there.name, when=when),
            what=f"cancel {there.kind} at {there.begins:%Y-%m-%d %H:%M}",
            do=lambda: appointments.cancel(which),
        )

    return cancel_appointment
