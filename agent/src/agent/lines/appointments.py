"""The kinds of appointments that callers can make on a line."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import StringConstraints

from agent.lines.group import setting
from agent.lines.hours import Week

KindName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]


class Kind(Week):
    """A kind of appointment, under a name of your choice. Without hours of its own it can be had in the line's."""

    called: str = setting("", 'What it is called when the agent reads it back, such as "a haircut"; empty: its name.')
    length: int = setting(..., "Minutes that it lasts.", ge=5, le=1440)
    buffer: int = setting(0, "Minutes after it in which its place is not free yet.", ge=0, le=480)
    places: int = setting(1, "How many there may be at the same time.", ge=1, le=500)
    shares: str = setting(
        "",
        "The name of another kind whose places it shares: a stylist who cuts hair cannot colour it at the same time.",
    )
    every: int = setting(30, "Minutes from one possible beginning to the next.", ge=5, le=1440)
    ahead: int = setting(60, "Days from today for which it can be made.", ge=1, le=730)
    notice: int = setting(60, "Minutes from now before which it cannot be made, moved or cancelled.", ge=0, le=43_200)
    per_caller: int = setting(5, "Appointments to come that may be under one phone number.", ge=1, le=100)


def list_kinds(kinds: Mapping[str, Kind]) -> str:
    """Return "haircut (a haircut, 30 minutes), …", for the model."""
    return ", ".join(f"{name} ({kind.called or name}, {kind.length} minutes)" for name, kind in kinds.items())


def quote_for_each(kinds: Mapping[str, Kind], said: str) -> str:
    """Return what callers say for each kind, in quotation marks: `said` has {called} where the kind is named."""
    return " ".join(f'"{said.format(called=kind.called or name)}"' for name, kind in kinds.items())
