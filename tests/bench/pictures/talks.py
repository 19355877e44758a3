"""What is talked about in the made-up calls: the example's coffee shop, by its own facts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

GREETING = "Hello, this is Landline Coffee. How can I help you?"
BYE = ("Thank you, goodbye.", "Thank you for calling. Goodbye.")


@dataclass(frozen=True)
class Talk:
    turns: tuple[tuple[str, str], ...]  # what the caller says, and what the agent answers
    summary: str
    often: int = 3  # compared with the others
    outcome: str = "the caller hung up"
    tool: str = ""
    arguments: Mapping[str, str] = field(default_factory=dict)
    result: str = ""
    messages: tuple[tuple[str, str], ...] = ()  # of which one is left: from whom, if contacts.csv has no name, and what
    urgent: bool = False


TALKS = (
    Talk(
        (("How much is a cappuccino?", "A cappuccino costs four dollars."), BYE),
        "The caller asked what a cappuccino costs.",
        often=6,
        outcome="the caller said goodbye",
    ),
    Talk(
        (
            ("When do you close today?", "On weekdays, we close at six in the evening."),
            ("And on Sunday?", "On Sunday, we are open from nine in the morning until four in the afternoon."),
        ),
        "The caller asked for the opening hours of today and of Sunday.",
        often=6,
    ),
    Talk(
        (("Can I bring my dog?", "Dogs are welcome. There is a bowl of water for them at the door."), BYE),
        "The caller asked whether dogs are welcome.",
        outcome="the caller said goodbye",
    ),
    Talk(
        (
            (
                "I am allergic to nuts. Which cake can I have?",
                "There are nuts in the carrot cake. The apple cake and the chocolate cake have none.",
            ),
            ("And is there one without gluten?", "The carrot cake has no gluten."),
        ),
        "The caller asked for cakes without nuts and without gluten.",
    ),
    Talk(
        (
            (
                "I would like to book a table for tomorrow at ten.",
                "A table tomorrow at ten in the morning. What is your name, please?",
            ),
            ("My name is Brown.", "I would like to book a table for Brown tomorrow at ten. Is that right?"),
            ("Yes, please.", "Your table is booked. See you tomorrow at ten."),
        ),
        "The caller booked a table for tomorrow at ten in the morning.",
        often=4,
        tool="book_appointment",
        arguments={"kind": "table", "when": "tomorrow at ten", "name": "Brown"},
        result="Booked: a table for Brown, tomorrow at ten in the morning.",
    ),
    Talk(
        (
            (
                "Could you tell Anna that the flowers come on Tuesday?",
                "The message says: The flowers come on Tuesday. Shall I pass it on?",
            ),
            ("Yes.", "I have passed it on."),
        ),
        "The caller left a message for Anna about flowers.",
        often=1,
        outcome="the caller said goodbye",
        tool="take_message",
        messages=(
            ("Rosa", "The flowers for the garden will be delivered on Tuesday, between nine and eleven."),
            ("Rosa", "There are no tulips this week. She brings white roses, and would like to know if that is fine."),
            ("the bakery", "The bread comes half an hour later tomorrow, because the oven is being repaired."),
            ("Tom", "He can play the piano on Saturday evening, from six to eight."),
        ),
    ),
    Talk(
        (
            (
                "It is about the invoice of last month. There is a mistake in it.",
                "I can take a message for Anna. What should I tell her?",
            ),
            (
                "The beans were charged twice. Please call me back today.",
                "The message says: The beans were charged twice. It is urgent. Shall I pass it on?",
            ),
            ("Yes, thank you.", "I have passed it on. Anna will call you back."),
        ),
        "The caller left an urgent message about an invoice.",
        often=1,
        tool="take_message",
        messages=(
            ("Mr. Novak", "The invoice of last month has the beans on it twice. Please call back today."),
            ("the landlord", "Water drips through the ceiling of the storeroom. Somebody has to let the plumber in."),
        ),
        urgent=True,
    ),
    Talk(
        (
            (
                "I think that I left my umbrella with you yesterday.",
                "If you have left something in the shop, we keep it at the counter for one month.",
            ),
            ("Could somebody look for it, and call me?", "I will pass on: a black umbrella was left. Is that right?"),
            ("Yes, that is right.", "I have passed it on."),
        ),
        "The caller left an umbrella in the shop, and would like to be called back.",
        often=1,
        tool="take_message",
        messages=(
            ("Mrs. Adler", "A black umbrella with a wooden handle was left by the window. Please call if it is there."),
            ("Sam", "A blue scarf was left on the chair next to the door on Sunday."),
            ("Olga", "She thinks that her reading glasses are on the table in the garden."),
        ),
    ),
    Talk(
        (
            (
                "I would like to speak with Anna.",
                "I will try to reach Anna. Please hold the line for a moment.",
            ),
        ),
        "The caller wanted to speak with Anna, and was transferred.",
        often=2,
        outcome="the caller was transferred",
        tool="transfer_call",
        arguments={"to": "Anna"},
    ),
    Talk(
        (
            ("Do you deliver to Oak Street?", "I am sorry, we do not deliver. Everything can be taken away."),
            ("That is a pity.", ""),
        ),
        "The caller asked whether the shop delivers, which it does not.",
    ),
    Talk(
        (("Hello? Is somebody there?", "Yes, this is Landline Coffee. How can I help you?"),),
        "The caller did not say what they wanted.",
        often=1,
        outcome="the caller was silent",
    ),
)
