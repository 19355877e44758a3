"""The questions' view of an account at Twilio, through Twilio's own client and a fake of its published API."""

from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal

import pytest
from pydantic import SecretStr

from bootstrap.setup.carrier import Account, Credentials, Owned
from bootstrap.twilio import Offer, TwilioError
from bootstrap.twilio.desired import trunk_name
from tests.support.fakes.twilio_api import FakeTwilio

AGENT = "inbound-voice-agent"


@pytest.fixture
async def twilio() -> AsyncIterator[FakeTwilio]:
    fake = FakeTwilio()
    async with fake.serving():
        yield fake
    assert fake.faults == []


def credentials(twilio: FakeTwilio) -> Credentials:
    return Credentials(twilio.account, twilio.key, SecretStr(twilio.secret), twilio.url)


def account(twilio: FakeTwilio) -> Account:
    return Account(credentials(twilio), AGENT)


async def test_a_key_of_the_account_is_accepted_and_a_wrong_one_is_one_sentence(twilio: FakeTwilio) -> None:
    await account(twilio).check_credentials()
    wrong = replace(credentials(twilio), twilio_api_secret=SecretStr("wrong-secret"))
    with pytest.raises(TwilioError, match=r"^Twilio refused the key: ") as refused:
        await Account(wrong, AGENT).check_credentials()
    assert "wrong-secret" not in str(refused.value) + repr(wrong)


async def test_numbers_are_owned_with_what_stands_in_their_way(twilio: FakeTwilio) -> None:
    office, ours = twilio.add_trunk("Office"), twilio.add_trunk(trunk_name(AGENT))
    twilio.own("+12025550101")
    twilio.own("+12025550102", trunk=ours)
    twilio.own("+12025550103", trunk=office)
    twilio.own("+12025550104", application=f"AP{'0' * 32}")
    twilio.own("+12025550105", voice=False)
    assert await account(twilio).owned_numbers() == [
        Owned("+12025550101"),
        Owned("+12025550102"),
        Owned("+12025550103", "it is on another trunk, Office"),
        Owned("+12025550104", "a TwiML application uses it"),
    ]


async def test_a_number_is_found_with_its_price_and_bought(twilio: FakeTwilio) -> None:
    twilio.for_sale = ["+18085550101", "+12125550101"]
    assert await account(twilio).search_numbers("US", "808") == [
        Offer("+18085550101", "Hilo, HI", Decimal("1.15"), "USD", needs_address=False)
    ]
    assert len(await account(twilio).search_numbers("US", "")) == 2
    assert await account(twilio).search_numbers("US", "303") == []
    assert await account(twilio).search_numbers("FR", "") == []  # none of any kind is sold there
    assert twilio.numbers == {}
    await account(twilio).buy_number("+18085550101")
    assert await account(twilio).owned_numbers() == [Owned("+18085550101")]
    with pytest.raises(TwilioError, match="Twilio answered 400"):
        await account(twilio).buy_number("+18085550102")


async def test_where_no_local_numbers_are_sold_others_are_offered(twilio: FakeTwilio) -> None:
    twilio.for_sale = ["+6580550101"]
    [offer] = await account(twilio).search_numbers("SG", "")
    assert (offer.number, offer.price) == ("+6580550101", Decimal("4.00"))


async def test_a_number_without_a_price_is_offered_as_such(twilio: FakeTwilio) -> None:
    twilio.for_sale = ["+3545550101"]
    [offer] = await account(twilio).search_numbers("IS", "")
    assert (offer.number, offer.price) == ("+3545550101", None)
