"""Numbers that are for sale, how one is bought, and whether a key may do that."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, get_args

from bootstrap.twilio.account import Twilio, read_number
from bootstrap.twilio.http import RefusedError
from bootstrap.twilio.there import Number

Kind = Literal["local", "mobile", "toll free"]  # as Twilio's price list calls them
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True)
class Offer:
    """A number that is for sale, and what it costs each month."""

    number: str  # in E.164 form
    place: str  # such as "Hilo, HI"; may be empty
    price: Decimal | None  # each month; None if Twilio's price list has none for this kind
    currency: str  # such as USD
    needs_address: bool  # whether Twilio wants to know an address of its owner


async def check_credentials(twilio: Twilio) -> None:
    """Return if Twilio accepts the account, the key and the secret for what we do; TwilioError otherwise."""

    async def ask() -> None:
        await twilio.client.incoming_phone_numbers.list_async(limit=1, page_size=1)
        await twilio.client.trunking.v1.trunks.list_async(limit=1, page_size=1)

    await twilio.retry(ask)


async def search_numbers(
    twilio: Twilio,
    country: str,
    *,
    kind: Kind = "local",
    area_code: int | None = None,
    limit: int = 5,
) -> list[Offer]:
    """Search numbers that take voice calls and are for sale in `country` (two letters, as in US), with their price."""
    wanted: dict[str, object] = {"voice_enabled": True, "limit": limit, "page_size": limit}
    wanted |= {"area_code": area_code} if area_code is not None else {}

    async def ask() -> list[Offer]:
        for_sale = twilio.client.api.v2010.account.available_phone_numbers(country)
        shelf = {"local": for_sale.local, "mobile": for_sale.mobile, "toll free": for_sale.toll_free}[kind]
        try:
            found = await shelf.list_async(**wanted)
        except RefusedError as error:
            if error.status == 404:  # Twilio sells none of this kind in this country, or there is no such country
                return []
            raise
        if not found:
            return []
        prices = await twilio.client.pricing.v1.phone_numbers.countries(country).fetch_async()
        priced = prices.phone_number_prices or []
        monthly = {entry["number_type"]: Decimal(str(entry["current_price"])) for entry in priced}
        return [
            Offer(
                number=each.phone_number,
                place=", ".join(filter(None, [each.locality, each.region])),
                price=monthly.get(kind),
                currency=prices.price_unit or "",
                needs_address=(each.address_requirements or "none") != "none",
            )
            for each in found
        ]

    return await twilio.retry(ask)


async def buy_number(twilio: Twilio, number: str) -> Number:
    """Buy `number` (E.164), which costs money each month. A number that the account owns already is not bought again.

    TwilioError if Twilio refuses, for instance because somebody else has bought it meanwhile.
    """

    async def buy() -> Number:
        owned = [each for each in await twilio.numbers() if each.number == number]
        if owned:
            return owned[0]
        return read_number(await twilio.client.incoming_phone_numbers.create_async(phone_number=number))

    return await twilio.retry(buy)
