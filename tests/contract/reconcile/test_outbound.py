"""What bootstrap does about the outbound trunk, whatever the server: see conftest.py."""

import asyncio

import pytest
from livekit import api
from livekit.protocol.sip import SIPTransport

from bootstrap.mark import outbound_mark
from bootstrap.ownership import BlockedError
from tests.contract.reconcile.conftest import LiveKit

ADDRESS = {"outbound_address": "sip.example.com"}
NAME = "Twilio Trunk (outbound)"

pytestmark = pytest.mark.usefixtures("clock")


async def test_without_an_address_there_is_no_outbound_trunk(livekit: LiveKit) -> None:
    await livekit.apply()
    assert await livekit.outbound() == []


async def test_an_address_makes_one_outbound_trunk_that_shows_the_lines_numbers(livekit: LiveKit) -> None:
    changes = await livekit.apply(**ADDRESS)
    assert [str(change).split(":")[0] for change in changes][-1] == "create outbound trunk"
    [trunk] = await livekit.outbound()
    assert (trunk.name, trunk.address, list(trunk.numbers)) == (NAME, "sip.example.com", ["+12025550100"])
    assert trunk.metadata == outbound_mark("inbound-voice-agent")
    assert (trunk.transport, trunk.auth_username) == (SIPTransport.SIP_TRANSPORT_AUTO, "")
    assert len(await livekit.trunks()) == 1


async def test_a_second_run_changes_nothing_about_it(livekit: LiveKit) -> None:
    given = {**ADDRESS, "outbound_username": "bob", "outbound_password": "not-a-real-one"}
    await livekit.apply(**given)
    before = await livekit.outbound()
    assert await livekit.apply(**given) == []
    assert await livekit.outbound() == before
    assert (before[0].auth_username, before[0].auth_password) == ("bob", "not-a-real-one")


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("outbound_address", "192.0.2.7:5080"),
        ("outbound_transport", "tls"),
        ("outbound_numbers", "+12025550144,+12025550145"),
        ("trunk_name", "Another"),
    ],
)
async def test_an_edited_setting_is_one_update_of_it_in_place(livekit: LiveKit, setting: str, value: str) -> None:
    await livekit.apply(**ADDRESS)
    [before] = await livekit.outbound()
    changes = await livekit.apply(**{**ADDRESS, setting: value})
    assert [change.action for change in changes if not change.line] == ["update"]
    [edited] = await livekit.outbound()
    assert edited.sip_trunk_id == before.sip_trunk_id
    assert edited != before
    await livekit.apply(**ADDRESS)
    assert await livekit.outbound() == [before]


async def test_it_is_deleted_when_the_address_is_taken_away(livekit: LiveKit) -> None:
    await livekit.apply(**ADDRESS)
    [change] = await livekit.apply()
    assert (change.action, change.why) == ("delete", "OUTBOUND_ADDRESS is empty")
    assert await livekit.outbound() == []
    assert len(await livekit.trunks()) == 1


async def test_ten_at_once_end_with_one_outbound_trunk(livekit: LiveKit) -> None:
    await asyncio.gather(*(livekit.apply(**ADDRESS) for _ in range(10)))
    assert len(await livekit.outbound()) == 1
    assert await livekit.apply(**ADDRESS) == []


async def test_others_outbound_trunks_are_not_touched(livekit: LiveKit) -> None:
    await livekit.add_outbound(name="Another")
    await livekit.add_outbound(name=NAME, metadata=outbound_mark("another-host"))
    before = await livekit.outbound()
    await livekit.apply(**ADDRESS)
    assert len(await livekit.outbound()) == 3
    await livekit.apply()
    assert await livekit.outbound() == before


async def test_one_made_by_hand_under_its_name_is_adopted(livekit: LiveKit) -> None:
    by_hand = await livekit.add_outbound(name=NAME)
    await livekit.apply(**ADDRESS)
    [trunk] = await livekit.outbound()
    assert (trunk.sip_trunk_id, trunk.address) == (by_hand, "sip.example.com")


async def test_two_made_by_hand_under_its_name_are_not_chosen_from(livekit: LiveKit) -> None:
    for _ in range(2):
        await livekit.add_outbound(name=NAME)
    with pytest.raises(BlockedError, match="2 outbound trunks made by hand are called 'Twilio Trunk"):
        await livekit.apply(**ADDRESS)


async def test_what_somebody_set_on_it_beside_our_fields_stays(livekit: LiveKit) -> None:
    await livekit.apply(**ADDRESS)
    [trunk] = await livekit.outbound()
    trunk.headers["X-Account"] = "7"
    async with livekit.client() as client:
        await client.sip.update_outbound_trunk(trunk.sip_trunk_id, trunk)
    assert await livekit.apply(**ADDRESS) == []
    await livekit.apply(**ADDRESS, outbound_transport="tcp")
    [trunk] = await livekit.outbound()
    assert dict(trunk.headers) == {"X-Account": "7"}


async def test_a_host_of_another_name_has_one_of_its_own(livekit: LiveKit) -> None:
    await livekit.apply(**ADDRESS)
    await livekit.apply(**ADDRESS, agent_name="second", phone_numbers="+12025550111")
    assert len(await livekit.outbound()) == 2
    assert await livekit.apply(**ADDRESS) == []


@pytest.mark.parametrize("address", ["", "sip:carrier.example", "me@carrier.example", "carrier.example;transport=tcp"])
async def test_the_server_refuses_an_address_that_our_settings_refuse_too(livekit: LiveKit, address: str) -> None:
    with pytest.raises(api.ServerError):
        await livekit.add_outbound(address=address)


async def test_the_server_refuses_an_outbound_trunk_that_shows_no_number(livekit: LiveKit) -> None:
    with pytest.raises(api.ServerError, match="numbers"):
        await livekit.add_outbound(numbers=[])
