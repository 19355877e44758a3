"""What the model is told about a call that the agent makes, once the person who may hear it is known."""

from pathlib import Path

from agent.outbound.orders import Order

TEMPLATE = Path(__file__).with_name("purpose.md")
CONFIRMED = "They have confirmed that they are {name}."
ANYBODY = "You do not know who has answered, and the purpose may be told to anybody."
FIRST_WORDS = "The person is listening now. Tell them why you are calling."


def purpose_of(order: Order) -> str:
    """Return a section for the model's instructions."""
    who = CONFIRMED.format(name=order.name) if order.name else ANYBODY
    return TEMPLATE.read_text(encoding="utf-8").strip().format(who=who, purpose=order.purpose)
