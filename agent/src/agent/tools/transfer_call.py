"""The language model can transfer the caller to a person of the line, by their name in line.toml.

It never sees a number, and can name nobody else: the names are the only values that the tool takes, and code looks up
the number. livekit-agents' own `WarmTransferTask` moves the person into the caller's room by `MoveParticipant`, which
only LiveKit Cloud has, and dials whatever number it is given.
"""

from datetime import UTC, datetime
from pathlib import Path

from livekit.agents import RunContext, ToolError, function_tool, llm

from agent.background import begin
from agent.calendar.hours import OpeningHours
from agent.conversation.call import Call
from agent.conversation.transfer import transfer_caller
from agent.lines.people import Person

DESCRIPTION = Path(__file__).with_suffix(".md")


def transfer_call(call: Call) -> llm.Tool | None:
    """Make the tool for one call; None if nobody is there to be called now."""
    people = {person.name: person for person in call.line.people if is_there(call, person)}
    if not people:
        return None

    async def transfer(raw_arguments: dict[str, object], context: RunContext[None]) -> str | None:
        person = people.get(str(raw_arguments.get("to")))
        if person is None:
            raise ToolError(f"There is nobody of this name. It has to be one of: {', '.join(people)}.")
        if not is_there(call, person):
            raise ToolError(f"{person.name} cannot be called at this time of day. Nobody was called.")
        if call.transfer.rests or call.ending.begun:
            return None
        call.transfer.begun = True
        try:
            await context.wait_for_playout()  # of what the model has said together with it
        except BaseException:
            call.transfer.begun = False  # else the behaviours would rest to the end of the call
            raise
        begin(transfer_caller(call, person))
        return None

    return function_tool(transfer, raw_schema=_schema(list(people.values())))


def is_there(call: Call, person: Person) -> bool:
    """Return whether the person may be called at this moment."""
    hours = OpeningHours(call.line.hours, call.line.timezone, own=person)
    return person.when_closed or hours.is_open(datetime.now(UTC))


def _schema(people: list[Person]) -> dict[str, object]:
    rows = "\n".join(f"- {person.name}: {person.when}" for person in people)
    names = [person.name for person in people]
    examples = " ".join(f'"Can I speak to {name}, please?"' for name in names)
    whom = "; ".join(f"{person.name} ({person.when.rstrip('.')})" for person in people)
    return {
        "type": "function",
        "name": "transfer_call",
        "description": DESCRIPTION.read_text(encoding="utf-8").strip().format(people=rows, examples=examples),
        "parameters": {
            "type": "object",
            "properties": {"to": {"type": "string", "enum": names, "description": f"Whom they want: {whom}."}},
            "required": ["to"],
            "additionalProperties": False,
        },
    }
