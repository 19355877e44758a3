"""The mark in a trunk's or rule's metadata: it says which host made it, and for which line. Pure.

The outbound trunk is for all lines of a host, so its mark names none. The agent finds the trunk by this mark:
see agent/src/agent/conversation/leg.py.

A host is known by its AGENT_NAME: several may share one LiveKit server, and each marks what it makes. LiveKit passes
a rule's metadata on as the metadata of the SIP participant, so the agent can read the mark of a call's rule, too.
"""

import json
from dataclasses import dataclass

MANAGER = "landline"
MARK_WITHOUT_LINE = "managed by landline"  # the whole mark before there were lines


@dataclass(frozen=True)
class Mark:
    agent: str
    line: str

    def __str__(self) -> str:
        return json.dumps({"managed_by": MANAGER, "agent": self.agent, "line": self.line})


def read_mark(metadata: str) -> Mark | None:
    """Read the mark; None if there is none, or only the one without a line."""
    try:
        match json.loads(metadata):
            case {"managed_by": "landline", "agent": str(agent), "line": str(line)}:
                return Mark(agent, line)
    except ValueError:
        pass
    return None


def outbound_mark(agent: str) -> str:
    """Return the metadata of the outbound trunk of the host with this AGENT_NAME."""
    return json.dumps({"managed_by": MANAGER, "agent": agent, "direction": "outbound"})


def is_marked(metadata: str) -> bool:
    """Say whether bootstrap made it, on this host or on another."""
    return metadata == MARK_WITHOUT_LINE or read_mark(metadata) is not None
