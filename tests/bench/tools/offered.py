"""The tools that the model is offered, as livekit-agents sends them to it. None of them does anything."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

from livekit.agents import function_tool
from livekit.agents.llm import Tool, ToolContext, Toolset

from agent.framework import END_CALL_DESCRIPTION
from agent.tools.end_call import EXAMPLES


@function_tool
async def book_appointment(name: str, when: str, people: int | None = None) -> None:
    """Book a table for the caller, who has said their name and when they want to come.

    Callers say, for example:
    "A table for two on Tuesday at six, please, my name is Jack White."
    "Can you book me a table for tomorrow noon? This is Emma Scott."

    Args:
        name: The name of the caller.
        when: The day and the time, in the caller's own words.
        people: How many people come, if the caller has said it.
    """


@function_tool
async def take_message(name: str, about: str) -> None:
    """Take a message from the caller for the owner, or a wish to be called back.

    Callers say, for example:
    "Please tell her that Sam Wood called."
    "I am Kate Ford, can she call me back about the delivery?"

    Args:
        name: The name of the caller.
        about: What the owner is to be told, in the caller's own words.
    """


@function_tool
async def transfer_call(to: Literal["kitchen", "office", "Maria"]) -> None:
    """Connect the caller with a person, when they ask to speak with one.

    Callers say, for example:
    "Can I talk to somebody in the office?"
    "Give me the kitchen, please."
    "I want to speak with the owner."

    Args:
        to: Whom they want: kitchen for orders of cakes, office for invoices and jobs, Maria, who is the owner.
    """


@function_tool
async def tell_opening_hours(day: str) -> None:
    """Look up when the shop opens and closes on one day.

    Callers say, for example:
    "When are you open on Thursday?"
    "Are you closed tomorrow?"

    Args:
        day: The day in the caller's own words, such as today, tomorrow or a date.
    """


@function_tool
async def send_dtmf(digits: str) -> None:
    """Press keys on the phone, when the caller asks for keys to be pressed.

    Callers say, for example:
    "Press 9 for me."
    "Type 1 7 pound on the keys."

    Args:
        digits: The keys, one after another: 0 to 9, * and #.
    """


@function_tool
async def find_order(order_number: str) -> None:
    """Look up where an order is and when it will be delivered.

    Callers say, for example:
    "I am waiting for order 3306."
    "Has order number 512 been sent?"

    Args:
        order_number: The number of the order.
    """


async def _end_call() -> None: ...


end_call = function_tool(_end_call, name="end_call", description=f"{END_CALL_DESCRIPTION}\n{EXAMPLES}")
TOOLS: list[Tool | Toolset] = [
    end_call,
    book_appointment,
    take_message,
    transfer_call,
    tell_opening_hours,
    send_dtmf,
    find_order,
]


@cache
def as_sent() -> list[dict[str, Any]]:
    """Return the `tools` of the request."""
    tools: list[dict[str, Any]] = ToolContext(TOOLS).parse_function_tools("openai", strict=True)
    return tools
