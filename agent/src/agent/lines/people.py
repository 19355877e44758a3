"""The people whom callers of a line can be transferred to."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, WithJsonSchema

from agent.lines.group import setting
from agent.lines.hours import Week

# A number with its country code, or what a PBX behind the trunk calls a person: 100, anna
CALLED = re.compile(r"\+[1-9][0-9]{6,14}|[A-Za-z0-9][A-Za-z0-9._-]{0,31}")
EMERGENCY = {"000", "112", "911", "999"}  # a carrier takes these for calls to the emergency services
LONGEST_NAME, LONGEST_WHEN = 40, 200  # characters


def _check_called(number: str) -> str:
    if not CALLED.fullmatch(number):
        raise ValueError(
            "should be a number with its country code, such as +12025550111, or an extension of the PBX behind the "
            "outbound trunk, such as 100"
        )
    if number in EMERGENCY:
        raise ValueError("is an emergency number, and nobody is transferred to one")
    return number


def _check_text(text: str) -> str:
    if not text.strip() or text != " ".join(text.split()):
        raise ValueError("should be one row of text")
    return text


Called = Annotated[
    str, AfterValidator(_check_called), WithJsonSchema({"type": "string", "pattern": f"^({CALLED.pattern})$"})
]
Text = Annotated[str, AfterValidator(_check_text)]


def _check_names(people: "list[Person]") -> "list[Person]":
    names = [person.name.casefold() for person in people]
    if twice := next((person.name for person in people if names.count(person.name.casefold()) > 1), None):
        raise ValueError(f"{twice!r} is the name of two people, but should be that of one")
    return people


class Person(Week):
    """A person whom a caller can be transferred to, with hours of their own, or else those of the line.

    docs/abilities/transfer.md has an example.
    """

    name: Text = Field(
        description="What the person or their department is called: Anna, or the kitchen.", max_length=LONGEST_NAME
    )
    number: Called = Field(
        description="Where they are called: a number in E.164 form, or an extension of the PBX behind the outbound "
        "trunk. Nothing that a caller or the language model says can change it."
    )
    when: Text = Field(
        description="When the language model offers them, in one sentence: Complaints, and orders for more than ten "
        "people.",
        max_length=LONGEST_WHEN,
    )
    kind: Literal["warm", "cold"] = setting(
        "warm",
        "How the caller is transferred: warm (the person hears what it is about, and accepts or declines) or cold "
        "(the carrier connects the two, and the call leaves this host).",
    )
    when_closed: bool = setting(
        False, "Whether they are offered at any time of day, and on days off and holidays as well."
    )
    ringing: int = setting(25, "Seconds for which their phone may ring.", ge=5, le=60)


People = Annotated[list[Person], AfterValidator(_check_names)]
