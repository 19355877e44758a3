"""The account at Twilio as the questions need it: its numbers with what stands in the way of each, and offers."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from pydantic import SecretStr

from bootstrap import twilio
from bootstrap.twilio.desired import trunk_name

MOST_OFFERS = 10


class AccountError(Exception):
    """Twilio refused or did not answer; one sentence without a secret."""


@dataclass(frozen=True)
class Credentials:
    """An account, and an API key of it."""

    twilio_account_sid: str
    twilio_api_key: str
    twilio_api_secret: SecretStr
    twilio_api_url: str | None = None  # where the API is; None: Twilio's


@dataclass(frozen=True)
class Owned:
    """A number that belongs to the account."""

    number: str  # E.164
    in_the_way: str = ""  # why it cannot be answered here, such as "it is on another trunk, Office"


@dataclass(frozen=True)
class Offer:
    """A number that can be bought."""

    number: str  # E.164
    place: str  # such as "Austin, TX"; may be empty
    price: str  # for a month, with the currency, such as "1.15 USD"; empty if Twilio does not say it
    needs_address: bool = False  # whether Twilio wants an address of its owner


class Account(Protocol):
    """What is asked of a Twilio account. Each method raises AccountError."""

    async def check_credentials(self) -> None: ...

    async def owned_numbers(self) -> Sequence[Owned]: ...

    async def search_numbers(self, country: str, area_code: str) -> Sequence[Offer]:
        """Search for numbers with voice in a country (two letters); an empty `area_code` means any."""

    async def buy_number(self, number: str) -> None: ...


# Opens an account for the host with this AGENT_NAME.
OpenAccount = Callable[[Credentials, str], Account]


class TwilioAccount:
    """An account at Twilio. Each request has a connection of its own, because a person thinks in between."""

    def __init__(self, credentials: Credentials, agent_name: str) -> None:
        self._credentials = credentials
        self._our_trunk = trunk_name(agent_name)

    async def check_credentials(self) -> None:
        async with self._connect() as connected:
            await twilio.check_credentials(connected)

    async def owned_numbers(self) -> Sequence[Owned]:
        async with self._connect() as connected:
            trunks = {trunk.sid: trunk.name for trunk in (await twilio.look(connected)).trunks}
            owned = await twilio.owned_numbers(connected)
        return [Owned(number.number, what_is_in_the_way(number, trunks, self._our_trunk)) for number in owned]

    async def search_numbers(self, country: str, area_code: str) -> Sequence[Offer]:
        area = int(area_code) if area_code else None
        async with self._connect() as connected:
            found = await twilio.search_numbers(connected, country, area_code=area, limit=MOST_OFFERS)
        return [Offer(each.number, each.place, price_of(each), each.needs_address) for each in found]

    async def buy_number(self, number: str) -> None:
        async with self._connect() as connected:
            await twilio.buy_number(connected, number)

    @asynccontextmanager
    async def _connect(self) -> AsyncIterator[twilio.Twilio]:
        try:
            async with twilio.connect(self._credentials) as connected:
                yield connected
        except twilio.TwilioError as error:
            raise AccountError(str(error)) from error


def price_of(offer: twilio.Offer) -> str:
    return "" if offer.price is None else f"{offer.price} {offer.currency}"


def what_is_in_the_way(owned: twilio.Number, trunks: dict[str, str], our_trunk: str) -> str:
    if owned.trunk and trunks.get(owned.trunk) != our_trunk:
        return f"it is on another trunk, {trunks.get(owned.trunk) or owned.trunk}"
    if owned.application:
        return "a TwiML application uses it"
    return ""
