"""The questions, in the order in which they are asked. Each answer is checked at once, then kept."""

import os
import re
from urllib.parse import urlsplit

from bootstrap import numbers, values
from bootstrap.internet import ADDRESS
from bootstrap.setup.env_file import check_row
from bootstrap.setup.interview import BY_ADDRESS, LOCAL, Interview
from bootstrap.setup.prompt import DoubtError, Option, Question
from bootstrap.setup.provider import KeyDoubtError
from bootstrap.setup.trunk_questions import ask_for_the_account, ask_who_carries_the_calls, choose_numbers
from bootstrap.text import quote

NAME = re.compile(r"(?=.{4,253}$)(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]{0,61}")
EMBEDDED, OPENAI, OTHER = "embedded", "openai", "other"


async def ask_everything(it: Interview) -> None:
    await ask_for_the_name(it)
    await ask_who_speaks(it)
    await ask_who_carries_the_calls(it)
    account = await ask_for_the_account(it)
    if account:
        await choose_numbers(it, account)
    else:
        await ask_for_numbers(it)


# The host's name


async def ask_for_the_name(it: Interview) -> None:
    async def check(name: str) -> str:
        if name in LOCAL or name == BY_ADDRESS:
            return name
        check_name(name)
        await doubt_name(it, name)
        return name

    hint = (
        "Carriers and browsers reach this host by its name, such as line.example.com. Leave it empty to try the line "
        f"on this machine alone. Write {BY_ADDRESS} if you have no name: it is <address>.sslip.io then."
    )
    question = Question("DOMAIN", "This host's name", hint)
    it.answers.keep(DOMAIN=await it.prompt.text(question, it.answers["DOMAIN"], check))
    if it.prompt.problems:
        return  # what follows from a wrong name is not worth a sentence
    if it.answers.is_given("PUBLIC_IP") or (it.can_be_reached and not await it.internet.public_address()):
        await ask_for_the_address(it)
    if not it.can_be_reached:
        it.prompt.tell("Without a name, the line answers calls of this machine only: make call.")


def check_name(name: str) -> None:
    if ADDRESS.fullmatch(name):
        raise ValueError(f"is {quote(name)}, an address; write a name, or {BY_ADDRESS}, or leave it empty")
    if not NAME.fullmatch(name):
        raise ValueError(f"is {quote(name)}; write a host name alone, such as line.example.com")


async def doubt_name(it: Interview, name: str) -> None:
    own = it.answers["PUBLIC_IP"] or await it.internet.public_address()
    found = await it.internet.addresses_of(name)
    record = f"an A record with {own or 'the public address of this host'}"
    if not found:
        raise DoubtError(f"is {quote(name)}, which has no IPv4 address in DNS; create {record}", name)
    if own and own not in found:
        raise DoubtError(f"is {quote(name)}, whose address is {', '.join(found)} and not {own}; create {record}", name)


async def ask_for_the_address(it: Interview) -> None:
    async def check(address: str) -> str:
        if not address and (it.answers["DOMAIN"] in LOCAL or await it.internet.public_address()):
            return address  # nobody needs it, or make up finds it
        if not address:
            raise ValueError("is not set, and no service returned it; write this host's public IPv4 address")
        if not ADDRESS.fullmatch(address):
            raise ValueError(f"is {quote(address)}; write this host's public IPv4 address, such as 203.0.113.7")
        return address

    question = Question("PUBLIC_IP", "This host's public IPv4 address")
    it.answers.keep(PUBLIC_IP=await it.prompt.text(question, it.answers["PUBLIC_IP"], check))


# Who hears, thinks and speaks


async def ask_who_speaks(it: Interview) -> None:
    known = EMBEDDED if not it.answers["OPENAI_API_KEY"] else OTHER if it.answers["OPENAI_BASE_URL"] else OPENAI
    options = [
        Option(EMBEDDED, "embedded models: nothing leaves this machine; for trying out"),
        Option(OPENAI, "OpenAI, with a key: it hears, answers and speaks better"),
        Option(OTHER, "another server with OpenAI's API"),
    ]
    chosen = await it.prompt.choose(Question("OPENAI_API_KEY", "Who hears, thinks and speaks?"), options, known)
    if chosen == EMBEDDED:
        it.answers.keep(OPENAI_API_KEY="")
        await ask_for_the_size(it)
        return
    base_url = await ask_for_the_server(it) if chosen == OTHER else ""
    key = await ask_for_the_key(it, base_url)
    it.answers.keep(OPENAI_BASE_URL=base_url, OPENAI_API_KEY=key)


async def ask_for_the_size(it: Interview) -> None:
    is_given = it.answers.is_given("SPEECH_SIZE")
    if it.memory >= it.needed and not is_given:
        return
    options = [
        Option("small", "small: simpler answers and no tools"),
        Option("default", f"default: they need {it.needed} MB"),
    ]
    known = it.answers["SPEECH_SIZE"] if is_given else "small"
    words = f"The engine has {it.memory} MB of memory. Which embedded models?"
    it.answers.keep(SPEECH_SIZE=await it.prompt.choose(Question("SPEECH_SIZE", words), options, known))


async def ask_for_the_server(it: Interview) -> str:
    async def check(url: str) -> str:
        try:
            host = urlsplit(values.web_address(url)).hostname or ""
        except ValueError:
            raise ValueError(f"is {quote(url)}; write an address such as http://192.0.2.7:8000/v1") from None
        if os.environ.get(values.IN_CONTAINER) and values.LOOPBACK.fullmatch(host):
            raise ValueError(
                f"is {quote(url)}, which is the container itself; write host.docker.internal for this host"
            )
        return check_row(url)

    question = Question("OPENAI_BASE_URL", "The address of its API, such as http://192.0.2.7:8000/v1")
    return await it.prompt.text(question, it.answers["OPENAI_BASE_URL"], check)


async def ask_for_the_key(it: Interview, base_url: str) -> str:
    async def check(key: str) -> str:
        if not key:
            raise ValueError("is empty; enter the key, or choose the embedded models, which need none")
        check_row(key)
        if " " in key or not key.isascii():
            raise ValueError("holds a space or a character outside ASCII; enter the key alone")
        try:
            await it.providers.check_key(base_url, key)
        except KeyDoubtError as doubt:
            raise DoubtError(str(doubt), key) from None
        return key

    return await it.prompt.secret(Question("OPENAI_API_KEY", "The key"), it.answers["OPENAI_API_KEY"], check)


# The numbers


async def ask_for_numbers(it: Interview) -> None:
    """Ask for them all, unless they are chosen from those of an account."""

    async def check(text: str) -> str:
        return ",".join(numbers.parse(text))

    hint = "The line answers these numbers: + and the country code, as in +12025550100, with commas between several."
    question = Question("PHONE_NUMBERS", "Its numbers", hint)
    it.answers.keep(PHONE_NUMBERS=await it.prompt.text(question, it.answers["PHONE_NUMBERS"], check))
    if it.can_be_reached and not it.answers.is_chosen("PHONE_NUMBERS"):
        it.prompt.tell("warning: PHONE_NUMBERS is the example's number, which no carrier sends.")
