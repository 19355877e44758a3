"""The trunks and rules that the server should have, made from the settings and the lines. Pure functions."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from google.protobuf.duration_pb2 import Duration
from livekit.protocol.agent_dispatch import RoomAgentDispatch
from livekit.protocol.room import RoomConfiguration
from livekit.protocol.sip import (
    SIPDispatchRule,
    SIPDispatchRuleIndividual,
    SIPDispatchRuleInfo,
    SIPInboundTrunkInfo,
    SIPMediaConfig,
    SIPOutboundTrunkInfo,
)

from bootstrap.mark import Mark, outbound_mark

if TYPE_CHECKING:  # the watcher has no use for the modules that read settings
    from collections.abc import Mapping

    from bootstrap.lines import Lines
    from bootstrap.settings import Settings

# Seconds beyond MAX_CALL_DURATION before the gateway cuts the call off: the agent says goodbye and hangs up first.
FOR_THE_GOODBYE = 30
LONGEST = 86_400  # seconds; the longest call that the gateway allows
# Seconds without a packet from the caller after which the gateway hangs up. A caller on hold sends none, nor does one
# whose carrier suppresses silence, and the gateway does not report either to anybody.
MEDIA_TIMEOUT = 120


@dataclass(frozen=True)
class Route:
    """A line's trunk, and its rule without the trunk's id, which only the server knows."""

    trunk: SIPInboundTrunkInfo
    rule: SIPDispatchRuleInfo

    def rule_for(self, trunk_id: str) -> SIPDispatchRuleInfo:
        """Return the rule with its trunk's id: a rule without one answers calls from any address."""
        rule = SIPDispatchRuleInfo()
        rule.CopyFrom(self.rule)
        rule.trunk_ids[:] = [trunk_id]
        return rule


@dataclass(frozen=True)
class Desired:
    """What this host, identified by its AGENT_NAME, wants on the server."""

    agent: str
    routes: Mapping[str, Route]  # by line
    outbound: SIPOutboundTrunkInfo | None = None  # for the calls of all lines; None where OUTBOUND_ADDRESS is empty


def desired(settings: Settings, lines: Lines) -> Desired:
    def name(base: str, line: str) -> str:
        """Add the line's name; a single line keeps the name that was used before there were lines."""
        return base if len(lines) == 1 else f"{base} ({line})"

    return Desired(
        settings.agent_name,
        {
            line: Route(
                trunk(settings, line, name(settings.trunk_name, line), numbers),
                rule(settings, line, name(settings.rule_name, line)),
            )
            for line, numbers in lines.items()
        },
        outbound_trunk(settings) if settings.outbound_address else None,
    )


def trunk(settings: Settings, line: str, name: str, numbers: tuple[str, ...]) -> SIPInboundTrunkInfo:
    return SIPInboundTrunkInfo(
        name=name,
        metadata=str(Mark(settings.agent_name, line)),
        numbers=numbers,
        allowed_addresses=allowed_addresses(settings),
        auth_username=settings.sip_username or "",
        auth_password=settings.sip_password.get_secret_value() if settings.sip_password else "",
        headers_to_attributes=settings.trunk_provider.attributes(),
        ringing_timeout=Duration(seconds=settings.ringing_timeout),
        max_call_duration=Duration(seconds=min(settings.max_call_duration + FOR_THE_GOODBYE, LONGEST)),
        media=SIPMediaConfig(
            encryption=f"SIP_MEDIA_ENCRYPT_{settings.trunk_provider.media_encryption.upper()}",
            media_timeout=Duration(seconds=MEDIA_TIMEOUT),
        ),
    )


def outbound_trunk(settings: Settings) -> SIPOutboundTrunkInfo:
    """Return the trunk by which calls go out."""
    encryption = "REQUIRE" if settings.trunk_provider.media_encryption == "require" else "DISABLE"
    return SIPOutboundTrunkInfo(
        name=f"{settings.trunk_name} (outbound)",
        metadata=outbound_mark(settings.agent_name),
        address=settings.outbound_address or "",
        transport=f"SIP_TRANSPORT_{settings.outbound_transport.upper()}",
        numbers=settings.outbound_numbers or settings.phone_numbers,
        auth_username=settings.outbound_username or "",
        auth_password=settings.outbound_password.get_secret_value() if settings.outbound_password else "",
        media=SIPMediaConfig(
            encryption=f"SIP_MEDIA_ENCRYPT_{encryption}", media_timeout=Duration(seconds=MEDIA_TIMEOUT)
        ),
    )


def allowed_addresses(settings: Settings) -> list[str]:
    """List who may call: the trunk provider, and the test phone at its one address."""
    phone = [settings.phone_address] if settings.phone_address else []
    return list(dict.fromkeys([*settings.allowed_addresses, *phone]))


def rule(settings: Settings, line: str, name: str) -> SIPDispatchRuleInfo:
    # No number filters: on a rule, LiveKit compares them as written, and `inbound_numbers` are callers' numbers.
    dispatch = RoomAgentDispatch(agent_name=settings.agent_name, metadata=json.dumps({"line": line}))
    return SIPDispatchRuleInfo(
        name=name,
        metadata=str(Mark(settings.agent_name, line)),
        rule=SIPDispatchRule(dispatch_rule_individual=SIPDispatchRuleIndividual(room_prefix=settings.room_prefix)),
        room_config=RoomConfiguration(agents=[dispatch]),
    )
