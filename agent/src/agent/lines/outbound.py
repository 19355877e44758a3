"""Calls that the line makes by itself: to whom, when and how many, and what an answering machine is told."""

import re
from datetime import time
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from agent.lines.group import Group, setting
from agent.lines.limits import MOST

PREFIX = re.compile(r"\+[1-9][0-9]{0,13}")
CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")

Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


def _check_prefix(prefix: str) -> str:
    if not PREFIX.fullmatch(prefix):
        raise ValueError("should be how numbers begin, with their country code, such as +1 or +4930")
    return prefix


def _check_clock(clock: str) -> str:
    if not CLOCK.fullmatch(clock):
        raise ValueError("should be a time of day from 00:00 to 23:59, such as 09:00")
    return clock


Prefix = Annotated[
    str, AfterValidator(_check_prefix), WithJsonSchema({"type": "string", "pattern": f"^{PREFIX.pattern}$"})
]
Clock = Annotated[str, AfterValidator(_check_clock), WithJsonSchema({"type": "string", "format": "time"})]


class Outbound(Group):
    """Calls of the line's own. docs/abilities/outbound.md has an example."""

    enabled: bool = setting(False, "Whether the line makes calls: by `make dial`, and by POST /calls.")
    prefixes: list[Prefix] = Field(
        default_factory=list,
        description="How the numbers begin that may be called, such as +49 or +1212. Empty: numbers of the country of "
        "the line's own numbers. Emergency, short and premium numbers are never called.",
    )
    quiet_from: Clock = setting("20:00", "When the time begins in which nobody is called, where the person is.")
    quiet_until: Clock = setting("09:00", "When that time ends. The same time as quiet_from: there is no such time.")
    quiet_days: list[Day] = setting(["sunday"], "Days on which nobody is called, where the person is.")
    calls_a_day: int = setting(20, "Calls that the line makes each day.", ge=1, le=MOST)
    calls_per_number: int = setting(
        3, "Calls that the line makes to one number each day, whether they are answered or not.", ge=1, le=20
    )
    ringing: int = setting(30, "Seconds for which the person's phone rings.", ge=5, le=80)
    introduction: str = setting(
        "",
        'What the agent says first, such as "This is the coffee shop on Main Street." Whoever answers the phone hears '
        "it. Empty: a sentence of the language that says that an assistant is calling.",
        max_length=300,
    )
    message: str = setting(
        "",
        "What the agent says to an answering machine after the beep. Others may hear it, so it should say nothing "
        "private. Empty: the agent hangs up.",
        max_length=600,
    )
    remind_before: int = setting(
        0, "Hours before an appointment at which the person is called and reminded of it; 0: never.", ge=0, le=168
    )

    @property
    def quiet(self) -> tuple[time, time]:
        """The times of day at which the quiet time begins and ends."""
        return time.fromisoformat(self.quiet_from), time.fromisoformat(self.quiet_until)

    @model_validator(mode="after")
    def _somebody_can_be_called(self) -> Self:
        if len(set(self.quiet_days)) == 7:
            raise ValueError("quiet_days has all seven days, so that nobody could be called: leave one out")
        return self
