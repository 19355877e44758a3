"""Trunks, rules and calls as a host with one line has them."""

from __future__ import annotations

from typing import Any

from livekit.protocol.agent_dispatch import RoomAgentDispatch
from livekit.protocol.room import RoomConfiguration
from livekit.protocol.sip import SIPDispatchRuleInfo as Rule
from livekit.protocol.sip import SIPInboundTrunkInfo as Trunk

from bootstrap.explain import Call

NUMBER, CALLER, CARRIER, STRANGER = "+12025550100", "+12025550131", "54.172.60.1", "198.51.100.7"
AGENT = "inbound-voice-agent"


def a_trunk(id_: str = "ST_ours", **fields: Any) -> Trunk:
    usual = {"name": "Twilio Trunk", "numbers": [NUMBER], "allowed_addresses": ["54.172.60.0/30"]}
    return Trunk(sip_trunk_id=id_, **{**usual, **fields})


def a_rule(id_: str = "SDR_ours", *, trunks: tuple[str, ...] = ("ST_ours",), pin: str = "", **fields: Any) -> Rule:
    agents = [RoomAgentDispatch(agent_name=AGENT, metadata='{"line": "coffee"}')]
    usual = {"name": "Agent Route", "room_config": RoomConfiguration(agents=agents)}
    rule = Rule(sip_dispatch_rule_id=id_, trunk_ids=trunks, **{**usual, **fields})
    if not rule.rule.WhichOneof("rule"):
        rule.rule.dispatch_rule_individual.room_prefix = "call-"
        rule.rule.dispatch_rule_individual.pin = pin
    return rule


def a_call(**fields: Any) -> Call:
    return Call(**{"caller": CALLER, "dialled": NUMBER, "address": CARRIER, **fields})
