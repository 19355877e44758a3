"""What bootstrap does to a server, whatever the server: see conftest.py."""

import asyncio

import pytest
from livekit import api

from bootstrap.ownership import BlockedError, warn_of_open_rules
from bootstrap.server import ServerError, connect
from tests.contract.reconcile.conftest import LiveKit, Trunk

NUMBER, OTHER_NUMBER, THIRD_NUMBER = "+12025550100", "+12025550111", "+12025550122"

pytestmark = pytest.mark.usefixtures("clock")


async def test_an_empty_server_gets_one_trunk_and_one_rule_that_names_it(livekit: LiveKit) -> None:
    changes = await livekit.apply()
    trunk, rule = await livekit.only()
    assert [change.action for change in changes] == ["create", "create"]
    assert trunk.name == "Twilio Trunk"
    assert trunk.numbers == [NUMBER]
    assert len(trunk.allowed_addresses) == 8
    assert trunk.ringing_timeout.seconds == 20
    assert trunk.max_call_duration.seconds == 3630
    assert rule.trunk_ids == [trunk.sip_trunk_id]
    assert rule.rule.dispatch_rule_individual.room_prefix == "call-"
    assert [agent.agent_name for agent in rule.room_config.agents] == ["inbound-voice-agent"]
    assert not rule.numbers
    assert not rule.inbound_numbers


async def test_a_trunk_that_gets_another_name_with_another_provider_is_the_same_trunk(livekit: LiveKit) -> None:
    await livekit.apply()
    before, _ = await livekit.only()
    [change] = await livekit.apply(trunk_provider="generic", allowed_addresses="54.172.60.0/30")
    after, _ = await livekit.only()
    assert change.action == "update"
    assert (before.name, after.name) == ("Twilio Trunk", "SIP Trunk")
    assert after.sip_trunk_id == before.sip_trunk_id


async def test_a_second_run_changes_nothing(livekit: LiveKit) -> None:
    await livekit.apply(sip_username="bob", sip_password="not-a-real-one")
    before = await livekit.only()
    assert await livekit.apply(sip_username="bob", sip_password="not-a-real-one") == []
    assert await livekit.only() == before


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("phone_numbers", f"{NUMBER},{OTHER_NUMBER}"),
        ("phone_numbers", OTHER_NUMBER),
        ("allowed_addresses", "8.8.8.8"),
        ("phone_address", "172.29.53.10"),
        ("trunk_name", "Another"),
        ("rule_name", "Another"),
        ("room_prefix", "another-"),
        ("ringing_timeout", "30"),
        ("max_call_duration", "60"),
    ],
)
async def test_an_edited_setting_is_one_update_in_place_and_can_be_taken_back(
    livekit: LiveKit, setting: str, value: str
) -> None:
    await livekit.apply()
    before = await livekit.only()
    assert [change.action for change in await livekit.apply(**{setting: value})] == ["update"]
    edited = await livekit.only()
    assert ids(edited) == ids(before)
    assert edited != before
    assert [change.action for change in await livekit.apply()] == ["update"]
    assert await livekit.only() == before


async def test_credentials_are_set_together_and_removed_together(livekit: LiveKit) -> None:
    await livekit.apply(sip_username="bob", sip_password="not-a-real-one")
    trunk, _ = await livekit.only()
    assert (trunk.auth_username, trunk.auth_password) == ("bob", "not-a-real-one")
    await livekit.apply()
    trunk, _ = await livekit.only()
    assert (trunk.auth_username, trunk.auth_password) == ("", "")


async def test_names_and_numbers_edited_at_once_keep_the_ids(livekit: LiveKit) -> None:
    await livekit.apply()
    before = await livekit.only()
    await livekit.apply(trunk_name="Another", rule_name="Another", phone_numbers=OTHER_NUMBER)
    assert ids(await livekit.only()) == ids(before)


async def test_an_edited_agent_name_makes_another_host_whose_number_is_taken(livekit: LiveKit) -> None:
    await livekit.apply()
    before = await livekit.only()
    with pytest.raises(BlockedError, match="set it back to 'inbound-voice-agent'"):
        await livekit.apply(agent_name="another")
    assert await livekit.only() == before


async def test_ten_at_once_end_with_one_trunk_and_one_rule(livekit: LiveKit) -> None:
    await asyncio.gather(*(livekit.apply() for _ in range(10)))
    trunk, rule = await livekit.only()
    assert rule.trunk_ids == [trunk.sip_trunk_id]
    assert await livekit.apply() == []


async def test_ten_at_once_with_an_edited_setting_keep_the_ids(livekit: LiveKit) -> None:
    await livekit.apply()
    before = await livekit.only()
    await asyncio.gather(*(livekit.apply(phone_numbers=OTHER_NUMBER) for _ in range(10)))
    after = await livekit.only()
    assert ids(after) == ids(before)
    assert after[0].numbers == [OTHER_NUMBER]


async def test_what_was_made_by_hand_under_our_name_is_adopted(livekit: LiveKit) -> None:
    trunk_id = await livekit.add_trunk(name="Twilio Trunk", numbers=[NUMBER], allowed_addresses=["54.172.60.0/73"])
    rule_id = await livekit.add_rule(name="Agent Route", trunk_ids=[trunk_id])
    await livekit.apply()
    adopted = await livekit.only()
    assert ids(adopted) == (trunk_id, rule_id)
    assert "54.172.60.0/73" not in adopted[0].allowed_addresses
    assert await livekit.apply() == []


async def test_what_somebody_set_beside_our_fields_stays(livekit: LiveKit) -> None:
    await livekit.apply()
    trunk, _ = await livekit.only()
    trunk.krisp_enabled = True
    async with livekit.client() as client:
        await client.sip.update_inbound_trunk(trunk.sip_trunk_id, trunk)
    assert await livekit.apply() == []
    await livekit.apply(ringing_timeout="30")
    trunk, _ = await livekit.only()
    assert trunk.krisp_enabled


async def test_number_filters_put_on_the_rule_are_taken_off(livekit: LiveKit) -> None:
    await livekit.apply()
    _, rule = await livekit.only()
    rule.inbound_numbers.append(NUMBER)
    async with livekit.client() as client:
        await client.sip.update_dispatch_rule(rule.sip_dispatch_rule_id, rule)
    await livekit.apply()
    _, rule = await livekit.only()
    assert not rule.inbound_numbers


async def test_other_peoples_trunks_and_rules_are_not_touched(livekit: LiveKit) -> None:
    other = await livekit.add_trunk(name="Another", numbers=[OTHER_NUMBER])
    await livekit.add_rule(name="Another", trunk_ids=[other])
    before = await livekit.only()
    await livekit.apply()
    trunks, rules = await livekit.trunks(), await livekit.rules()
    assert [len(trunks), len(rules)] == [2, 2]
    assert before[0] in trunks
    assert before[1] in rules


async def test_two_hosts_with_agent_names_of_their_own_share_a_server(livekit: LiveKit) -> None:
    second = {"agent_name": "second", "phone_numbers": OTHER_NUMBER}
    await livekit.apply()
    await livekit.apply(**second)
    before = await livekit.trunks(), await livekit.rules()
    assert [len(found) for found in before] == [2, 2]
    assert await livekit.apply() == []
    assert await livekit.apply(**second) == []
    await livekit.apply({"tea": THIRD_NUMBER})  # the first host's line is gone, and only that one
    assert sorted(await livekit.numbers()) == ["coffee", "tea"]
    [kept] = [trunk for trunk in await livekit.trunks() if trunk.numbers == [OTHER_NUMBER]]
    assert kept in before[0]


@pytest.mark.parametrize("written", [NUMBER, "12025550100", "+1 (202) 555-0100"])
async def test_another_trunk_with_our_number_is_named_and_nothing_is_changed(livekit: LiveKit, written: str) -> None:
    other = await livekit.add_trunk(name="Another", numbers=[written])
    with pytest.raises(BlockedError, match=other):
        await livekit.apply()
    assert len(await livekit.trunks()) == 1
    assert await livekit.rules() == []


async def test_another_trunk_with_our_number_and_its_own_callers_is_no_obstacle(livekit: LiveKit) -> None:
    await livekit.add_trunk(name="Another", numbers=[NUMBER], allowed_numbers=[OTHER_NUMBER])
    await livekit.apply()
    assert len(await livekit.trunks()) == 2


async def test_another_rule_for_our_trunk_is_named(livekit: LiveKit) -> None:
    await livekit.apply()
    trunk, rule = await livekit.only()
    async with livekit.client() as client:
        await client.sip.delete_dispatch_rule(
            api.DeleteSIPDispatchRuleRequest(sip_dispatch_rule_id=rule.sip_dispatch_rule_id)
        )
    other = await livekit.add_rule(name="Another", trunk_ids=[trunk.sip_trunk_id])
    with pytest.raises(BlockedError, match=other):
        await livekit.apply()


async def test_two_by_hand_under_our_name_are_not_chosen_from(livekit: LiveKit) -> None:
    for number in (NUMBER, OTHER_NUMBER):
        await livekit.add_trunk(name="Twilio Trunk", numbers=[number])
    with pytest.raises(BlockedError, match="TRUNK_NAME"):
        await livekit.apply()


async def test_a_rule_that_names_no_trunk_is_told_of(livekit: LiveKit) -> None:
    open_rule = await livekit.add_rule(name="Another")
    await livekit.apply()
    [warning] = warn_of_open_rules(await livekit.rules())
    assert open_rule in warning


async def test_a_wiped_server_is_filled_again(livekit: LiveKit) -> None:
    await livekit.apply()
    await livekit.clean()
    assert len(await livekit.apply()) == 2
    await livekit.only()


async def test_a_wrong_secret_is_told_at_once_and_without_the_secret(livekit: LiveKit) -> None:
    wrong = "wrong-secret-of-at-least-thirty-two-characters"
    with pytest.raises(ServerError, match="refused the key") as caught:
        await livekit.apply(livekit_api_secret=wrong)
    assert wrong not in str(caught.value)


async def test_the_server_gives_back_what_it_was_given(livekit: LiveKit) -> None:
    async with connect(livekit.settings()) as server:
        assert await server.trunks() == []
    id_ = await livekit.add_trunk(name="x", numbers=[NUMBER], auth_username="bob", auth_password="not-a-real-one")
    [trunk] = await livekit.trunks()
    assert trunk == Trunk(
        sip_trunk_id=id_, name="x", numbers=[NUMBER], auth_username="bob", auth_password="not-a-real-one"
    )


def ids(pair: tuple[Trunk, api.SIPDispatchRuleInfo]) -> tuple[str, str]:
    return pair[0].sip_trunk_id, pair[1].sip_dispatch_rule_id
