"""The questions about the trunk: who carries the calls, the account there, and which of its numbers are answered."""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from bootstrap import addresses, numbers, trunks
from bootstrap.setup.carrier import Account, AccountError, Credentials, Offer, Owned
from bootstrap.setup.env_file import check_row, check_url
from bootstrap.setup.interview import BY_ADDRESS, LOCAL, Interview
from bootstrap.setup.prompt import Check, Option, Question
from bootstrap.text import quote

TWILIO = "twilio"
BY_API, BY_HAND = "api", "console"
BUY = "buy"  # among the numbers to choose from
NONE = "none"  # among the offers
MOST_OFFERS = 10


async def ask_who_carries_the_calls(it: Interview) -> None:
    if not it.can_be_reached:
        return
    options = [Option(name, trunks.load(name).name) for name in trunks.available()]
    question = Question("TRUNK_PROVIDER", "Who carries the calls?")
    chosen = await it.prompt.choose(question, options, it.answers["TRUNK_PROVIDER"])
    it.answers.keep(TRUNK_PROVIDER=chosen)
    if chosen in trunks.available() and not trunks.load(chosen).allowed_addresses:
        await ask_where_calls_come_from(it)


async def ask_where_calls_come_from(it: Interview) -> None:
    async def check(text: str) -> str:
        if not text:
            raise ValueError(f"is empty, and this provider has no published ranges; {addresses.HINT}")
        addresses.parse(
            text,
            allow_any=it.answers["ALLOW_ANY_ADDRESS"] == "yes",
            allow_private=it.answers["ALLOW_PRIVATE_ADDRESSES"] == "yes",
        )
        return text

    question = Question("ALLOWED_ADDRESSES", "Where do its calls come from? (addresses or ranges, with commas)")
    it.answers.keep(ALLOWED_ADDRESSES=await it.prompt.text(question, it.answers["ALLOWED_ADDRESSES"], check))


async def ask_for_the_account(it: Interview) -> Credentials | None:
    """Return the Twilio account that the trunk is set up in; None if that is done by hand, or cannot be done."""
    known = BY_API if it.answers["TWILIO_API_KEY"] or it.answers["TWILIO_API_SECRET"] else BY_HAND
    if not it.can_be_reached or it.answers["TRUNK_PROVIDER"] != TWILIO:
        if known == BY_API:
            it.prompt.refuse(
                "TWILIO_API_KEY is set, but no call can come from Twilio: "
                "set DOMAIN or PUBLIC_IP, and TRUNK_PROVIDER=twilio, or leave TWILIO_API_KEY empty"
            )
        return None
    options = [
        Option(BY_API, "by Twilio's API, with an API key: nothing is left to do by hand"),
        Option(BY_HAND, "by hand, in Twilio's console: the steps are printed at the end"),
    ]
    how = await it.prompt.choose(Question("TWILIO_API_KEY", "How is the trunk set up?"), options, known)
    if how == BY_HAND:
        it.answers.keep(TWILIO_API_KEY="", TWILIO_API_SECRET="")
        return None
    credentials = await ask_for_credentials(it)
    if credentials:
        keep_credentials(it, credentials)
        await ask_for_the_disaster_url(it)
    return credentials


async def ask_for_credentials(it: Interview) -> Credentials | None:
    """Ask until Twilio takes them; None if they are wrong and nobody can be asked again."""
    account, key = it.answers["TWILIO_ACCOUNT_SID"], it.answers["TWILIO_API_KEY"]
    while True:
        account = await it.prompt.text(Question("TWILIO_ACCOUNT_SID", "The account's SID (AC…)"), account, sid("AC"))
        key = await it.prompt.text(Question("TWILIO_API_KEY", "The API key's SID (SK…)"), key, sid("SK"))
        question = Question("TWILIO_API_SECRET", "The API key's secret")
        secret = await it.prompt.secret(question, it.answers["TWILIO_API_SECRET"], check_secret)
        if it.prompt.problems:
            return None
        credentials = Credentials(account, key, secret)
        try:
            async with it.carrier.account(credentials) as twilio:
                await twilio.check_credentials()
        except AccountError as error:
            it.prompt.refuse(str(error))
            if it.prompt.asks_again:
                continue
            return None
        return credentials


def sid(prefix: str) -> Check:
    """Return a check of an id of Twilio's: `prefix`, then 32 digits in hexadecimal."""

    async def check(text: str) -> str:
        if not re.fullmatch(f"{prefix}[0-9a-fA-F]{{32}}", text):
            raise ValueError(f"does not look like one; write {prefix} and the 32 letters and digits after it")
        return text

    return check


async def check_secret(secret: str) -> str:
    if not re.fullmatch(r"[!-~]{8,128}", secret):
        raise ValueError("is empty, too short or holds white space; enter what Twilio showed when the key was made")
    return check_row(secret)


def keep_credentials(it: Interview, credentials: Credentials) -> None:
    it.answers.keep(
        TWILIO_ACCOUNT_SID=credentials.account,
        TWILIO_API_KEY=credentials.key,
        TWILIO_API_SECRET=credentials.secret,
        TRUNK_ACCOUNT=it.answers["TRUNK_ACCOUNT"] or credentials.account,
    )
    if it.answers["TRUNK_ACCOUNT"] != credentials.account:
        it.prompt.tell(
            "warning: TRUNK_ACCOUNT is another account than TWILIO_ACCOUNT_SID, so this trunk's calls are not taken."
        )


async def ask_for_the_disaster_url(it: Interview) -> None:
    own = it.answers["DOMAIN"] if it.answers["DOMAIN"] not in (*LOCAL, BY_ADDRESS) else it.answers["PUBLIC_IP"]

    async def check(url: str) -> str:
        if url and urlsplit(check_url(url)).hostname == own.lower():
            raise ValueError("is on this host, which does not answer when it is needed; use another host's")
        return url

    words = "Where does Twilio ask what to do while this host is down? (a URL on another host, or empty)"
    question = Question("TWILIO_DISASTER_URL", words)
    it.answers.keep(TWILIO_DISASTER_URL=await it.prompt.text(question, it.answers["TWILIO_DISASTER_URL"], check))


async def choose_numbers(it: Interview, credentials: Credentials) -> None:
    """Have the numbers chosen from those that the account owns, and bought if somebody says so.

    Raises:
        AccountError: Twilio does not answer, or refuses.
    """
    async with it.carrier.account(credentials) as twilio:
        chosen = await pick(it, await twilio.owned_numbers())
        while BUY in chosen:
            bought = await buy_a_number(it, twilio)
            chosen = [number for number in chosen if number != BUY] + ([bought] if bought else [])
            if not chosen:
                chosen = await pick(it, await twilio.owned_numbers())
    it.answers.keep(PHONE_NUMBERS=",".join(chosen))


async def pick(it: Interview, owned: Sequence[Owned]) -> Sequence[str]:
    """Ask which of the account's numbers the line answers; BUY is among the answers if another one is wanted."""
    options = [Option(own.number, own.number, own.elsewhere) for own in owned]
    free = [own.number for own in owned if not own.elsewhere]
    known = known_numbers(it) or (free if len(free) == 1 else [])
    if it.prompt.asks_again:
        options.append(Option(BUY, "search for another one, and buy it"))
    elif not known:
        it.prompt.refuse(
            f"PHONE_NUMBERS is not set, and {len(free)} of the account's numbers are free: set it to those that the "
            "line answers (make setup without YES=yes can buy one)"
        )
    question = Question("PHONE_NUMBERS", "Which of the account's numbers does the line answer?")
    return await it.prompt.choose_several(question, options, known)


def known_numbers(it: Interview) -> Sequence[str]:
    if not it.answers.is_chosen("PHONE_NUMBERS"):
        return []
    try:
        return numbers.parse(it.answers["PHONE_NUMBERS"])
    except ValueError as error:
        it.prompt.refuse(f"PHONE_NUMBERS {error}")
        return []


async def buy_a_number(it: Interview, twilio: Account) -> str | None:
    """Return the number that was bought; None if nothing was."""
    country = await it.prompt.text(Question("The country", "In which country? (two letters)"), "US", check_country)
    area = await it.prompt.text(Question("The area code", "With which area code? (empty: any)"), "", check_area)
    offers = (await twilio.search_numbers(country, area))[:MOST_OFFERS]
    if not offers:
        it.prompt.refuse("Twilio has no such number to sell at the moment.")
        return None
    options = [Option(offer.number, f"{offer.number}  {offer.place}  {offer.price} a month") for offer in offers]
    options.append(Option(NONE, "none of these"))
    chosen = await it.prompt.choose(Question("The number", "Which one?"), options, NONE)
    offer = next((offer for offer in offers if offer.number == chosen), None)
    return await buy(it, twilio, offer) if offer else None


async def buy(it: Interview, twilio: Account, offer: Offer) -> str | None:
    words = f"Buy {offer.number} for {offer.price} a month? Twilio charges the account now."
    if not await it.prompt.agree(words):
        it.prompt.tell("Nothing was bought.")
        return None
    await twilio.buy_number(offer.number)
    it.prompt.tell(f"{offer.number} was bought.")
    return offer.number


async def check_country(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z]{2}", text):
        raise ValueError(f"is {quote(text)}; write its two letters, such as US or DE")
    return text.upper()


async def check_area(text: str) -> str:
    if not re.fullmatch(r"[0-9]{0,6}", text):
        raise ValueError(f"is {quote(text)}; write its digits alone, or nothing")
    return text
