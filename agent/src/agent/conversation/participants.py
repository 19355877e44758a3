"""Who may be in a call's room besides the agent: the caller, by phone or by browser, a person, and operators.

A browser, and an operator, is who the desk says: it signs the token that has the identity and the attributes, and with
which nobody can change them. An operator who listens is hidden, so the agent is told nothing of them. These functions
are given the participants that the room's events bring as well as those that the server's API lists.
"""

from collections.abc import Mapping
from typing import Protocol

CALLER, BY_BROWSER = "landline.caller", "browser"  # attribute of a caller who came by browser
BROWSER = "browser-"  # how the identity of such a caller begins
OPERATOR, TALKS = "landline.operator", "yes"  # attribute of an operator who has taken a call over; others listen
OPERATORS = "operator-"  # how the identity of an operator begins


class Participant(Protocol):
    """Somebody in a call's room."""

    @property
    def identity(self) -> str: ...

    @property
    def attributes(self) -> Mapping[str, str]: ...


def came_by_browser(participant: Participant) -> bool:
    """Return whether this is a caller who came by browser."""
    return participant.identity.startswith(BROWSER) and participant.attributes.get(CALLER) == BY_BROWSER


def is_operator(participant: Participant) -> bool:
    """Return whether this is an operator of the line, who listens or has taken the call over."""
    return participant.identity.startswith(OPERATORS) and OPERATOR in participant.attributes


def has_taken_over(participant: Participant) -> bool:
    """Return whether this is an operator who talks with the caller in the agent's place."""
    return is_operator(participant) and participant.attributes[OPERATOR] == TALKS
