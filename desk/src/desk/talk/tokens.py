"""The token with which a browser joins a call's room, and by which the agent is sent there."""

import json
import re
import secrets
from dataclasses import dataclass
from datetime import timedelta

from livekit import api

from desk.now.calls import CAME_FOR, LINE
from desk.places import Places
from desk.problem import Problem
from desk.server import MediaServer

LASTS = timedelta(minutes=5)  # for joining; the server renews the token of whoever has joined
CALLER = {"landline.caller": "browser"}  # an attribute, by which the agent knows whom it talks with
# Seconds that the room waits for its first participant, and that it outlives its last one.
EMPTY_TIMEOUT, DEPARTURE_TIMEOUT = 20, 5
DRAFT = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a browser needs to call: the call's room, and a token, with which the agent takes one call."""

    room: str
    token: str


def check_line(places: Places, line: str, draft: str) -> None:
    """Check that there is such a line, or such a version of it.

    Raises:
        Problem: 400, what is named cannot be one; 404, there is none.
    """
    if not draft:
        if line not in places.line_names():
            raise Problem(404, "There is no such line. Load the page again to see which lines there are.")
        return
    if not DRAFT.fullmatch(draft):
        raise Problem(400, "A version of a line that can be called has 32 hexadecimal digits.")
    versions = Places(places.data, places.desk / "drafts" / draft)
    if line not in versions.line_names():
        raise Problem(404, "This version of the line is gone. Press “Call this version” on the line's page again.")


def new_ticket(server: MediaServer, *, agent: str, room_prefix: str, line: str, draft: str = "") -> Ticket:
    """Sign a token for a new room. The server makes the room, and sends it the agent, when the browser joins."""
    room = f"{room_prefix}browser-{secrets.token_hex(8)}"
    metadata = {"line": line, "browser": True} | ({"draft": draft} if draft else {})
    configuration = api.RoomConfiguration(
        empty_timeout=EMPTY_TIMEOUT,
        departure_timeout=DEPARTURE_TIMEOUT,
        agents=[api.RoomAgentDispatch(agent_name=agent, metadata=json.dumps(metadata))],
    )
    grants = api.VideoGrants(
        room_join=True,
        room=room,
        can_publish=True,
        can_publish_sources=["microphone"],
        can_publish_data=True,
        can_subscribe=True,
        can_update_own_metadata=False,
    )
    token = server.token(f"browser-{secrets.token_hex(8)}", LASTS)
    # By the others, Now knows the call before the agent has come, and after its process has died.
    attributes = {**CALLER, CAME_FOR: agent, LINE: line}
    signed = token.with_attributes(attributes).with_grants(grants).with_room_config(configuration)
    return Ticket(room, signed.to_jwt())
