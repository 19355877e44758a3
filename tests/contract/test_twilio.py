"""What bootstrap does to an account at Twilio, through Twilio's own client.

The account is the fake one of tests/support/fakes/twilio_api.py, which checks each request and each
answer against Twilio's description of its API.
"""

import asyncio
import logging
import re
import sys
import time
from collections.abc import AsyncIterator
from decimal import Decimal

import aiohttp
import pytest

from bootstrap import twilio
from bootstrap.lines import Lines
from bootstrap.ownership import BlockedError
from bootstrap.server import RetryPolicy
from bootstrap.settings import Settings
from tests.support.fakes.twilio_api import DESCRIPTION, OPERATIONS, FakeTwilio, Fields, RefusedError
from tests.support.house import ROOT

pytestmark = pytest.mark.usefixtures("clock")

NUMBER, OTHER_NUMBER, THIRD_NUMBER = "+12025550100", "+12025550111", "+12025550122"
NAME = "Landline inbound-voice-agent"
URI = "sip:line.example.com:5060;transport=udp"
REQUESTS_OF_A_FIRST_RUN = 11  # three looks, and three changes


class Host:
    """A host whose settings name the account."""

    def __init__(self, fake: FakeTwilio) -> None:
        self.fake = fake

    def settings(self, **values: str) -> Settings:
        given = {"SITE": "line.example.com", **self.fake.variables(), **values}
        with pytest.MonkeyPatch.context() as environment:
            for name, text in given.items():
                environment.setenv(name.upper(), text)
            return Settings(_env_file=None)  # type: ignore[call-arg]  # pydantic-settings' own, not a field

    async def apply(self, lines: Lines | None = None, /, **values: str) -> list[str]:
        """Run one bootstrap and return what it changed, without the SIDs."""
        settings = self.settings(**values)
        async with twilio.connect(settings) as account:
            done = await twilio.reconcile(account, twilio.want(settings, lines))
        return [f"{change.action} {change.kind}" for change in done]

    async def differences(self, **values: str) -> list[str]:
        settings = self.settings(**values)
        async with twilio.connect(settings) as account:
            return [str(change) for change in twilio.changes(twilio.want(settings), await twilio.look(account))]

    async def warnings(self, lines: Lines | None = None, /, **values: str) -> list[str]:
        settings = self.settings(**values)
        async with twilio.connect(settings) as account:
            return twilio.warnings(twilio.want(settings, lines), await twilio.look(account))

    def trunk(self) -> dict[str, object]:
        [trunk] = self.fake.trunks.values()
        return trunk

    def uri(self) -> dict[str, object]:
        [uri] = self.fake.uris.values()
        return uri


@pytest.fixture
async def fake() -> AsyncIterator[FakeTwilio]:
    account = FakeTwilio()
    account.own(NUMBER)
    async with account.serving():
        yield account
    assert account.faults == []


@pytest.fixture
def host(fake: FakeTwilio) -> Host:
    return Host(fake)


async def test_an_empty_account_gets_a_trunk_an_origination_uri_and_the_number(fake: FakeTwilio, host: Host) -> None:
    assert await host.apply() == ["create trunk", "create origination URI", "attach number"]
    assert host.trunk()["friendly_name"] == NAME
    assert host.trunk()["disaster_recovery_url"] is None
    assert {name: host.uri()[name] for name in ("sip_url", "priority", "weight", "enabled")} == {
        "sip_url": URI,
        "priority": 10,
        "weight": 10,
        "enabled": True,
    }
    [number] = fake.numbers.values()
    assert number["trunk_sid"] == host.trunk()["sid"]
    assert len(fake.calls) == REQUESTS_OF_A_FIRST_RUN


async def test_a_second_run_changes_nothing_and_sees_no_difference(fake: FakeTwilio, host: Host) -> None:
    await host.apply(TWILIO_DISASTER_URL="https://example.com/sorry.xml")
    before = fake.snapshot()
    assert await host.apply(TWILIO_DISASTER_URL="https://example.com/sorry.xml") == []
    assert await host.differences(TWILIO_DISASTER_URL="https://example.com/sorry.xml") == []
    assert fake.snapshot() == before


async def test_a_difference_is_told_before_anything_is_changed(fake: FakeTwilio, host: Host) -> None:
    before = fake.snapshot()
    [number] = fake.numbers
    assert await host.differences() == [
        f"create Twilio trunk: the account has none called '{NAME}'",
        f"create origination URI of Twilio trunk <trunk>: no call is sent to {URI}",
        f"attach number {number} to Twilio trunk <trunk>: it is on no trunk",
    ]
    assert fake.snapshot() == before


@pytest.mark.parametrize(
    ("settings", "changed"),
    [
        ({"SITE": "other.example.com"}, "sip_url 'sip:line.example.com:5060;transport=udp' -> "),
        ({"SITE": "localhost", "ADVERTISED_IP": "54.1.2.3"}, "'sip:54.1.2.3:5060;transport=udp'"),
        ({"SIP_PORT": "5080"}, "-> 'sip:line.example.com:5080;transport=udp'"),
        ({"TWILIO_DISASTER_URL": "https://example.com/sorry.xml"}, "its disaster recovery URL is another"),
    ],
)
async def test_an_edited_setting_is_one_update_in_place(
    fake: FakeTwilio, host: Host, settings: dict[str, str], changed: str
) -> None:
    await host.apply()
    sids = [*fake.trunks, *fake.uris]
    [difference] = await host.differences(**settings)
    assert changed in difference
    [update] = await host.apply(**settings)
    assert update.startswith("update")
    assert [*fake.trunks, *fake.uris] == sids
    assert await host.apply(**settings) == []


@pytest.mark.parametrize(
    "drift",
    [
        {"sip_url": "sip:198.51.100.7:5060"},
        {"enabled": False},
        {"priority": 20, "weight": 1},
    ],
)
async def test_what_somebody_changed_by_hand_is_shown_and_put_right(
    fake: FakeTwilio, host: Host, drift: dict[str, object]
) -> None:
    await host.apply()
    before = fake.snapshot()
    host.uri().update(drift)
    [difference] = await host.differences()
    assert all(name in difference for name in drift)
    assert await host.apply() == ["update origination URI"]
    assert fake.snapshot() == before


async def test_what_somebody_deleted_by_hand_comes_back(fake: FakeTwilio, host: Host) -> None:
    await host.apply()
    fake.uris.clear()
    assert await host.apply() == ["create origination URI"]
    [number] = fake.numbers.values()
    number["trunk_sid"] = None
    assert await host.apply() == ["attach number"]
    fake.delete_trunk(str(host.trunk()["sid"]))
    assert await host.apply() == ["create trunk", "create origination URI", "attach number"]


async def test_other_fields_of_our_trunk_and_everything_else_in_the_account_stay(fake: FakeTwilio, host: Host) -> None:
    shop = fake.add_trunk("Shop")
    fake.own(OTHER_NUMBER, trunk=shop)
    fake.add_uri(shop, sip_url="sip:shop.example.com")
    before = fake.trunks[shop] | {}, list(fake.uris.values())
    await host.apply()
    [ours] = [trunk for trunk in fake.trunks.values() if trunk["sid"] != shop]
    ours |= {"transfer_mode": "enable-all", "cnam_lookup_enabled": True, "disaster_recovery_url": "https://a.example"}
    fake.add_uri(ours["sid"], sip_url="sip:spare.example.com", priority=20)
    settled = fake.snapshot()
    assert await host.apply() == []
    assert fake.snapshot() == settled
    assert (fake.trunks[shop], list(fake.uris.values())[:1]) == before


async def test_a_trunk_that_was_made_by_hand_under_the_name_is_adopted_with_its_uri(
    fake: FakeTwilio, host: Host
) -> None:
    trunk = fake.add_trunk(NAME)
    uri = fake.add_uri(trunk, sip_url=URI, priority=5)
    [number] = fake.numbers.values()
    number["trunk_sid"] = trunk
    assert await host.apply() == ["update origination URI"]
    assert [*fake.trunks, *fake.uris] == [trunk, uri]


async def test_numbers_of_lines_are_attached_and_those_not_owned_are_told_by_their_count(
    fake: FakeTwilio, host: Host
) -> None:
    fake.own(OTHER_NUMBER)
    lines = {"coffee": (NUMBER, "2025550100"), "bread": (OTHER_NUMBER, THIRD_NUMBER)}
    changed = await host.apply(lines)
    assert changed.count("attach number") == 2
    [warning] = await host.warnings(lines)
    assert warning.startswith("the Twilio account does not own 1 of the 3 numbers in PHONE_NUMBERS and the lines: ")
    assert "2025550" not in warning


async def test_every_page_of_a_long_list_is_read(fake: FakeTwilio, host: Host) -> None:
    for count in range(5):
        fake.own(f"+1303555010{count}")
        fake.add_trunk(f"Other {count}")
    fake.most_in_a_page = 2
    await host.apply(PHONE_NUMBERS=f"{NUMBER},+13035550104")
    assert await host.apply(PHONE_NUMBERS=f"{NUMBER},+13035550104") == []
    assert len(fake.trunks) == 6


async def test_a_number_on_another_trunk_is_refused_before_anything_is_changed(fake: FakeTwilio, host: Host) -> None:
    shop = fake.add_trunk("Shop")
    number = fake.own(OTHER_NUMBER, trunk=shop)
    before = fake.snapshot()
    with pytest.raises(BlockedError) as caught:
        await host.apply(PHONE_NUMBERS=f"{NUMBER},{OTHER_NUMBER}")
    assert str(caught.value).startswith(
        f"the number {number} is on another Twilio trunk, {shop} ('Shop'), and was left"
    )
    assert fake.snapshot() == before


async def test_a_number_that_an_application_uses_is_refused(fake: FakeTwilio, host: Host) -> None:
    number = fake.own(OTHER_NUMBER, application="AP" + "c" * 32)
    before = fake.snapshot()
    with pytest.raises(BlockedError, match=f"^the number {number} is used by the TwiML application APc"):
        await host.apply(PHONE_NUMBERS=OTHER_NUMBER)
    assert fake.snapshot() == before


async def test_a_number_with_a_webhook_is_attached_and_that_the_webhook_rests_is_told(
    fake: FakeTwilio, host: Host
) -> None:
    [number] = fake.numbers.values()
    number["voice_url"] = "https://example.com/voice"
    assert (await host.differences())[-1].endswith("Twilio keeps its webhook and does not ask it")
    await host.apply()
    assert number["voice_url"] == "https://example.com/voice"


async def test_another_host_with_the_same_name_is_refused_and_one_that_moved_is_not(
    fake: FakeTwilio, host: Host
) -> None:
    fake.own(OTHER_NUMBER)
    await host.apply()
    before = fake.snapshot()
    with pytest.raises(BlockedError, match="if it is another host's, set AGENT_NAME"):
        await host.apply(SITE="second.example.com", PHONE_NUMBERS=OTHER_NUMBER)
    assert fake.snapshot() == before
    assert len(await host.apply(SITE="second.example.com", PHONE_NUMBERS=OTHER_NUMBER, AGENT_NAME="second")) == 3
    assert await host.apply(SITE="moved.example.com") == ["update origination URI"]
    assert await host.apply(SITE="moved.example.com", PHONE_NUMBERS=THIRD_NUMBER) == []


async def test_a_key_of_another_account_is_refused(fake: FakeTwilio, host: Host) -> None:
    other = "AC" + "d" * 32
    with pytest.raises(twilio.TwilioError, match=r"^Twilio knows no account TWILIO_ACCOUNT_SID to which this key belo"):
        await host.apply(TWILIO_ACCOUNT_SID=other)
    fake.add_trunk("Shop", account_sid=other)
    with pytest.raises(BlockedError, match=f"^TWILIO_API_KEY is a key of the account {other}"):
        await host.apply()


@pytest.mark.parametrize("variable", ["TWILIO_API_SECRET", "TWILIO_API_KEY"])
async def test_wrong_credentials_end_in_one_sentence_after_one_request(
    fake: FakeTwilio, host: Host, variable: str
) -> None:
    wrong = {"TWILIO_API_SECRET": "canary", "TWILIO_API_KEY": "SK" + "0" * 32}[variable]
    with pytest.raises(twilio.TwilioError) as caught:
        await host.apply(**{variable: wrong})
    assert str(caught.value) == (
        "Twilio refused the key: TWILIO_API_KEY and TWILIO_API_SECRET must be a pair, made in the account "
        "TWILIO_ACCOUNT_SID."
    )
    assert not isinstance(caught.value, twilio.TwilioUnreachableError)
    assert len(fake.calls) == 1


async def test_a_key_that_may_not_use_trunks_is_told_so(fake: FakeTwilio, host: Host) -> None:
    fake.refuse_next = [RefusedError(403, 20403, "Forbidden")]
    with pytest.raises(twilio.TwilioError, match="does not allow this key to do that: give it access to Elastic SIP"):
        await host.apply()


@pytest.mark.parametrize("header", ["7", "Fri, 27 Nov 2026 09:30:07 GMT"])
async def test_a_rate_limit_is_waited_out_for_as_long_as_twilio_asks(
    fake: FakeTwilio, host: Host, header: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    now = 1795771800.0  # 27 November 2026, 09:30:00 in UTC
    monkeypatch.setattr("bootstrap.twilio.http.time.time", lambda: now)
    started = time.monotonic()
    fake.refuse_next = [RefusedError(429, 20429, "Too many requests", {"Retry-After": header})]
    assert len(await host.apply()) == 3
    assert 7 <= time.monotonic() - started < 10
    [waiting] = [record.getMessage() for record in caplog.records if record.getMessage().startswith("waiting")]
    assert "asks not to be asked for 7 s" in waiting


async def test_a_rate_limit_that_is_longer_than_our_patience_ends_in_one_sentence_at_once(
    fake: FakeTwilio, host: Host
) -> None:
    before = fake.snapshot()
    fake.refuse_next = [RefusedError(429, 20429, "Too many requests", {"Retry-After": "3600"})]
    with pytest.raises(twilio.TwilioUnreachableError, match=r"^Twilio asks not to be asked for 3600 s, because .*\.$"):
        await host.apply()
    assert len(fake.calls) == 1
    assert fake.snapshot() == before


async def test_a_rate_limit_without_end_and_an_outage_are_given_up_after_a_bound(fake: FakeTwilio, host: Host) -> None:
    for error in (RefusedError(429, 20429, "Too many requests"), RefusedError(503, 20503, "Service unavailable")):
        fake.refuse_next, started, asked = [error] * 100, time.monotonic(), len(fake.calls)
        with pytest.raises(twilio.TwilioUnreachableError, match=r"after 6 attempts\.$"):
            await host.apply()
        assert len(fake.calls) - asked == 6
        assert time.monotonic() - started < 45


async def test_a_silent_twilio_is_asked_again_and_a_lost_answer_creates_nothing_twice(
    fake: FakeTwilio, host: Host
) -> None:
    fake.hang_next = 1
    assert len(await host.apply()) == 3
    assert len(fake.trunks) == 1


async def test_an_unreachable_twilio_ends_in_one_sentence(unused_tcp_port: int) -> None:
    host = Host(FakeTwilio(url=f"http://127.0.0.1:{unused_tcp_port}"))
    with pytest.raises(twilio.TwilioUnreachableError, match=r"^Twilio could not be reached \(.+\) after 6 attempts\.$"):
        await host.apply()


async def test_the_certificate_of_another_is_not_accepted(fake: FakeTwilio, host: Host) -> None:
    with pytest.raises(twilio.TwilioError, match=r"^Twilio failed the TLS handshake \(.+\)\.$"):
        await host.apply(TWILIO_API_URL=fake.url.replace("http:", "https:"))


async def test_a_proxy_that_the_environment_names_is_asked(
    fake: FakeTwilio, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("no_proxy", "NO_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", fake.url)
    assert len(await host.differences(TWILIO_API_URL="http://no-such-host")) == 3


async def kill_after(fake: FakeTwilio, host: Host, requests: int) -> bool:
    """Run a bootstrap that dies when so many requests have been carried out; False if it needs fewer."""
    fake.die_after = requests
    run = asyncio.create_task(host.apply())
    died = asyncio.create_task(fake.died.wait())
    await asyncio.wait({run, died}, return_when=asyncio.FIRST_COMPLETED)
    for task in (run, died):
        task.cancel()
    await asyncio.gather(run, died, return_exceptions=True)
    fake.die_after = None
    return fake.died.is_set()


@pytest.mark.parametrize("requests", range(1, REQUESTS_OF_A_FIRST_RUN + 1))
async def test_a_run_that_was_killed_after_any_request_is_completed_by_the_next(
    fake: FakeTwilio, host: Host, requests: int
) -> None:
    assert await kill_after(fake, host, requests)
    await host.apply()
    [number] = fake.numbers.values()
    assert number["trunk_sid"] == host.trunk()["sid"] == host.uri()["trunk_sid"]
    assert host.uri()["sip_url"] == URI
    assert await host.apply() == []


async def test_a_first_run_needs_no_more_requests_than_were_killed(fake: FakeTwilio, host: Host) -> None:
    assert not await kill_after(fake, host, REQUESTS_OF_A_FIRST_RUN + 1)


@pytest.mark.parametrize("count", [2, 5])
async def test_several_at_once_create_doubles_and_end_with_one_of_each(
    fake: FakeTwilio, host: Host, count: int
) -> None:
    fake.race_window = 0.05
    await asyncio.gather(*(host.apply() for _ in range(count)))
    assert fake.calls.count("CreateTrunk") > 1  # or there was no race, and nothing was tested
    [number] = fake.numbers.values()
    assert number["trunk_sid"] == host.trunk()["sid"] == host.uri()["trunk_sid"]
    assert await host.apply() == []


async def test_two_trunks_of_the_name_that_are_both_in_use_are_left_to_a_person(fake: FakeTwilio, host: Host) -> None:
    first, second = fake.add_trunk(NAME), fake.add_trunk(NAME)
    fake.own(OTHER_NUMBER, trunk=first)
    fake.own(THIRD_NUMBER, trunk=second)
    before = fake.snapshot()
    with pytest.raises(BlockedError, match=r"^two Twilio trunks are called .+ and both are in use: TK"):
        await host.apply()
    assert fake.snapshot() == before


async def test_what_twilio_keeps_refusing_ends_in_one_sentence_without_the_number(fake: FakeTwilio, host: Host) -> None:
    await host.apply()
    [number] = fake.numbers.values()
    number["trunk_sid"] = None
    attach = fake.attach

    def refuse(trunk: str, number: str) -> Fields:
        raise RefusedError(400, 21629, f"{fake.numbers[number]['phone_number']} has no Voice")

    fake.attach = refuse  # type: ignore[method-assign]
    with pytest.raises(
        twilio.TwilioError, match=r"^Twilio answered 400: <number> has no Voice \(error 21629\), when as"
    ):
        await host.apply()
    fake.attach = attach  # type: ignore[method-assign]
    assert await host.apply() == ["attach number"]


async def test_what_only_a_person_can_change_is_told(fake: FakeTwilio, host: Host) -> None:
    deaf = fake.own(OTHER_NUMBER, voice=False)
    [answered, _] = fake.numbers
    await host.apply(PHONE_NUMBERS=f"{NUMBER},{OTHER_NUMBER}")
    host.trunk().update(secure=True, domain_name="cafe.pstn.twilio.com")
    sid = host.trunk()["sid"]
    other = fake.add_uri(str(sid), sip_url="sip:other.example.com", priority=5)
    told = await host.warnings(
        {"coffee": (OTHER_NUMBER,)}, PHONE_NUMBERS=OTHER_NUMBER, OUTBOUND_ADDRESS="tea.pstn.twilio.com"
    )
    begins = [
        f"Twilio says that {deaf} cannot take voice calls: ",
        f"secure trunking is on for the Twilio trunk {sid}, ",
        f"OUTBOUND_ADDRESS is tea.pstn.twilio.com, but the termination URI of the Twilio trunk {sid} is cafe.pstn.",
        f"the Twilio trunk {sid} also sends calls to another origination URI, {other}, ",
        f"no line answers {answered} on the Twilio trunk {sid}: ",
    ]
    assert [sentence[: len(begin)] for sentence, begin in zip(told, begins, strict=True)] == begins


async def test_a_trunk_to_which_outbound_calls_may_go_is_warned_of_only_if_it_refuses_them(
    fake: FakeTwilio, host: Host
) -> None:
    await host.apply()
    host.trunk().update(domain_name="cafe.pstn.twilio.com")
    regional = {"OUTBOUND_ADDRESS": "cafe.pstn.us1.twilio.com:5060"}
    [warning] = await host.warnings(**regional)
    assert "has neither a credential list nor an access control list" in warning
    host.trunk().update(auth_type="CREDENTIAL_LIST")
    assert await host.warnings(**regional) == []
    assert await host.warnings(OUTBOUND_ADDRESS="sip.example.com") == []


async def test_numbers_are_found_with_their_price_and_bought_once(fake: FakeTwilio, host: Host) -> None:
    fake.for_sale = ["+18085550101", "+18085550102", "+13035550103"]
    async with twilio.connect(host.settings()) as account:
        found = await twilio.search_numbers(account, "US", area_code=808, limit=1)
        assert found == [twilio.Offer("+18085550101", "Hilo, HI", Decimal("1.15"), "USD", needs_address=False)]
        [toll_free, *_] = await twilio.search_numbers(account, "US", kind="toll free")
        assert toll_free.price == Decimal("2.15")
        bought = await twilio.buy_number(account, "+18085550101")
        assert bought == await twilio.buy_number(account, "+18085550101")
        with pytest.raises(
            twilio.TwilioError, match=r"^Twilio answered 400: <number> is not available \(error 21422\)"
        ):
            await twilio.buy_number(account, "+18085550199")
    assert fake.calls.count("CreateIncomingPhoneNumber") == 2


async def test_a_purchase_whose_answer_was_lost_is_not_made_twice(fake: FakeTwilio, host: Host) -> None:
    fake.for_sale = ["+18085550101"]
    fake.die_after = 2  # the list of owned numbers, then the purchase
    short = RetryPolicy(attempts=3, seconds=30, request_seconds=1)
    async with twilio.connect(host.settings(), short) as account:
        buying = asyncio.create_task(twilio.buy_number(account, "+18085550101"))
        await fake.died.wait()
        fake.die_after = None
        assert (await buying).number == "+18085550101"
    assert fake.calls.count("CreateIncomingPhoneNumber") == 1


async def test_the_fake_refuses_what_the_description_forbids_and_keeps_it_as_a_fault() -> None:
    fake = FakeTwilio()
    trunk = fake.add_trunk(NAME, secure="perhaps")
    async with fake.serving() as url, aiohttp.ClientSession() as session:
        key = {"Authorization": aiohttp.encode_basic_auth(fake.key, fake.secret)}
        uris = f"{url}/v1/Trunks/{trunk}/OriginationUrls"
        async with session.post(uris, data={"SipUrl": URI, "Weight": "heavy", "Colour": "red"}, headers=key) as answer:
            assert answer.status == 400
        async with session.get(f"{url}/v1/Trunks", headers=key) as answer:
            assert answer.status == 200
        async with session.get(f"{url}/v1/Calls", headers=key) as answer:
            assert answer.status == 404
    assert fake.uris == {}
    for fault in ("'Priority' is a required", "'heavy' is not of type", "'Colour' was", "'perhaps'", "GET /v1/Calls"):
        assert any(fault in found for found in fake.faults), fault


async def test_the_description_has_the_operations_that_are_used_and_its_licence(fake: FakeTwilio, host: Host) -> None:
    spare = fake.add_trunk(NAME)
    first, second = fake.add_uri(spare, friendly_name="Landline"), fake.add_uri(spare, friendly_name="Landline")
    await host.apply()
    assert len({first, second} & set(fake.uris)) == 1
    fake.add_trunk(NAME)
    await host.apply(TWILIO_DISASTER_URL="https://example.com/sorry.xml")
    fake.delete_trunk(str(host.trunk()["sid"]))
    await host.apply()
    fake.for_sale = ["+18085550101"]
    async with twilio.connect(host.settings()) as account:
        for kind in twilio.KINDS:
            await twilio.search_numbers(account, "US", kind=kind)
        await twilio.buy_number(account, "+18085550101")
    assert set(fake.calls) == {operation.id for operation in OPERATIONS}
    assert DESCRIPTION["info"]["x-licence"][0] == "MIT License"


async def test_the_image_has_those_folders_of_the_client_that_are_used(fake: FakeTwilio, host: Host) -> None:
    await host.apply()
    async with twilio.connect(host.settings()) as account:
        await twilio.search_numbers(account, "US")
    used = {match[1] for name in sys.modules if (match := re.match(r"twilio\.rest\.([a-z_]+)(?:\.|$)", name))}
    assert used == set(re.findall(r"! -name ([a-z]+)\b", (ROOT / "bootstrap/Dockerfile").read_text()))
