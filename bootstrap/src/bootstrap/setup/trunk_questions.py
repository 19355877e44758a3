"""The questions about the trunk: who carries the calls, the account there, and which of its numbers are answered."""

import re
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from pydantic import SecretStr

from bootstrap import addresses, numbers, trunks, values
from bootstrap.setup.carrier import Account, Credentials, Owned
from bootstrap.setup.env_file import check_row
from bootstrap.setup.interview import Interview
from bootstrap.setup.prompt import Option, Question
from bootstrap.text import quote
from bootstrap.twilio import Offer, TwilioError, TwilioUnreachableError

TWILIO = "twilio"
CREDENTIALS = ("TWILIO_ACCOUNT_SID", "TWILIO_API_KEY", "TWILIO_API_SECRET")
WHERE_THE_ACCOUNT_IS = "Twilio's console shows it on its first page, under Account Info."
WHERE_KEYS_ARE_MADE = (
    "Make one in Twilio's console: Account, API keys & tokens, Create API key, type Standard. "
    "Its secret is shown only once."
)
BY_API, BY_HAND = "api", "console"
BUY = "buy"  # among the numbers to choose from
NONE = "none"  # among the offers


async def ask_who_carries_the_calls(it: Interview) -> None:
    if not it.can_be_reached:
        return
    options = [Option(name, trunks.load(name).name) for name in trunks.available()]
    question = Question("TRUNK_PROVIDER", "Who carries the calls?")
    chosen = await it.prompt.choose(question, options, it.answers["TRUNK_PROVIDER"])
    it.answers.keep(TRUNK_PROVIDER=chosen)
    if chosen not in trunks.available():
        return  # which is a problem, and what follows from it is not worth a sentence
    provider = trunks.load(chosen)
    if not provider.allowed_addresses or it.answers.is_given("ALLOWED_ADDRESSES"):
        await ask_where_calls_come_from(it, is_published=bool(provider.allowed_addresses))
    if not provider.account_header:
        await have_emptied(it, ["TRUNK_ACCOUNT"], f"no call from {provider.name} names an account")


async def ask_where_calls_come_from(it: Interview, *, is_published: bool) -> None:
    async def check(text: str) -> str:
        if not text:
            if is_published:
                return text
            raise ValueError(f"is empty, and this provider has no published ranges; {addresses.HINT}")
        addresses.parse(
            text,
            allow_any=it.answers["ALLOW_ANY_ADDRESS"] == "yes",
            allow_private=it.answers["ALLOW_PRIVATE_ADDRESSES"] == "yes",
        )
        return text

    hint = "Calls are taken only from its addresses or ranges: write them with commas between them."
    hint += " Empty: those that it publishes." if is_published else ""
    question = Question("ALLOWED_ADDRESSES", "Its addresses", hint)
    it.answers.keep(ALLOWED_ADDRESSES=await it.prompt.text(question, it.answers["ALLOWED_ADDRESSES"], check))


async def ask_for_the_account(it: Interview) -> Account | None:
    """Return the Twilio account that the trunk is set up in; None if that is done by hand, or cannot be done."""
    if not it.can_be_reached or it.answers["TRUNK_PROVIDER"] != TWILIO:
        why = "Twilio's calls do not come here without DOMAIN or PUBLIC_IP, and TRUNK_PROVIDER=twilio"
        await have_emptied(it, CREDENTIALS, why)
        return None
    set_up_here = any(it.answers[name] and not it.answers.is_from_the_shell(name) for name in CREDENTIALS)
    known = BY_API if set_up_here or all(it.answers[name] for name in CREDENTIALS) else BY_HAND
    options = [
        Option(BY_API, "by Twilio's API, with an API key: nothing is left to do by hand"),
        Option(BY_HAND, "by hand, in Twilio's console: the steps are printed at the end"),
    ]
    how = await it.prompt.choose(Question("TWILIO_API_KEY", "How is the trunk set up?"), options, known)
    if how == BY_HAND:
        it.answers.keep(**dict.fromkeys(CREDENTIALS, ""))
        await ask_whose_calls_are_taken(it)
        account = None
    else:
        account = await ask_for_credentials(it)
    await ask_for_the_disaster_url(it)
    return account


async def have_emptied(it: Interview, names: Sequence[str], why: str) -> None:
    """Have those of `names` emptied that are set, for the reason `why`. What the shell exports is only left aside."""
    found = [name for name in names if it.answers[name] and not it.answers.is_from_the_shell(name)]
    if not found:
        return
    problem = f"{' and '.join(found)} {'is' if len(found) == 1 else 'are'} set, but {why}"
    if await it.prompt.agree(f"{problem}. Empty {'it' if len(found) == 1 else 'them'}?"):
        it.answers.keep(**dict.fromkeys(found, ""))
    else:
        it.prompt.refuse(f"{problem}; leave {'it' if len(found) == 1 else 'them'} empty")


async def ask_whose_calls_are_taken(it: Interview) -> None:
    async def check(text: str) -> str:
        return check_sid(text, values.twilio_account) if text else text

    hint = (
        "All customers of Twilio call from the same addresses. With the SID of your account (AC…), the line takes only "
        "its calls. Leave it empty to take those of any account."
    )
    question = Question("TRUNK_ACCOUNT", "Your account's SID", hint)
    it.answers.keep(TRUNK_ACCOUNT=await it.prompt.text(question, it.answers["TRUNK_ACCOUNT"], check))


async def ask_for_credentials(it: Interview) -> Account | None:
    """Ask until Twilio takes them, then keep all three; None if they are wrong and nobody can be asked again.

    Raises:
        TwilioUnreachableError: nobody can be asked again, and Twilio does not say whether they are right.
    """
    try:
        url = values.api_address(it.answers["TWILIO_API_URL"]) if it.answers["TWILIO_API_URL"] else None
    except ValueError as error:
        it.prompt.refuse(f"TWILIO_API_URL {error}")
        return None
    sid, key = it.answers["TWILIO_ACCOUNT_SID"], it.answers["TWILIO_API_KEY"]
    while True:
        question = Question("TWILIO_ACCOUNT_SID", "The account's SID (AC…)", WHERE_THE_ACCOUNT_IS)
        sid = await it.prompt.text(question, sid, check_account)
        question = Question("TWILIO_API_KEY", "The API key's SID (SK…)", WHERE_KEYS_ARE_MADE)
        key = await it.prompt.text(question, key, check_key)
        question = Question("TWILIO_API_SECRET", "The API key's secret")
        secret = await it.prompt.secret(question, it.answers["TWILIO_API_SECRET"], check_secret)
        trunk_account = await account_that_the_agent_takes(it, sid)
        if it.prompt.problems:
            return None
        if trunk_account is None:
            continue
        it.prompt.tell("Asking Twilio.")
        account = Account(Credentials(sid, key, SecretStr(secret), url), it.answers["AGENT_NAME"])
        try:
            await account.check_credentials()
        except TwilioError as error:
            if it.prompt.asks_again:
                it.prompt.refuse(str(error))
                continue
            if isinstance(error, TwilioUnreachableError):
                raise
            it.prompt.refuse(str(error))
            return None
        it.answers.keep(
            TRUNK_ACCOUNT=trunk_account,
            TWILIO_ACCOUNT_SID=sid,
            TWILIO_API_KEY=key,
            TWILIO_API_SECRET=secret,
        )
        return account


async def check_account(text: str) -> str:
    return check_sid(text, values.twilio_account)


async def check_key(text: str) -> str:
    return check_sid(text, values.twilio_key)


def check_sid(text: str, check: Callable[[str], str]) -> str:
    """Check an id, and do not show what it is: it may be the secret, at the wrong place."""
    try:
        return check(text)
    except ValueError as error:
        _, _, cure = str(error).partition("; ")
        raise ValueError(f"is {'something else, which is not shown here' if text else 'empty'}; {cure}") from None


async def check_secret(secret: str) -> str:
    if not secret:
        raise ValueError("is empty; enter what Twilio showed when the key was made")
    return check_row(values.password(secret))


async def account_that_the_agent_takes(it: Interview, account: str) -> str | None:
    """Return what TRUNK_ACCOUNT is to be. If it is another account, somebody has to agree that it is emptied, or None.

    The agent takes the calls of TWILIO_ACCOUNT_SID if TRUNK_ACCOUNT is empty.
    """
    known = it.answers["TRUNK_ACCOUNT"]
    if known in ("", account):
        return known
    why = "TRUNK_ACCOUNT is another account than TWILIO_ACCOUNT_SID, so the agent would take none of its calls"
    if await it.prompt.agree(f"{why}. Empty TRUNK_ACCOUNT?"):
        return ""
    it.prompt.refuse(f"{why}; leave TRUNK_ACCOUNT empty, or enter the SID of that account")
    return None


async def ask_for_the_disaster_url(it: Interview) -> None:
    own = {it.answers["DOMAIN"].lower(), it.answers["PUBLIC_IP"]}

    async def check(url: str) -> str:
        if url and urlsplit(values.web_address(url)).hostname in own:
            raise ValueError("is on this host, which does not answer when it is needed; use another host's")
        return check_row(url)

    hint = "While this host is down, Twilio can read a document of yours (TwiML), on another host, to callers."
    question = Question("TWILIO_DISASTER_URL", "The document's URL, or nothing", hint)
    it.answers.keep(TWILIO_DISASTER_URL=await it.prompt.text(question, it.answers["TWILIO_DISASTER_URL"], check))


async def choose_numbers(it: Interview, account: Account) -> None:
    """Have the numbers chosen from those that the account owns, and bought if somebody says so.

    Raises:
        TwilioError: Twilio does not answer, or refuses.
    """
    chosen = await pick(it, await account.owned_numbers())
    while BUY in chosen:
        bought = await try_to_buy(it, account)
        chosen = [number for number in chosen if number != BUY] + ([bought] if bought else [])
        if not chosen:
            chosen = await pick(it, await account.owned_numbers())
    it.answers.keep(PHONE_NUMBERS=",".join(chosen))


async def pick(it: Interview, owned: Sequence[Owned]) -> Sequence[str]:
    """Ask which of the account's numbers the line answers; BUY is among the answers if another one is wanted."""
    options = [Option(own.number, own.number, own.in_the_way) for own in owned]
    free = [own.number for own in owned if not own.in_the_way]
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
    if not it.answers.is_given("PHONE_NUMBERS"):
        return []
    try:
        return numbers.parse(it.answers["PHONE_NUMBERS"])
    except ValueError as error:
        it.prompt.refuse(f"PHONE_NUMBERS {error}")
        return []


async def try_to_buy(it: Interview, account: Account) -> str | None:
    """Return the number that was bought; None if nothing was, for instance because somebody else was faster."""
    try:
        return await buy_a_number(it, account)
    except TwilioError as error:
        it.prompt.refuse(str(error))
        return None


async def buy_a_number(it: Interview, account: Account) -> str | None:
    country = await it.prompt.text(Question("The country", "In which country? (two letters)"), "US", check_country)
    area = await it.prompt.text(Question("The area code", "With which area code? (empty: any)"), "", check_area)
    offers = await account.search_numbers(country, area)
    if not offers:
        it.prompt.refuse("Twilio has no such number to sell at the moment.")
        return None
    options = [Option(offer.number, describe(offer), why_not(offer)) for offer in offers]
    options.append(Option(NONE, "none of these"))
    chosen = await it.prompt.choose(Question("The number", "Which one?"), options, NONE)
    offer = next((offer for offer in offers if offer.number == chosen), None)
    return await buy(it, account, offer) if offer else None


def describe(offer: Offer) -> str:
    return "  ".join(filter(None, [offer.number, offer.place, f"{price_of(offer)} a month" if offer.price else ""]))


def price_of(offer: Offer) -> str:
    return f"{offer.price} {offer.currency}"


def why_not(offer: Offer) -> str:
    if offer.needs_address:
        return "Twilio wants an address for it: buy it in the console"
    return "" if offer.price else "Twilio does not say its price: buy it in the console"


async def buy(it: Interview, account: Account, offer: Offer) -> str | None:
    words = f"Buy {offer.number} for {price_of(offer)} a month? Twilio charges the account now."
    if not await it.prompt.agree(words):
        it.prompt.tell("Nothing was bought.")
        return None
    await account.buy_number(offer.number)
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
