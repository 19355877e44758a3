"""Deciding what to change, without a server."""

from collections.abc import Callable
from typing import Any

import pytest
from livekit.protocol.sip import SIPDispatchRuleInfo as Rule
from livekit.protocol.sip import SIPInboundTrunkInfo as Trunk

from bootstrap.compare import differences, merge
from bootstrap.desired import MARK, Desired, desired
from bootstrap.ownership import BlockedError, our_rules, our_trunks
from bootstrap.plan import Change, all_changes, next_changes
from bootstrap.settings import ServerSettings


@pytest.fixture
def want(settings: Callable[..., ServerSettings]) -> Desired:
    return desired(settings(SIP_USERNAME="bob", SIP_PASSWORD="canary-password", PHONE_ADDRESS="172.29.53.10"))


def trunk(want: Desired, id_: str, **edits: Any) -> Trunk:
    made = Trunk()
    made.CopyFrom(want.trunk)
    made.sip_trunk_id = id_
    for field in edits:
        made.ClearField(field)
    made.MergeFrom(Trunk(**edits))
    return made


def rule(want: Desired, id_: str, trunk_id: str, **edits: Any) -> Rule:
    made = want.rule_for(trunk_id)
    made.sip_dispatch_rule_id = id_
    for field in edits:
        made.ClearField(field)
    made.MergeFrom(Rule(**edits))
    return made


def told(changes: list[Change]) -> list[str]:
    return [str(change).split(":")[0] for change in changes]


def test_the_test_phone_is_one_more_address_and_never_a_range(want: Desired) -> None:
    assert list(want.trunk.allowed_addresses)[-1] == "172.29.53.10/32"
    assert len(want.trunk.allowed_addresses) == 9


def test_a_phone_already_allowed_is_not_there_twice(settings: Callable[..., ServerSettings]) -> None:
    want = desired(settings(ALLOWED_ADDRESSES="8.8.8.8", PHONE_ADDRESS="8.8.8.8"))
    assert want.trunk.allowed_addresses == ["8.8.8.8/32"]


def test_the_trunk_comes_first_because_the_rule_names_its_id(want: Desired) -> None:
    assert told(next_changes(want, [], [])) == ["create trunk"]
    assert told(next_changes(want, [trunk(want, "ST_1")], [])) == ["create rule"]
    assert told(all_changes(want, [], [])) == ["create trunk", "create rule"]


def test_nothing_is_changed_when_lists_are_only_in_another_order(want: Desired) -> None:
    have = trunk(want, "ST_1", allowed_addresses=list(want.trunk.allowed_addresses)[::-1])
    assert next_changes(want, [have], [rule(want, "SDR_1", "ST_1")]) == []


def test_an_update_says_what_differs_without_numbers_and_without_the_password(want: Desired) -> None:
    have = trunk(want, "ST_1", auth_password="canary-old", numbers=["+12025550199"])
    [change] = next_changes(want, [have], [])
    assert "authPassword changed" in str(change)
    assert "numbers 1 added, 1 removed" in str(change)
    assert "canary" not in str(change)
    assert "+1202" not in str(change)


def test_a_merge_keeps_what_is_not_ours_and_can_empty_what_is(want: Desired) -> None:
    have = trunk(want, "ST_1", krisp_enabled=True, allowed_numbers=["+12025550199"])
    bare = Trunk()
    bare.CopyFrom(want.trunk)
    bare.auth_username = bare.auth_password = ""
    merged = merge(have, bare)
    assert merged.sip_trunk_id == "ST_1"
    assert merged.krisp_enabled
    assert merged.allowed_numbers == ["+12025550199"]
    assert merged.auth_username == ""
    assert merged.numbers == want.trunk.numbers
    assert differences(merged, bare) == []


def test_of_several_of_ours_the_smallest_id_stays_before_anything_is_updated(want: Desired) -> None:
    several = [trunk(want, id_, ringing_timeout=None) for id_ in ("ST_c", "ST_a", "ST_b")]
    assert told(next_changes(want, several, [])) == ["delete trunk ST_b", "delete trunk ST_c"]
    rules = [rule(want, id_, "ST_b") for id_ in ("SDR_b", "SDR_a")]
    assert told(next_changes(want, [trunk(want, "ST_a")], rules)) == ["delete rule SDR_b"]


def test_a_rule_that_names_a_trunk_that_went_is_turned_to_the_one_that_stays(want: Desired) -> None:
    [change] = next_changes(want, [trunk(want, "ST_a")], [rule(want, "SDR_1", "ST_b")])
    assert str(change) == "update rule SDR_1: trunkIds 1 added, 1 removed"
    assert change.message == rule(want, "SDR_1", "ST_a")


@pytest.mark.parametrize(
    "edits",
    [
        {},
        {"name": "Old name"},
        {"name": "Old name", "numbers": ["+12025550199"]},
        {"metadata": ""},
        {"metadata": "", "numbers": ["+12025550199"]},
    ],
    ids=["as it was", "renamed", "renamed and renumbered", "made by hand", "made by hand, other number"],
)
def test_ours_is_known_again(want: Desired, edits: dict[str, Any]) -> None:
    have = trunk(want, "ST_1", **edits)
    assert our_trunks(want, [have], [rule(want, "SDR_1", "ST_1")]) == [have]


@pytest.mark.parametrize(
    "edits",
    [{"name": "Another", "metadata": ""}, {"name": "Another", "numbers": ["+12025550199"]}],
    ids=["our number by hand", "another line of ours"],
)
def test_what_is_not_ours_is_not_taken_for_it(want: Desired, edits: dict[str, Any]) -> None:
    assert our_trunks(want, [trunk(want, "ST_1", **edits)], []) == []


def test_another_lines_trunk_is_no_double_even_with_one_of_our_numbers(want: Desired) -> None:
    mine, other = trunk(want, "ST_b"), trunk(want, "ST_a", name="Another")
    assert our_trunks(want, [other, mine], []) == [mine]
    with pytest.raises(BlockedError, match="ST_a"):
        next_changes(want, [other, mine], [])


def test_a_renamed_rule_is_known_by_its_trunk(want: Desired) -> None:
    renamed = rule(want, "SDR_1", "ST_1", name="Old name")
    assert our_rules(want, "ST_1", [renamed]) == [renamed]
    assert our_rules(want, "ST_2", [renamed]) == []


@pytest.mark.parametrize("edits", [{"numbers": ["+12025550100"]}, {"inbound_numbers": ["+12025550100"]}])
def test_another_rule_for_our_trunk_with_a_filter_is_no_obstacle(want: Desired, edits: dict[str, Any]) -> None:
    other = rule(want, "SDR_0", "ST_1", name="Another", metadata="", **edits)
    assert told(next_changes(want, [trunk(want, "ST_1")], [other])) == ["create rule"]


def test_our_mark_is_on_both(want: Desired) -> None:
    assert want.trunk.metadata == want.rule.metadata == MARK


@pytest.mark.parametrize(("agents", "gateways"), [(3600, 3630), (86_400, 86_400)])
def test_the_gateways_longest_call_lies_behind_the_agents_within_what_it_allows(
    settings: Callable[..., ServerSettings], agents: int, gateways: int
) -> None:
    assert desired(settings(MAX_CALL_DURATION=str(agents))).trunk.max_call_duration.seconds == gateways
