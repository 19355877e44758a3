"""Deciding what to change, without a server."""

from collections.abc import Callable
from typing import Any

import pytest
from livekit.protocol.sip import SIPDispatchRuleInfo as Rule
from livekit.protocol.sip import SIPInboundTrunkInfo as Trunk
from livekit.protocol.sip import SIPMediaEncryption

from bootstrap.compare import differences, merge
from bootstrap.desired import Desired, desired
from bootstrap.mark import MARK_WITHOUT_LINE, Mark
from bootstrap.ownership import BlockedError, find_ours
from bootstrap.plan import Change, all_changes, next_changes
from bootstrap.settings import ServerSettings

NUMBER = "+12025550100"
AGENT = "inbound-voice-agent"
GONE = str(Mark(AGENT, "gone"))
ANOTHER_HOST = str(Mark("another", "coffee"))


@pytest.fixture
def want(settings: Callable[..., ServerSettings]) -> Desired:
    given = settings(SIP_USERNAME="bob", SIP_PASSWORD="canary-password", PHONE_ADDRESS="172.29.53.10")
    return desired(given, {"coffee": (NUMBER,)})


@pytest.fixture
def trunk_with(settings: Callable[..., ServerSettings]) -> Callable[..., Trunk]:
    """The trunk of the one line, with these settings."""
    return lambda **values: desired(settings(**values), {"coffee": (NUMBER,)}).routes["coffee"].trunk


def trunk(want: Desired, id_: str, **edits: Any) -> Trunk:
    made = Trunk()
    made.CopyFrom(want.routes["coffee"].trunk)
    made.sip_trunk_id = id_
    for field in edits:
        made.ClearField(field)
    made.MergeFrom(Trunk(**edits))
    return made


def rule(want: Desired, id_: str, trunk_id: str, **edits: Any) -> Rule:
    made = want.routes["coffee"].rule_for(trunk_id)
    made.sip_dispatch_rule_id = id_
    for field in edits:
        made.ClearField(field)
    made.MergeFrom(Rule(**edits))
    return made


def told(changes: list[Change]) -> list[str]:
    return [str(change).split(" of line coffee:")[0] for change in changes]


def of_coffee(want: Desired, trunks: list[Trunk], rules: list[Rule]) -> tuple[list[Trunk], list[Rule]]:
    """What is taken for the line's."""
    ours = find_ours(want, trunks, rules)
    return list(ours.trunks["coffee"]), list(ours.rules["coffee"])


def test_the_test_phone_is_one_more_address_and_never_a_range(want: Desired) -> None:
    allowed = list(want.routes["coffee"].trunk.allowed_addresses)
    assert allowed[-1] == "172.29.53.10/32"
    assert len(allowed) == 9


def test_a_phone_already_allowed_is_not_there_twice(trunk_with: Callable[..., Trunk]) -> None:
    assert trunk_with(ALLOWED_ADDRESSES="8.8.8.8", PHONE_ADDRESS="8.8.8.8").allowed_addresses == ["8.8.8.8/32"]


def test_a_caller_may_be_on_hold_for_two_minutes_and_encrypted(trunk_with: Callable[..., Trunk]) -> None:
    media = trunk_with(TRUNK_PROVIDER="generic", ALLOWED_ADDRESSES="8.8.8.8").media
    assert media.media_timeout.seconds == 120
    assert media.encryption == SIPMediaEncryption.SIP_MEDIA_ENCRYPT_ALLOW


def test_the_account_header_becomes_the_same_attribute_whoever_the_provider_is(
    trunk_with: Callable[..., Trunk],
) -> None:
    assert trunk_with().headers_to_attributes["X-Twilio-AccountSid"] == "trunk.account"
    assert not trunk_with(TRUNK_PROVIDER="generic", ALLOWED_ADDRESSES="8.8.8.8").headers_to_attributes


def test_the_trunk_comes_first_because_the_rule_names_its_id(want: Desired) -> None:
    assert told(next_changes(want, [], [])) == ["create trunk"]
    assert told(next_changes(want, [trunk(want, "ST_1")], [])) == ["create rule"]
    assert told(all_changes(want, [], [])) == ["create trunk", "create rule"]


def test_nothing_is_changed_when_lists_are_only_in_another_order(want: Desired) -> None:
    have = trunk(want, "ST_1", allowed_addresses=list(trunk(want, "ST_1").allowed_addresses)[::-1])
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
    bare.CopyFrom(want.routes["coffee"].trunk)
    bare.auth_username = bare.auth_password = ""
    merged = merge(have, bare)
    assert merged.sip_trunk_id == "ST_1"
    assert merged.krisp_enabled
    assert merged.allowed_numbers == ["+12025550199"]
    assert merged.auth_username == ""
    assert merged.numbers == bare.numbers
    assert differences(merged, bare) == []


def test_of_several_of_ours_the_smallest_id_stays_before_anything_is_updated(want: Desired) -> None:
    several = [trunk(want, id_, ringing_timeout=None) for id_ in ("ST_c", "ST_a", "ST_b")]
    assert told(next_changes(want, several, [])) == ["delete trunk ST_b", "delete trunk ST_c"]
    rules = [rule(want, id_, "ST_b") for id_ in ("SDR_b", "SDR_a")]
    assert told(next_changes(want, [trunk(want, "ST_a")], rules)) == ["delete rule SDR_b"]


def test_a_rule_that_names_a_trunk_that_went_is_turned_to_the_one_that_stays(want: Desired) -> None:
    [change] = next_changes(want, [trunk(want, "ST_a")], [rule(want, "SDR_1", "ST_b")])
    assert str(change) == "update rule SDR_1 of line coffee: trunkIds 1 added, 1 removed"
    assert change.message == rule(want, "SDR_1", "ST_a")


@pytest.mark.parametrize(
    "edits",
    [
        {},
        {"name": "Old name"},
        {"name": "Old name", "numbers": ["+12025550199"]},
        {"metadata": ""},
        {"metadata": "", "numbers": ["+12025550199"]},
        {"metadata": MARK_WITHOUT_LINE},
        {"metadata": MARK_WITHOUT_LINE, "name": "Old name"},
        {"metadata": MARK_WITHOUT_LINE, "numbers": ["+12025550199"]},
        {"metadata": MARK_WITHOUT_LINE, "name": "Old name", "numbers": ["+12025550199"]},
        {"metadata": GONE, "name": "Old name"},
        {"metadata": GONE, "numbers": ["+12025550199"]},
    ],
    ids=lambda edits: ", ".join(f"{name} {value}" for name, value in edits.items()) or "as it was",
)
def test_the_lines_trunk_is_known_again(want: Desired, edits: dict[str, Any]) -> None:
    have = trunk(want, "ST_1", **edits)
    assert of_coffee(want, [have], [rule(want, "SDR_1", "ST_1")])[0] == [have]


@pytest.mark.parametrize(
    "edits",
    [
        {"name": "Another", "metadata": "", "numbers": ["+12025550199"]},
        {"name": "Another", "metadata": GONE, "numbers": ["+12025550199"]},
        {"name": "Another", "metadata": MARK_WITHOUT_LINE, "numbers": ["+12025550199"]},
        {"metadata": MARK_WITHOUT_LINE, "numbers": ["+12025550199"]},
        {"metadata": ANOTHER_HOST, "numbers": ["+12025550199"]},
    ],
    ids=["made by hand", "of a gone line", "of an old host", "of an old host, our name", "of another host, our name"],
)
def test_what_is_not_the_lines_is_not_taken_for_it(want: Desired, edits: dict[str, Any]) -> None:
    assert of_coffee(want, [trunk(want, "ST_1", **edits)], [])[0] == []


@pytest.mark.parametrize(
    ("metadata", "owner"),
    [
        ("", "was not made by this host"),
        (ANOTHER_HOST, "belongs to the host whose AGENT_NAME is 'another'"),
        (MARK_WITHOUT_LINE, "was made by another host"),
    ],
)
def test_a_trunk_with_our_number_that_is_not_ours_is_named_with_its_owner(
    want: Desired, metadata: str, owner: str
) -> None:
    other = trunk(want, "ST_a", name="Another", metadata=metadata)
    its_rule = rule(want, "SDR_a", "ST_a", name="Another", metadata=metadata)
    its_rule.room_config.agents[0].agent_name = "another"
    with pytest.raises(BlockedError, match=f"trunk ST_a .* {owner}") as caught:
        next_changes(want, [other, trunk(want, "ST_b")], [its_rule])
    assert NUMBER not in str(caught.value)


@pytest.mark.parametrize("metadata", [ANOTHER_HOST, MARK_WITHOUT_LINE])
def test_another_hosts_trunk_and_rule_are_left_alone_even_under_our_names(want: Desired, metadata: str) -> None:
    its_trunk = trunk(want, "ST_a", metadata=metadata, numbers=["+12025550199"])
    its_rule = rule(want, "SDR_a", "ST_a", metadata=metadata)
    its_rule.room_config.agents[0].agent_name = "another"
    assert told(next_changes(want, [its_trunk], [its_rule])) == ["create trunk"]


def test_what_another_installation_of_our_agent_made_before_there_were_lines_is_left_alone(want: Desired) -> None:
    others = {"name": "Another", "metadata": MARK_WITHOUT_LINE}
    its_trunk, its_rule = trunk(want, "ST_a", numbers=["+12025550199"], **others), rule(want, "SDR_a", "ST_a", **others)
    ours = trunk(want, "ST_b"), rule(want, "SDR_b", "ST_b")
    assert next_changes(want, [its_trunk, ours[0]], [its_rule, ours[1]]) == []


@pytest.mark.parametrize("our_name", ["Twilio Trunk", "Another's second"])
def test_a_trunk_of_before_there_were_lines_is_no_duplicate_under_another_name(want: Desired, our_name: str) -> None:
    first = trunk(want, "ST_b", name=our_name, metadata=MARK_WITHOUT_LINE)
    second = trunk(want, "ST_c", name="Third", metadata=MARK_WITHOUT_LINE)
    with pytest.raises(BlockedError, match="trunk ST_c"):
        next_changes(want, [second, first], [])


def test_of_trunks_of_before_there_were_lines_the_one_under_our_name_is_ours(want: Desired) -> None:
    other = trunk(want, "ST_a", name="Another", metadata=MARK_WITHOUT_LINE)
    with pytest.raises(BlockedError, match="trunk ST_a"):
        next_changes(want, [other, trunk(want, "ST_b", metadata=MARK_WITHOUT_LINE)], [])


def test_a_renamed_rule_is_known_by_its_trunk(want: Desired) -> None:
    renamed = rule(want, "SDR_1", "ST_1", name="Old name", metadata=GONE)
    assert of_coffee(want, [trunk(want, "ST_1")], [renamed])[1] == [renamed]
    assert of_coffee(want, [trunk(want, "ST_2")], [renamed])[1] == []


def test_a_trunk_without_a_rule_that_an_interrupted_bootstrap_left_is_known_by_its_number(want: Desired) -> None:
    left = trunk(want, "ST_1", metadata=MARK_WITHOUT_LINE)
    assert of_coffee(want, [left], [])[0] == [left]


@pytest.mark.parametrize("edits", [{"numbers": ["+12025550100"]}, {"inbound_numbers": ["+12025550100"]}])
def test_another_rule_for_our_trunk_with_a_filter_is_no_obstacle(want: Desired, edits: dict[str, Any]) -> None:
    other = rule(want, "SDR_0", "ST_1", name="Another", metadata="", **edits)
    assert told(next_changes(want, [trunk(want, "ST_1")], [other])) == ["create rule"]


def test_our_mark_is_on_both_and_the_line_is_in_the_dispatch(want: Desired) -> None:
    route = want.routes["coffee"]
    assert route.trunk.metadata == route.rule.metadata == str(Mark(AGENT, "coffee"))
    [agent] = route.rule.room_config.agents
    assert (agent.agent_name, agent.metadata) == (AGENT, '{"line": "coffee"}')


def test_several_lines_tell_their_names_and_one_alone_does_not(settings: Callable[..., ServerSettings]) -> None:
    routes = desired(settings(), {"coffee": (NUMBER,), "tea": ("+12025550111",)}).routes
    assert [route.trunk.name for route in routes.values()] == ["Twilio Trunk (coffee)", "Twilio Trunk (tea)"]
    assert [route.rule.name for route in routes.values()] == ["Agent Route (coffee)", "Agent Route (tea)"]
    assert {route.rule.rule.dispatch_rule_individual.room_prefix for route in routes.values()} == {"call-"}
    [route] = desired(settings(), {"tea": (NUMBER,)}).routes.values()
    assert (route.trunk.name, route.rule.name) == ("Twilio Trunk", "Agent Route")


@pytest.mark.parametrize(
    "metadata", ["{", "[]", "{}", '{"managed_by": "landline"}', '{"managed_by": "x", "agent": "a"}']
)
def test_other_metadata_is_no_mark(want: Desired, metadata: str) -> None:
    assert of_coffee(want, [trunk(want, "ST_1", metadata=metadata, name="Another", numbers=["+1202"])], [])[0] == []


@pytest.mark.parametrize(("agents", "gateways"), [(3600, 3630), (86_400, 86_400)])
def test_the_gateways_longest_call_lies_behind_the_agents_within_what_it_allows(
    trunk_with: Callable[..., Trunk], agents: int, gateways: int
) -> None:
    assert trunk_with(MAX_CALL_DURATION=str(agents)).max_call_duration.seconds == gateways
