"""Who is in the rooms of a made-up server."""

from __future__ import annotations

import json
from typing import Any

from livekit.protocol.models import ParticipantInfo

AGENT_NAME = "inbound-voice-agent"
NUMBER = "+12025550143"


def agent(name: str = AGENT_NAME, **attributes: str) -> ParticipantInfo:
    given = {"landline.line": "coffee", "landline.began": "2026-11-25T14:22:33+00:00", "lk.agent.state": "listening"}
    return made(ParticipantInfo.AGENT, "agent-AJ_1", {"lk.agent.name": name, **given, **attributes})


def phone(
    identity: str = "sip_1", number: str = NUMBER, *, host: str = AGENT_NAME, **attributes: str
) -> ParticipantInfo:
    mark = json.dumps({"managed_by": "landline", "agent": host, "line": "coffee"})
    given = {"sip.phoneNumber": number, "sip.callStatus": "active", **attributes}
    return made(ParticipantInfo.SIP, identity, given, metadata=mark)


def leg(host: str = AGENT_NAME, **attributes: str) -> ParticipantInfo:
    """A phone that the agent has called."""
    given = {"sip.phoneNumber": "+12025550199", "landline.leg": host, "sip.callStatus": "ringing", **attributes}
    return made(ParticipantInfo.SIP, "person_1", given)


def browser(identity: str = "browser-0123456789abcdef", **attributes: str) -> ParticipantInfo:
    return made(ParticipantInfo.STANDARD, identity, {"landline.caller": "browser", **attributes})


def operator(how: str = "yes") -> ParticipantInfo:
    return made(ParticipantInfo.STANDARD, "operator-0123456789abcdef", {"landline.operator": how})


def made(kind: Any, identity: str, attributes: dict[str, str], **more: Any) -> ParticipantInfo:
    return ParticipantInfo(kind=kind, identity=identity, sid=f"PA_{identity}", attributes=attributes, **more)
