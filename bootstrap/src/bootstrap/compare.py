"""How a trunk or rule differs from what it should be, in the fields that we set. Pure functions."""

import json
from typing import Any, TypeVar

from google.protobuf.json_format import MessageToDict
from livekit.protocol.sip import SIPDispatchRuleInfo as Rule
from livekit.protocol.sip import SIPInboundTrunkInfo as Trunk
from livekit.protocol.sip import SIPOutboundTrunkInfo as Outbound

M = TypeVar("M", Trunk, Rule, Outbound)

# Any other field was set by somebody else or by the server, and is left as it is.
FIELDS = {
    Trunk: (
        "name",
        "metadata",
        "numbers",
        "allowed_addresses",
        "auth_username",
        "auth_password",
        "headers_to_attributes",
        "ringing_timeout",
        "max_call_duration",
        "media",
    ),
    Outbound: (
        "name",
        "metadata",
        "address",
        "transport",
        "numbers",
        "auth_username",
        "auth_password",
        "media",
    ),
    Rule: ("name", "metadata", "rule", "trunk_ids", "inbound_numbers", "numbers", "room_config"),
}


def differences(have: M, want: M) -> list[str]:
    """Describe each field that differs in one phrase, with neither phone numbers nor the password."""
    old, new = values(have), values(want)
    return [
        describe(name, old.get(name), new.get(name)) for name in sorted(old | new) if old.get(name) != new.get(name)
    ]


def merge(have: M, want: M) -> M:
    """Copy `have`, with our fields from `want`."""
    merged = type(have)()
    merged.CopyFrom(have)
    for field in FIELDS[type(have)]:
        merged.ClearField(field)
    merged.MergeFrom(want)
    return merged


def values(message: Trunk | Rule | Outbound) -> dict[str, Any]:
    """Read those of our fields that are set, by their JSON names; lists are sorted."""
    names = {field.json_name for field in message.DESCRIPTOR.fields if field.name in FIELDS[type(message)]}
    return {
        name: sorted(value) if isinstance(value, list) else value
        for name, value in MessageToDict(message).items()
        if name in names
    }


def describe(name: str, old: Any, new: Any) -> str:
    if name == "authPassword":
        return "authPassword changed"
    if isinstance(old or new, list):
        gone, come = set(old or []) - set(new or []), set(new or []) - set(old or [])
        return f"{name} {len(come)} added, {len(gone)} removed"
    return f"{name} {json.dumps(old)} -> {json.dumps(new)}"
