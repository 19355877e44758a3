"""Settings -> the trunk and the rule that the server should have. Pure."""

from dataclasses import dataclass

from google.protobuf.duration_pb2 import Duration
from livekit.protocol.agent_dispatch import RoomAgentDispatch
from livekit.protocol.room import RoomConfiguration
from livekit.protocol.sip import (
    SIPDispatchRule,
    SIPDispatchRuleIndividual,
    SIPDispatchRuleInfo,
    SIPInboundTrunkInfo,
)

from bootstrap.settings import Settings

# Seconds after MAX_CALL_DURATION, when the agent ends the call with a goodbye: the gateway would end it without a word.
FOR_THE_GOODBYE = 30
LONGEST = 86_400  # seconds that the gateway allows
MARK = "managed by landline"  # metadata; a trunk or rule without it is somebody else's


@dataclass(frozen=True)
class Desired:
    """The trunk, and the rule but for the trunk's id, which only the server knows."""

    trunk: SIPInboundTrunkInfo
    rule: SIPDispatchRuleInfo

    def rule_for(self, trunk_id: str) -> SIPDispatchRuleInfo:
        """The rule, naming its trunk: one that names none answers calls from any address whatever."""
        rule = SIPDispatchRuleInfo()
        rule.CopyFrom(self.rule)
        rule.trunk_ids[:] = [trunk_id]
        return rule


def desired(settings: Settings) -> Desired:
    return Desired(trunk(settings), rule(settings))


def trunk(settings: Settings) -> SIPInboundTrunkInfo:
    return SIPInboundTrunkInfo(
        name=settings.trunk_name,
        metadata=MARK,
        numbers=settings.phone_numbers,
        allowed_addresses=callers(settings),
        auth_username=settings.sip_username or "",
        auth_password=settings.sip_password.get_secret_value() if settings.sip_password else "",
        headers_to_attributes=settings.trunk_provider.headers_to_attributes,
        ringing_timeout=Duration(seconds=settings.ringing_timeout),
        max_call_duration=Duration(seconds=min(settings.max_call_duration + FOR_THE_GOODBYE, LONGEST)),
    )


def callers(settings: Settings) -> list[str]:
    """Who may call: the trunk provider, and the test phone at its one address."""
    phone = [settings.phone_address] if settings.phone_address else []
    return list(dict.fromkeys([*settings.allowed_addresses, *phone]))


def rule(settings: Settings) -> SIPDispatchRuleInfo:
    # No number filters: on a rule LiveKit compares them as written, and `inbound_numbers` means the caller's.
    return SIPDispatchRuleInfo(
        name=settings.rule_name,
        metadata=MARK,
        rule=SIPDispatchRule(dispatch_rule_individual=SIPDispatchRuleIndividual(room_prefix=settings.room_prefix)),
        room_config=RoomConfiguration(agents=[RoomAgentDispatch(agent_name=settings.agent_name)]),
    )
