"""`make setup` with a person at the terminal: the same library, keys from a pipe in place of a keyboard."""

from decimal import Decimal

import pytest

from bootstrap.setup.prompt import Option, as_choice
from bootstrap.setup.trunk_questions import describe, why_not
from bootstrap.twilio import Offer
from tests.support.fakes.twilio_api import RefusedError
from tests.unit.bootstrap.setup.conftest import (
    ADDRESS,
    CLEAR,
    DOWN,
    ENTER,
    KEY,
    KEY_SID,
    LEAVE,
    NAME,
    REVOKED,
    SECRET,
    SID,
    SPACE,
    TWILIO,
    UP,
    Host,
)

NUMBER, OTHER = "+12025550111", "+12025550122"
NO_NAME = EMBEDDED = NO_ACCOUNT = NO_URL = CONSOLE = KEEP = ENTER
OPENAI = DOWN + ENTER
BY_API = UP + ENTER  # Enter alone is by hand
TYPED_CREDENTIALS = SID + ENTER + KEY_SID + ENTER + SECRET + ENTER
NAMED = NAME + ENTER + EMBEDDED


async def test_enter_throughout_leads_to_the_example(host: Host) -> None:
    outcome = await host.in_terminal(NO_NAME, EMBEDDED, KEEP)
    assert (outcome.code, outcome.complained) == (0, "")
    assert host.env()["PHONE_NUMBERS"] == "+12025550100"
    assert host.mode() == 0o600
    assert "calls of this machine only" in outcome.printed


async def test_answers_are_written_and_a_key_is_never_shown(host: Host) -> None:
    keys = (NAME + ENTER, OPENAI, KEY + ENTER, KEEP, CONSOLE, NO_ACCOUNT, NO_URL, CLEAR + NUMBER + ENTER)
    outcome = await host.in_terminal(*keys)
    assert outcome.code == 0
    env = host.env()
    assert (env["DOMAIN"], env["OPENAI_API_KEY"], env["PHONE_NUMBERS"]) == (NAME, KEY, NUMBER)
    assert KEY not in outcome.printed
    assert "*" * len(KEY) in outcome.printed


async def test_a_wrong_answer_is_explained_and_asked_again(host: Host) -> None:
    keys = ("http://x" + ENTER, CLEAR + NAME + ENTER, OPENAI, REVOKED + ENTER, KEY + ENTER, KEEP, CONSOLE)
    outcome = await host.in_terminal(*keys, NO_ACCOUNT, NO_URL, CLEAR + "12" + ENTER, CLEAR + NUMBER + ENTER)
    assert outcome.code == 0
    for complaint in (
        "DOMAIN is 'http://x'; write a host name",
        "OPENAI_API_KEY was refused",
        "PHONE_NUMBERS '12' has",
    ):
        assert complaint in outcome.printed
    env = host.env()
    assert (env["DOMAIN"], env["OPENAI_API_KEY"], env["PHONE_NUMBERS"]) == (NAME, KEY, NUMBER)
    assert REVOKED not in host.env_file.read_text()


async def test_what_is_doubtful_is_used_only_after_a_yes(host: Host, dns: dict[str, list[str]]) -> None:
    dns["elsewhere.example.com"] = ["192.0.2.1"]
    keys = ("elsewhere.example.com" + ENTER, "n", ENTER, "y", EMBEDDED, KEEP, CONSOLE, NO_ACCOUNT, NO_URL, KEEP)
    outcome = await host.in_terminal(*keys)
    assert outcome.code == 0
    assert outcome.printed.count("whose address is 192.0.2.1 and not 198.51.100.7") == 2
    assert host.env()["DOMAIN"] == "elsewhere.example.com"


@pytest.mark.parametrize("leave", [LEAVE, "\x04"])
async def test_answers_so_far_outlive_a_person_who_leaves_and_the_next_run_goes_on(host: Host, leave: str) -> None:
    with pytest.raises((KeyboardInterrupt, EOFError)):
        await host.in_terminal(NAME + ENTER, OPENAI, KEY + ENTER, leave if leave == LEAVE else KEEP + CONSOLE + leave)
    env = host.env()
    assert (env["DOMAIN"], env["OPENAI_API_KEY"]) == (NAME, KEY)
    assert host.mode() == 0o600
    outcome = await host.in_terminal(KEEP, KEEP, KEEP, KEEP, CONSOLE, NO_ACCOUNT, NO_URL, CLEAR + NUMBER + ENTER)
    assert outcome.code == 0
    env = host.env()
    assert (env["DOMAIN"], env["OPENAI_API_KEY"], env["PHONE_NUMBERS"]) == (NAME, KEY, NUMBER)
    assert KEY not in outcome.printed
    assert "# before make setup" not in host.env_file.read_text()


async def test_a_key_is_set_aside_when_the_embedded_models_are_chosen(host: Host) -> None:
    host.write(f"OPENAI_API_KEY={KEY}\n")
    assert (await host.in_terminal(NO_NAME, UP + ENTER, KEEP)).code == 0
    assert f"# before make setup: OPENAI_API_KEY={KEY}\nOPENAI_API_KEY=\n" in host.env_file.read_text()


async def test_another_server_is_asked_about_the_key(host: Host) -> None:
    url = host.url("/v1")
    outcome = await host.in_terminal(NO_NAME, DOWN, DOWN + ENTER, url + ENTER, KEY + ENTER, KEEP)
    assert outcome.code == 0
    assert (host.env()["OPENAI_BASE_URL"], host.env()["OPENAI_API_KEY"]) == (url, KEY)


async def test_numbers_are_chosen_from_those_of_the_account(host: Host) -> None:
    host.twilio.own("+12025550100", trunk=host.twilio.add_trunk("Office"))
    host.twilio.own(NUMBER)
    host.twilio.own(OTHER)
    keys = (NAMED, KEEP, BY_API, TYPED_CREDENTIALS, NO_URL, SPACE, DOWN, SPACE, ENTER)
    outcome = await host.in_terminal(*keys)
    assert (outcome.code, outcome.complained) == (0, ""), outcome.printed
    assert host.env()["PHONE_NUMBERS"] == f"{NUMBER},{OTHER}"
    assert {name: host.env()[name] for name in TWILIO} == TWILIO
    assert as_choice(Option(OTHER, OTHER, "it is on another trunk"), ticked=True).disabled == "it is on another trunk"
    assert SECRET not in outcome.printed


async def test_wrong_credentials_are_asked_again_and_none_of_them_is_kept_before_they_are_right(host: Host) -> None:
    host.twilio.own(NUMBER)
    wrong = SID + ENTER + KEY_SID + ENTER + "wrong-secret" + ENTER
    with pytest.raises(KeyboardInterrupt):
        await host.in_terminal(NAMED, KEEP, BY_API, wrong, LEAVE)
    assert not any(host.env().get(name) for name in TWILIO)
    again = KEEP + KEEP + SECRET + ENTER
    outcome = await host.in_terminal(KEEP, KEEP, KEEP, BY_API, wrong, again, NO_URL, ENTER)
    assert outcome.code == 0, outcome.complained
    assert outcome.printed.count("Twilio refused the key:") == 1
    assert host.env()["PHONE_NUMBERS"] == NUMBER
    assert "wrong-secret" not in outcome.printed + host.env_file.read_text()


@pytest.mark.parametrize("yes", ["y", "n" + KEEP + KEEP + SECRET + ENTER + "y"])
async def test_the_account_whose_calls_were_taken_makes_way_for_this_one_after_a_yes(host: Host, yes: str) -> None:
    other = f"AC{'f' * 32}"
    host.twilio.own(NUMBER)
    host.write(f"TRUNK_ACCOUNT={other}\n")
    outcome = await host.in_terminal(NAMED, KEEP, BY_API, TYPED_CREDENTIALS, yes, NO_URL, ENTER)
    assert outcome.code == 0, outcome.complained
    assert host.env()["TRUNK_ACCOUNT"] == ""
    assert f"# before make setup: TRUNK_ACCOUNT={other}\n" in host.env_file.read_text()


async def test_the_account_whose_calls_were_taken_stays_until_twilio_takes_the_key(host: Host) -> None:
    other = f"AC{'f' * 32}"
    host.write(f"TRUNK_ACCOUNT={other}\n")
    wrong = SID + ENTER + KEY_SID + ENTER + "wrong-secret" + ENTER
    with pytest.raises(KeyboardInterrupt):
        await host.in_terminal(NAMED, KEEP, BY_API, wrong, "y", LEAVE)
    assert host.env()["TRUNK_ACCOUNT"] == other


@pytest.mark.parametrize(("answer", "left"), [("y", False), ("n", True)])
async def test_an_account_whose_calls_come_here_no_more_is_set_aside_after_a_yes(
    host: Host, answer: str, left: bool
) -> None:
    host.write(f"DOMAIN={NAME}\n" + "".join(f"{name}={value}\n" for name, value in TWILIO.items()))
    outcome = await host.in_terminal(CLEAR + NO_NAME, EMBEDDED, answer, KEEP)
    assert outcome.code == 0, outcome.complained
    assert all(bool(host.env()[name]) == left for name in TWILIO)
    assert f"# before make setup: TWILIO_ACCOUNT_SID={SID}\n" in host.env_file.read_text() or left


async def test_an_address_that_nobody_needs_can_be_removed(host: Host) -> None:
    host.write(f"PUBLIC_IP={ADDRESS}\n")
    assert (await host.in_terminal(NO_NAME, CLEAR + ENTER, EMBEDDED, KEEP)).code == 0
    assert host.env()["PUBLIC_IP"] == ""


FOR_SALE, ELSEWHERE = "+12125550101", "+18085550101"
TO_THE_SHOP = (NAMED, KEEP, BY_API, TYPED_CREDENTIALS, NO_URL, SPACE, ENTER, ENTER, "212" + ENTER)


async def test_a_number_is_bought_after_an_explicit_yes_with_the_price_shown(host: Host) -> None:
    host.twilio.for_sale = [ELSEWHERE, FOR_SALE]
    outcome = await host.in_terminal(*TO_THE_SHOP, DOWN, ENTER, "y")
    assert outcome.code == 0, outcome.printed
    assert ELSEWHERE not in outcome.printed
    assert [number["phone_number"] for number in host.twilio.numbers.values()] == [FOR_SALE]
    assert host.env()["PHONE_NUMBERS"] == FOR_SALE
    assert f"Buy {FOR_SALE} for 1.15 USD a month?" in outcome.printed


@pytest.mark.parametrize("no", [DOWN + ENTER + ENTER, DOWN + ENTER + "n", ENTER])
async def test_nothing_is_bought_without_it(host: Host, no: str) -> None:
    host.twilio.for_sale = [FOR_SALE]
    with pytest.raises(KeyboardInterrupt):
        await host.in_terminal(*TO_THE_SHOP, no, LEAVE)
    assert host.twilio.numbers == {}


@pytest.mark.parametrize(
    ("offer", "shown", "unusable"),
    [
        (Offer(FOR_SALE, "New York, NY", Decimal("1.15"), "USD", False), f"{FOR_SALE}  New York, NY  1.15 USD a", ""),
        (Offer(FOR_SALE, "", Decimal("1.15"), "USD", True), f"{FOR_SALE}  1.15 USD a", "Twilio wants an address"),
        (Offer(FOR_SALE, "", None, "USD", False), FOR_SALE, "Twilio does not say its price"),
    ],
)
def test_what_has_no_price_or_wants_an_address_cannot_be_chosen(offer: Offer, shown: str, unusable: str) -> None:
    assert describe(offer).startswith(shown)
    assert why_not(offer).partition(" for it")[0].partition(":")[0] == unusable


@pytest.mark.parametrize("at", ["offers", "buy"])
async def test_a_refused_purchase_is_told_and_the_choice_is_there_again(
    host: Host, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    def refuse(*_: object) -> None:
        raise RefusedError(400, 21422, "that is not available")

    monkeypatch.setattr(host.twilio, at, refuse)
    host.twilio.for_sale = [FOR_SALE]
    to_buy = DOWN + ENTER + "y" if at == "buy" else ""
    with pytest.raises(KeyboardInterrupt):
        await host.in_terminal(*TO_THE_SHOP, to_buy, LEAVE)
    assert host.twilio.numbers == {}
    assert "PHONE_NUMBERS=+12025550100\n" in host.env_file.read_text()


async def test_an_interruption_while_an_answer_is_checked_loses_no_earlier_answer(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def check_key(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("bootstrap.setup.provider.Providers.check_key", check_key)
    with pytest.raises(KeyboardInterrupt):
        await host.in_terminal(NAME + ENTER, OPENAI, KEY + ENTER)
    assert host.env()["DOMAIN"] == NAME
