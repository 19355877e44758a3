"""The language model can find the caller's own appointments."""

from livekit.agents import RunContext, function_tool, llm

from agent.conversation.call import Call
from agent.conversation.tell_meanwhile import tell_meanwhile


def find_appointments(call: Call) -> llm.Tool:
    """Make the tool for one call."""

    @function_tool
    async def find_appointments(context: RunContext[None], name: str = "", number: str = "") -> str:
        """Find the caller's appointments to come. Leave both empty for those under the number that they call from.

        Callers say, for example:
        "When is my appointment?"
        "Have I booked something for next week?"

        Args:
            name: The name that the caller has said; needed with a number.
            number: Another phone number that the caller has said.
        """
        async with tell_meanwhile(call, context):
            return await call.appointments.find(name, number)

    return find_appointments
