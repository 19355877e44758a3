"""What is known of a call in progress, from who is in its room. Pure.

A room is this host's if this host's agent is in it, or a phone that came by one of its rules, or that it has called, or
a browser that its desk has let in.
On a server shared with others, nothing else is shown, and no other room is joined or deleted.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from livekit.protocol.models import ParticipantInfo, Room

AGENT_NAME, AGENT_STATE = "lk.agent.name", "lk.agent.state"  # attributes that livekit-agents gives the agent
LINE, BEGAN, TOOL = "landline.line", "landline.began", "landline.tool"  # and those that our agent adds
OPERATOR = "landline.operator"
TAKEN_OVER, LISTENS = "yes", "listens"
LEG = "landline.leg"  # of a phone that the agent has called: its AGENT_NAME
CAME_FOR = "landline.agent"  # of a browser: the AGENT_NAME of the host whose desk has let it in, beside its LINE
NUMBER, STATUS = "sip.phoneNumber", "sip.callStatus"  # of a phone, from the gateway
RINGING = ("dialing", "ringing")


@dataclass(frozen=True, slots=True)
class Person:
    """A caller, or a person whom the agent has called."""

    identity: str
    kind: Literal["phone", "browser"]
    number: str  # empty: withheld, or a browser
    called: bool  # the agent has called them
    ringing: bool


@dataclass(frozen=True, slots=True)
class Call:
    id: str  # the server's id of its room
    room: str  # the room's name, which has the caller's number in it
    line: str
    began: str  # ISO 8601, UTC
    people: tuple[Person, ...]
    agent: str  # the agent's identity; empty while none is there
    state: str  # listening, thinking, speaking …; empty if it does not say
    tool: str  # the tool that is running
    taken_over: bool

    def told(self) -> dict[str, Any]:
        """Return what a browser is told."""
        people = [
            {"identity": it.identity, "kind": it.kind, "number": it.number, "called": it.called, "ringing": it.ringing}
            for it in self.people
        ]
        names = ("id", "line", "began", "agent", "state", "tool", "taken_over")
        return {**{name: getattr(self, name) for name in names}, "people": people}


def call_of(room: Room, people: Sequence[ParticipantInfo], agent_name: str) -> Call | None:
    """Return the call in a room; None if it is none of this host's."""
    agents = [one for one in people if one.kind == ParticipantInfo.AGENT]
    agent = next((one for one in agents if one.attributes.get(AGENT_NAME) == agent_name), None)
    line = next((its for one in people if (its := line_of(one, agent_name)) is not None), None)
    if agent is None and line is None:
        return None
    told: dict[str, str] = dict(agent.attributes) if agent else {}
    return Call(
        id=room.sid,
        room=room.name,
        line=told.get(LINE) or line or "",
        began=told.get(BEGAN) or datetime.fromtimestamp(room.creation_time, UTC).isoformat(timespec="seconds"),
        people=tuple(
            person_of(one) for one in people if one.kind != ParticipantInfo.AGENT and OPERATOR not in one.attributes
        ),
        agent=agent.identity if agent else "",
        state=told.get(AGENT_STATE, ""),
        tool=told.get(TOOL, ""),
        taken_over=told.get(OPERATOR) == TAKEN_OVER
        or any(one.attributes.get(OPERATOR) == TAKEN_OVER for one in people),
    )


def person_of(one: ParticipantInfo) -> Person:
    is_phone = one.kind == ParticipantInfo.SIP
    number = one.attributes.get(NUMBER, "") if is_phone else ""
    return Person(
        one.identity,
        "phone" if is_phone else "browser",
        number if number.strip("+").isdecimal() else "",  # else the gateway passes on what says that it is withheld
        LEG in one.attributes,
        one.attributes.get(STATUS) in RINGING,
    )


def line_of(one: ParticipantInfo, agent_name: str) -> str | None:
    """Return the line whose rule let a phone in, or that a browser calls; "" for a phone that the agent has called.

    None: it is none of this host's, or neither a phone nor a browser.
    """
    if one.kind == ParticipantInfo.STANDARD and one.attributes.get(CAME_FOR) == agent_name:
        return one.attributes.get(LINE, "")
    if one.kind != ParticipantInfo.SIP:
        return None
    if one.attributes.get(LEG) == agent_name:
        return ""
    try:
        match json.loads(one.metadata):
            case {"managed_by": "landline", "agent": str(agent), "line": str(line)} if agent == agent_name:
                return line
    except ValueError:
        pass
    return None
