"""Which trunk and rule a call meets: the cases that people get wrong, as the server's own code decides them."""

from __future__ import annotations

from collections import Counter

import pytest
from livekit.protocol.sip import SIPDispatchRule, SIPDispatchRuleCallee, SIPDispatchRuleDirect

from bootstrap.explain import match
from tests.support.made_up_calls import make_world
from tests.unit.bootstrap.explain.made import CALLER, CARRIER, NUMBER, STRANGER, a_call, a_rule, a_trunk

ADDRESSES = [f"172.29.54.{place}" for place in range(100, 108)]


def test_a_call_as_it_should_be_meets_trunk_rule_and_agent() -> None:
    found = match(a_call(), [a_trunk()], [a_rule()])
    assert found.outcome == "accepted"
    assert (found.trunk, found.rule) == (a_trunk(), a_rule())
    assert found.agents == ("inbound-voice-agent",)
    assert found.let_in_by == "address"
    assert (found.missed_trunks, found.missed_rules) == ((), ())


@pytest.mark.parametrize(
    ("allowed", "address", "host", "let_in_by"),
    [
        (["54.172.60.0/30"], CARRIER, "", "address"),
        (["54.172.60.1/30"], "54.172.60.3", "", "address"),  # host bits are ignored
        (["54.172.60.1"], CARRIER, "", "address"),
        (["54.172.60.0/30"], STRANGER, "", None),
        (["54.172.60.0/30"], STRANGER, "54.172.60.0/30", "from_host"),
        (["carrier.example"], STRANGER, "carrier.example", "from_host"),
        (["54.172.60.0/73"], CARRIER, "", None),
        (["54.172.60.0/030"], CARRIER, "", None),
        (["54.172.060.1"], CARRIER, "", None),
        (["54.172.60"], CARRIER, "", None),
        (["54.172.60.0/30,54.244.51.0/30"], STRANGER, "", "any_address"),
        ([" 54.172.60.0/30", "54.172.60.0/30\r"], STRANGER, "", "any_address"),
        (["sip://54.172.60.1"], STRANGER, "", "any_address"),
        ([" 54.172.60.0/30", "54.172.60.0/30"], STRANGER, "", None),  # one that counts is enough
        ([], STRANGER, "", "any_address"),
        (["2001:db8::/32"], "2001:db8::7", "", "address"),
        (["54.172.60.0/30"], "::ffff:54.172.60.1", "", None),
        (["fe80::/10"], "fe80::1%eth0", "", None),
    ],
)
def test_addresses_are_compared_as_the_server_compares_them(
    allowed: list[str], address: str, host: str, let_in_by: str | None
) -> None:
    found = match(a_call(address=address, from_host=host), [a_trunk(allowed_addresses=allowed)], [a_rule()])
    if let_in_by:
        assert (found.outcome, found.let_in_by) == ("accepted", let_in_by)
    else:
        assert found.outcome == "dropped"
        assert [miss.unmet for miss in found.missed_trunks] == [("address",)]
        assert [miss.unmet for miss in found.missed_rules] == [("trunk",)]


@pytest.mark.parametrize(
    ("number", "dialled", "is_same"),
    [
        (NUMBER, "12025550100", True),
        ("+1 (202) 555-0100", NUMBER, True),
        ("1-202-555-0100", NUMBER, True),
        ("sales", "sales", True),
        ("100", "+100", True),
        ("+1.202.555.0100", NUMBER, False),
        (" +12025550100", NUMBER, False),  # the + has to come first
        ("(+1)2025550100", NUMBER, False),
        ("0012025550100", NUMBER, False),
        ("2025550100", NUMBER, False),
        ("Sales", "sales", False),
        ("+1２", "+12", False),  # noqa: RUF001 - a full-width digit
        ("+12\n", "+12", False),
    ],
)
def test_a_trunks_numbers_are_normalised_and_a_rules_are_not(number: str, dialled: str, is_same: bool) -> None:
    trunk = a_trunk(numbers=[number, "+12025550199"])
    assert (match(a_call(dialled=dialled), [trunk], [a_rule()]).trunk == trunk) == is_same
    rule = a_rule(numbers=[number])
    found = match(a_call(dialled=dialled), [a_trunk(numbers=[])], [rule])
    assert (found.rule == rule) == (number == dialled)
    caller = a_trunk(allowed_numbers=[number])
    assert (match(a_call(caller=dialled), [caller], [a_rule()]).trunk == caller) == is_same


def test_a_rules_inbound_numbers_are_callers() -> None:
    assert match(a_call(), [a_trunk()], [a_rule(inbound_numbers=[CALLER])]).outcome == "accepted"
    found = match(a_call(), [a_trunk()], [a_rule(inbound_numbers=[NUMBER])])
    assert found.outcome == "dropped"
    assert found.missed_rules[0].unmet == ("caller",)


def test_a_rule_without_trunks_takes_what_no_trunk_takes() -> None:
    found = match(a_call(address=STRANGER), [a_trunk()], [a_rule(), a_rule("SDR_open", trunks=())])
    assert found.outcome == "accepted"
    assert found.trunk is None
    assert found.rule
    assert found.rule.sip_dispatch_rule_id == "SDR_open"


def test_a_rule_for_the_trunk_wins_over_one_for_all_even_if_that_one_is_more_special() -> None:
    special = a_rule("SDR_a", trunks=(), inbound_numbers=[CALLER], numbers=[NUMBER])
    assert match(a_call(), [a_trunk()], [special, a_rule("SDR_b")]).rule == a_rule("SDR_b")


def test_of_several_rules_the_one_with_a_pin_then_the_more_special_then_the_room_then_the_id_wins() -> None:
    def wins(*rules: object) -> str:
        found = match(a_call(), [a_trunk()], list(rules))  # type: ignore[arg-type]
        assert found.rule
        return found.rule.sip_dispatch_rule_id

    direct = SIPDispatchRule(dispatch_rule_direct=SIPDispatchRuleDirect(room_name="z"))
    callee = SIPDispatchRule(dispatch_rule_callee=SIPDispatchRuleCallee(room_prefix="a"))
    assert wins(a_rule("SDR_a"), a_rule("SDR_b", pin="1")) == "SDR_b"
    assert wins(a_rule("SDR_a", pin="1"), a_rule("SDR_b", inbound_numbers=[CALLER])) == "SDR_b"
    assert wins(a_rule("SDR_a", numbers=[NUMBER], rule=callee), a_rule("SDR_b", inbound_numbers=[CALLER])) == "SDR_b"
    assert wins(a_rule("SDR_a", numbers=[NUMBER]), a_rule("SDR_b", inbound_numbers=[CALLER], rule=direct)) == "SDR_b"
    assert wins(a_rule("SDR_b", numbers=[NUMBER]), a_rule("SDR_a", inbound_numbers=[CALLER])) == "SDR_a"


def test_a_trunk_with_the_number_wins_over_one_without_and_two_of_a_kind_are_a_contradiction() -> None:
    catch_all = a_trunk("ST_all", numbers=[])
    assert match(a_call(), [catch_all, a_trunk()], [a_rule()]).trunk == a_trunk()
    two = [a_trunk("ST_b"), a_trunk("ST_a", allowed_numbers=[CALLER])]
    found = match(a_call(), two, [a_rule()])
    assert found.outcome == "unavailable"
    assert [one.name for one in found.conflict] == ["Twilio Trunk"] * 2
    assert match(a_call(caller="+12025550139"), two, [a_rule(trunks=("ST_b",))]).outcome == "accepted"
    two_without = [a_trunk("ST_a", numbers=[]), a_trunk("ST_b", numbers=[], allowed_numbers=[CALLER])]
    assert match(a_call(), two_without, []).outcome == "unavailable"


def test_rules_that_contradict_each_other_stop_every_call_that_they_might_be_for() -> None:
    two = [a_rule("SDR_a", inbound_numbers=["1"]), a_rule("SDR_b", inbound_numbers=["+1"])]
    found = match(a_call(), [a_trunk()], [*two, a_rule("SDR_c")])
    assert found.outcome == "unavailable"
    assert list(found.conflict) == two
    other = a_trunk("ST_other", numbers=["+12025550199"])
    for_other = a_rule("SDR_other", trunks=("ST_other",))
    assert match(a_call(dialled="+12025550199"), [a_trunk(), other], [*two, for_other]).outcome == "accepted"
    assert match(a_call(dialled="+12025550198"), [a_trunk(), other], [*two, for_other]).outcome == "unavailable"
    assert match(a_call(), [a_trunk()], [a_rule("SDR_a"), a_rule("SDR_b", pin="1")]).outcome == "pin"


@pytest.mark.parametrize(
    ("typed", "outcome", "rule"),
    [(None, "pin", "SDR_pin"), ("12", "accepted", "SDR_pin"), ("13", "wrong_pin", None), ("", "accepted", "SDR_open")],
)
def test_a_pin_leads_to_its_rule_and_no_pin_to_one_without(typed: str | None, outcome: str, rule: str | None) -> None:
    found = match(a_call(pin=typed), [a_trunk()], [a_rule("SDR_open"), a_rule("SDR_pin", pin="12")])
    assert found.outcome == outcome
    assert (found.rule.sip_dispatch_rule_id if found.rule else None) == rule


def test_what_a_caller_would_type_counts_only_if_the_gateway_asks_for_a_pin() -> None:
    found = match(a_call(pin="12"), [a_trunk()], [a_rule()])
    assert (found.outcome, found.rule) == ("accepted", a_rule())
    assert match(a_call(pin="12", address=STRANGER), [a_trunk()], [a_rule()]).outcome == "dropped"


def test_the_gateway_asks_for_credentials_only_if_the_trunk_has_both() -> None:
    for fields, asks in [({"auth_username": "bob"}, False), ({"auth_username": "bob", "auth_password": "x"}, True)]:
        assert match(a_call(), [a_trunk(**fields)], [a_rule()]).asks_for_credentials == asks


def test_a_rule_that_hides_numbers_is_no_rule_for_a_call_without_one() -> None:
    rule = a_rule(hide_phone_number=True)
    assert match(a_call(), [a_trunk()], [rule]).outcome == "accepted"
    found = match(a_call(caller=""), [a_trunk()], [rule])
    assert (found.outcome, found.rule) == ("unavailable", rule)


def test_a_made_up_world_is_always_the_same_and_leads_to_every_outcome() -> None:
    assert make_world(7, ADDRESSES, 5).calls == make_world(7, ADDRESSES, 5).calls
    outcomes: Counter[str] = Counter()
    for seed in range(60):
        world = make_world(seed, ADDRESSES, 20, (None, "7"))
        for place, trunk in enumerate(world.trunks):
            trunk.sip_trunk_id = f"ST_{place}"
        rules = world.rules_for({place: f"ST_{place}" for place in range(len(world.trunks))})
        outcomes.update(match(call, world.trunks, rules).outcome for call in world.calls)
    assert outcomes.keys() == {"accepted", "pin", "wrong_pin", "dropped", "unavailable"}
    assert min(outcomes.values()) > 10, outcomes
