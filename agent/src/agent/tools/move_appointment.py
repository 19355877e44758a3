"""The language model can move one of the caller's appointments, once they have said yes to what is read back."""

from livekit.agents import RunContext, function_tool, llm

from agent.calendar.spoken import ask
from agent.conversation.call import Call
from agent.conversation.tell_meanwhile import tell_meanwhile
from agent.tools.act import act


def move_appointment(call: Call) -> llm.Tool:
    """Make the tool for one call."""

    @function_tool
    async def move_appointment(context: RunContext[None], when: str, which: str = "") -> str:
        """Move an appointment to another time. It asks the caller for a yes by itself, so do not ask before.

        Callers say, for example:
        "Can you move my appointment to Friday at eight?"
        "I have booked for Monday, but I can only come on Tuesday at noon."

        Args:
            when: The caller's own words for the new day and time, such as "Friday at eight", without any change.
            which: The number that find_appointments or book_appointment gave to the appointment, such as "1"; empty if
                the caller has only one.
        """
        appointments = call.appointments
        which = await appointments.which(which)
        there = appointments.known(which)
        async with tell_meanwhile(call, context):
            begins = await appointments.new_time(there, when)
        called, before, after = (
            appointments.called(there.kind),
            appointments.say(there.begins),
            appointments.say(begins),
        )
        return await act(
            call,
            context,
            question=ask("move", call.line.language, what=called, name=there.name, before=before, when=after),
            what=f"move {there.kind} from {there.begins:%Y-%m-%d %H:%M} to {begins:%Y-%m-%d %H:%M}",
            do=lambda: appointments.move(which, begins),
        )

    return move_appointment
