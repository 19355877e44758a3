"""What bootstrap does to a server when lines come, go and change, whatever the server: see conftest.py."""

import asyncio
import itertools

import pytest
from livekit import api

from bootstrap.mark import MARK_WITHOUT_LINE
from tests.contract.reconcile.conftest import LiveKit

A, B, C = "+12025550100", "+12025550111", "+12025550122"

EDITS = {
    "a second line": ({"coffee": A}, {"coffee": A, "tea": B}),
    "a second line that takes a number of the first": ({"coffee": f"{A} {B}"}, {"coffee": A, "tea": B}),
    "a second line that comes first": ({"coffee": A}, {"bread": B, "coffee": A}),
    "one line less": ({"coffee": A, "tea": B}, {"tea": B}),
    "one line less, whose number the other takes": ({"coffee": A, "tea": B}, {"tea": f"{A} {B}"}),
    "a renamed folder": ({"coffee": A}, {"cafe": A}),
    "a renamed folder of two": ({"coffee": A, "tea": B}, {"cafe": A, "tea": B}),
    "two names swapped, which swaps the numbers": ({"coffee": A, "tea": B}, {"coffee": B, "tea": A}),
    "three numbers in a ring": ({"coffee": A, "tea": B, "wine": C}, {"coffee": B, "tea": C, "wine": A}),
    "a moved number": ({"coffee": A, "tea": f"{B} {C}"}, {"coffee": f"{A} {B}", "tea": C}),
    "a name passed on": ({"coffee": A, "tea": B}, {"tea": A, "wine": B}),
    "all of it new": ({"coffee": A, "tea": B}, {"bread": C}),
}


@pytest.mark.parametrize(("before", "after"), EDITS.values(), ids=EDITS)
async def test_edited_lines_are_reached_and_can_be_taken_back(
    livekit: LiveKit, before: dict[str, str], after: dict[str, str]
) -> None:
    for lines in (before, after, before):
        await livekit.apply(lines)
        assert await livekit.numbers() == lines
        assert await livekit.apply(lines) == []


@pytest.mark.parametrize(("before", "after"), EDITS.values(), ids=EDITS)
async def test_five_bootstraps_at_once_reach_edited_lines(
    livekit: LiveKit, before: dict[str, str], after: dict[str, str]
) -> None:
    await livekit.apply(before)
    await asyncio.gather(*(livekit.apply(after) for _ in range(5)))
    assert await livekit.numbers() == after
    assert await livekit.apply(after) == []


async def test_two_bootstraps_that_want_different_lines_end_with_those_of_one(livekit: LiveKit) -> None:
    wanted = [{"coffee": A, "tea": B}, {"coffee": B, "tea": A}]
    await asyncio.gather(*(livekit.apply(lines) for lines in wanted))
    assert await livekit.numbers() in wanted


async def test_todays_trunk_and_rule_become_the_one_lines(livekit: LiveKit) -> None:
    before = await add_what_was_made_before_there_were_lines(livekit)
    changes = await livekit.apply({"coffee": A})
    assert [change.action for change in changes] == ["update", "update"]
    trunk, rule = (await livekit.routes())["coffee"]
    assert (trunk.sip_trunk_id, rule.sip_dispatch_rule_id) == before
    assert (trunk.name, rule.name) == ("Twilio Trunk", "Agent Route")
    assert await livekit.apply({"coffee": A}) == []


async def test_todays_trunk_and_rule_become_the_first_of_two_lines(livekit: LiveKit) -> None:
    before = await add_what_was_made_before_there_were_lines(livekit)
    await livekit.apply({"bread": B, "coffee": A})
    trunk, rule = (await livekit.routes())["coffee"]
    assert (trunk.sip_trunk_id, rule.sip_dispatch_rule_id) == before
    assert await livekit.numbers() == {"bread": B, "coffee": A}


async def test_another_hosts_trunk_and_rule_of_before_there_were_lines_stay(livekit: LiveKit) -> None:
    before = await add_what_was_made_before_there_were_lines(livekit, agent="another")
    await livekit.apply({"coffee": B})
    await livekit.apply({"tea": C})
    [trunk] = [trunk for trunk in await livekit.trunks() if trunk.sip_trunk_id == before[0]]
    [rule] = [rule for rule in await livekit.rules() if rule.sip_dispatch_rule_id == before[1]]
    assert (trunk.metadata, list(trunk.numbers)) == (MARK_WITHOUT_LINE, [A])
    assert (rule.metadata, list(rule.trunk_ids)) == (MARK_WITHOUT_LINE, [before[0]])
    assert len(await livekit.trunks()) == 2


async def test_a_first_line_keeps_its_trunk_when_a_second_comes_and_goes(livekit: LiveKit) -> None:
    ids = []
    for lines in ({"coffee": A}, {"coffee": A, "tea": B}, {"coffee": A}):
        await livekit.apply(lines)
        trunk, rule = (await livekit.routes())["coffee"]
        ids.append((trunk.sip_trunk_id, rule.sip_dispatch_rule_id))
    assert len(set(ids)) == 1
    assert (trunk.name, rule.name) == ("Twilio Trunk", "Agent Route")


async def test_what_somebody_set_on_a_trunk_outlives_a_swap(livekit: LiveKit) -> None:
    await livekit.apply({"coffee": A, "tea": B})
    async with livekit.client() as client:
        for trunk in await livekit.trunks():
            trunk.krisp_enabled = True
            await client.sip.update_inbound_trunk(trunk.sip_trunk_id, trunk)
    await livekit.apply({"coffee": B, "tea": A})
    assert [trunk.krisp_enabled for trunk in await livekit.trunks()] == [True, True]


async def test_an_update_may_take_a_number_that_another_trunk_has(livekit: LiveKit) -> None:
    """The server's gap, because of which bootstrap keeps an order of its own."""
    first, second = [await livekit.add_trunk(name=number, numbers=[number]) for number in (A, B)]
    async with livekit.client() as client:
        await client.sip.update_inbound_trunk(first, api.SIPInboundTrunkInfo(name=B, numbers=[B]))
        with pytest.raises(api.ServerError, match="Conflicting"):  # now that both are listed
            await client.sip.update_inbound_trunk(second, api.SIPInboundTrunkInfo(name=B, numbers=[B]))


async def test_two_trunks_of_ours_with_one_number_are_put_right(livekit: LiveKit) -> None:
    lines = {"coffee": A, "tea": B}
    await livekit.apply(lines)
    (first, _), (_, _) = (await livekit.routes()).values()
    first.numbers[:] = [B] if list(first.numbers) == [A] else [A]
    async with livekit.client() as client:
        await client.sip.update_inbound_trunk(first.sip_trunk_id, first)
    assert len(set(itertools.chain.from_iterable(trunk.numbers for trunk in await livekit.trunks()))) == 1
    await livekit.apply(lines)
    assert await livekit.numbers() == lines


async def add_what_was_made_before_there_were_lines(
    livekit: LiveKit, agent: str = "inbound-voice-agent"
) -> tuple[str, str]:
    trunk_id = await livekit.add_trunk(
        name="Twilio Trunk",
        metadata=MARK_WITHOUT_LINE,
        numbers=[A],
        allowed_addresses=["54.172.60.0/30"],
        headers_to_attributes={
            "X-Twilio-AccountSid": "sip.twilio.accountSid",
            "X-Twilio-CallSid": "sip.twilio.callSid",
        },
    )
    individual = api.SIPDispatchRuleIndividual(room_prefix="call-")
    rule_id = await livekit.add_rule(
        name="Agent Route",
        metadata=MARK_WITHOUT_LINE,
        trunk_ids=[trunk_id],
        rule=api.SIPDispatchRule(dispatch_rule_individual=individual),
        room_config=api.RoomConfiguration(agents=[api.RoomAgentDispatch(agent_name=agent)]),
    )
    return trunk_id, rule_id
