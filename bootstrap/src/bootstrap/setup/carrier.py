"""The account at Twilio as the questions need it: its numbers with what stands in the way of each, and offers."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import SecretStr

from bootstrap import twilio
from bootstrap.twilio.desired import trunk_name

MOST_OFFERS = 10


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


class Account:
    """An account at Twilio, for the host with this AGENT_NAME. Each method raises twilio.TwilioError.

    Each request has a connection of its own, because a person thinks in between.
    """

    def __init__(self, credentials: Credentials, agent_name: str) -> None:
        self._credentials = credentials
        self._our_trunk = trunk_name(agent_name)

    async def check_credentials(self) -> None:
        async with twilio.connect(self._credentials) as connected:
            await twilio.check_credentials(connected)

    async def owned_numbers(self) -> Sequence[Owned]:
        """List the numbers that take voice calls, sorted."""
        async with twilio.connect(self._credentials) as connected:
            there = await twilio.look(connected)
        trunks = {trunk.sid: trunk.name for trunk in there.trunks}
        return [
            Owned(number.number, what_is_in_the_way(number, trunks, self._our_trunk))
            for number in sorted(there.numbers, key=lambda number: number.number)
            if number.takes_calls
        ]

    async def search_numbers(self, country: str, area_code: str) -> Sequence[twilio.Offer]:
        """Search for numbers with voice in a country (two letters); an empty `area_code` means any.

        Local numbers are offered where there are any, since not every country has them.
        """
        area = int(area_code) if area_code else None
        async with twilio.connect(self._credentials) as connected:
            for kind in twilio.KINDS:
                offers = await twilio.search_numbers(connected, country, kind=kind, area_code=area, limit=MOST_OFFERS)
                if offers:
                    return offers
        return []

    async def buy_number(self, number: str) -> None:
        async with twilio.connect(self._credentials) as connected:
            await twilio.buy_number(connected, number)


def what_is_in_the_way(owned: twilio.Number, trunks: dict[str, str], our_trunk: str) -> str:
    if owned.trunk and trunks.get(owned.trunk) != our_trunk:
        return f"it is on another trunk, {trunks.get(owned.trunk) or owned.trunk}"
    if owned.application:
        return "a TwiML application uses it"
    return ""
