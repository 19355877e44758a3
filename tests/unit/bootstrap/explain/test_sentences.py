"""What a person is told about a call: the condition that stopped it, and what to do."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from livekit.protocol.room import RoomConfiguration
from livekit.protocol.sip import SIPMediaConfig

from bootstrap.explain import match
from bootstrap.explain.numbers_shown import Shown
from bootstrap.explain.sentences import Host, reaches_an_agent, sentences
from bootstrap.mark import Mark
from tests.unit.bootstrap.explain.made import AGENT, CALLER, NUMBER, STRANGER, a_call, a_rule, a_trunk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from livekit.protocol.sip import SIPDispatchRuleInfo as Rule
    from livekit.protocol.sip import SIPInboundTrunkInfo as Trunk

    from bootstrap.explain import Call

HOST = Host(AGENT, "Twilio", sends_credentials=False)
RINGS_OUT = "The caller hears ringing and then nothing"


def told(call: Call, trunks: Sequence[Trunk], rules: Sequence[Rule], host: Host = HOST) -> str:
    return "\n".join(sentences(call, match(call, trunks, rules), host, Shown()))


def test_a_call_that_arrives_is_told_by_trunk_rule_and_agent() -> None:
    assert told(a_call(), [a_trunk()], [a_rule()]).splitlines() == [
        "A call from …31 to …00, from 54.172.60.1:",
        "Trunk 'Twilio Trunk' (ST_ours) takes the call: the number is the trunk's, and its address is allowed.",
        "Rule 'Agent Route' (SDR_ours) takes the call.",
        "The rule sends for inbound-voice-agent, which is this host's agent.",
    ]
    assert reaches_an_agent(match(a_call(), [a_trunk()], [a_rule()]), HOST)


@pytest.mark.parametrize(
    ("call", "trunks", "rules", "says"),
    [
        (
            a_call(),
            [],
            [],
            ["The server has no inbound trunk at all: run make up.", "no dispatch rule at all", RINGS_OUT],
        ),
        (
            a_call(dialled="+12025550177"),
            [a_trunk()],
            [a_rule()],
            ["No trunk has the number …77. Add it to PHONE_NUMBERS", RINGS_OUT],
        ),
        (
            a_call(dialled="700"),
            [a_trunk()],
            [a_rule()],
            ["No trunk has the number …00. If it is an extension", "add it to also_dialled in line.toml", RINGS_OUT],
        ),
        (
            a_call(address=STRANGER),
            [a_trunk(numbers=[])],
            [a_rule()],
            ["takes every number, but 198.51.100.7 is not among its allowed addresses"],
        ),
        (
            a_call(dialled="2025550100"),
            [a_trunk()],
            [a_rule()],
            ["has one that ends in the same 7 digits", "also_dialled in line.toml", RINGS_OUT],
        ),
        (
            a_call(address=STRANGER),
            [a_trunk()],
            [a_rule()],
            ["has the number, but 198.51.100.7 is not among its allowed addresses (1 entry)", RINGS_OUT],
        ),
        (
            a_call(address="10.0.0.7"),
            [a_trunk()],
            [a_rule()],
            ["add it to ALLOWED_ADDRESSES in .env, with ALLOW_PRIVATE_ADDRESSES=yes, and run make up"],
        ),
        (
            a_call(),
            [a_trunk(allowed_numbers=["+12025550139"])],
            [a_rule()],
            ["takes only certain callers (allowed_numbers)", "Landline did not make it"],
        ),
        (
            a_call(),
            [a_trunk(metadata=str(Mark(AGENT, "coffee")))],
            [a_rule(trunks=("ST_gone",))],
            ["No dispatch rule is for this trunk", "Run make up, which puts it right.", RINGS_OUT],
        ),
        (
            a_call(),
            [a_trunk()],
            [a_rule(numbers=["2025550100"], inbound_numbers=[NUMBER])],
            [
                "wants the called number as it is written there and certain callers (inbound_numbers are callers' "
                "numbers). Correct the rule",
            ],
        ),
        (
            a_call(pin="1"),
            [a_trunk()],
            [a_rule(pin="2")],
            ["wants another PIN.\nThe caller hears that the PIN is wrong"],
        ),
        (
            a_call(pin="1"),
            [a_trunk()],
            [a_rule("SDR_a"), a_rule("SDR_b", pin="2")],
            ["(SDR_a) wants no PIN.\n", "(SDR_b) wants another PIN.\n", "The caller hears that the PIN is wrong"],
        ),
        (a_call(), [a_trunk()], [a_rule(pin="2")], ["The gateway answers by itself and asks the caller for a PIN"]),
        (
            a_call(),
            [a_trunk("ST_a"), a_trunk("ST_b", allowed_numbers=[CALLER])],
            [a_rule()],
            ["'Twilio Trunk' (ST_a) and 'Twilio Trunk' (ST_b) all take the call", "answers 503", "Delete all but one"],
        ),
        (
            a_call(),
            [a_trunk()],
            [a_rule("SDR_a"), a_rule("SDR_b")],
            ["Rules 'Agent Route' (SDR_a) and 'Agent Route' (SDR_b) are for the same calls", "503"],
        ),
        (a_call(caller=""), [a_trunk()], [a_rule(hide_phone_number=True)], ["hide_phone_number", "crashes"]),
        (
            a_call(),
            [a_trunk(ringing_timeout={"seconds": 20})],
            [a_rule(room_config=RoomConfiguration())],
            ["names no agent", "ringing for 20 s, and then busy"],
        ),
        (
            a_call(address=STRANGER),
            [a_trunk()],
            [a_rule(trunks=())],
            ["takes the call although no trunk does, because it names no trunk", "delete it"],
        ),
        (
            a_call(address=STRANGER, from_host="54.172.60.0/30"),
            [a_trunk()],
            [a_rule()],
            ["the host in its From header, 54.172.60.0/30, is written like one of the allowed addresses"],
        ),
        (
            a_call(address=STRANGER),
            [a_trunk(allowed_addresses=["54.172.60.0/30, 54.244.51.0/30"])],
            [a_rule()],
            ["the trunk allows every address"],
        ),
        (
            a_call(),
            [a_trunk(auth_username="bob", auth_password="made-up")],
            [a_rule()],
            ["answers 407", "Twilio sends none", "empty SIP_USERNAME and SIP_PASSWORD"],
        ),
        (
            a_call(),
            [a_trunk(media=SIPMediaConfig(encryption="SIP_MEDIA_ENCRYPT_REQUIRE"))],
            [a_rule()],
            ["It has to offer SRTP"],
        ),
    ],
)
def test_what_stops_a_call_is_named_with_a_cure(
    call: Call, trunks: list[Trunk], rules: list[Rule], says: list[str]
) -> None:
    text = told(call, trunks, rules)
    for sentence in says:
        assert sentence in text, text
    for number in (NUMBER[1:], CALLER[1:], "made-up"):
        assert number not in text


def test_another_hosts_agent_is_not_this_hosts() -> None:
    other = replace(HOST, agent="other")
    assert "sends for inbound-voice-agent, which is not this host's AGENT_NAME (other)" in told(
        a_call(), [a_trunk()], [a_rule()], other
    )
    assert not reaches_an_agent(match(a_call(), [a_trunk()], [a_rule()]), other)


def test_a_trunk_that_asks_for_credentials_is_passed_only_by_a_provider_that_sends_them() -> None:
    found = match(a_call(), [a_trunk(auth_username="bob", auth_password="x")], [a_rule()])
    assert not reaches_an_agent(found, HOST)
    assert reaches_an_agent(found, replace(HOST, sends_credentials=True))
