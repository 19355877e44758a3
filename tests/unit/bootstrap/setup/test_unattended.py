"""`make setup YES=yes`: nobody is asked, everything is checked, and nothing is written unless all of it is right."""

import pytest

from tests.support.fakes.twilio_api import RefusedError
from tests.support.house import example_variables
from tests.unit.bootstrap.setup.conftest import (
    ADDRESS,
    KEY,
    KEY_SID,
    NAME,
    REVOKED,
    SECRET,
    SID,
    TWILIO,
    Host,
    complaints,
)

NUMBER, OTHER = "+12025550111", "+12025550122"


async def test_a_fresh_clone_needs_no_answer_and_gets_the_example(host: Host) -> None:
    outcome = await host.unattended()
    assert (outcome.code, outcome.complained) == (0, "")
    assert host.env_file.read_text() == host.example.read_text()
    assert host.mode() == 0o600


async def test_what_is_given_is_checked_and_written(host: Host) -> None:
    given = {"DOMAIN": NAME, "PHONE_NUMBERS": "+1 202-555-0111", "OPENAI_API_KEY": KEY}
    outcome = await host.unattended(**given)
    assert (outcome.code, outcome.complained) == (0, "")
    before = {**example_variables(), "TWILIO_API_URL": host.twilio.url}
    changed = {name: value for name, value in host.env().items() if value != before[name]}
    assert changed == {**given, "PHONE_NUMBERS": NUMBER}
    assert KEY not in outcome.printed


async def test_a_secret_on_makes_command_line_is_used_and_warned_of(host: Host) -> None:
    outcome = await host.unattended(OPENAI_API_KEY=KEY)
    assert "OPENAI_API_KEY stood on make's command line" in outcome.printed
    quiet = await host.unattended({"OPENAI_API_KEY": KEY})
    assert "command line" not in quiet.printed


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"DOMAIN": "https://line.example.com"}, "DOMAIN is 'https://line.example.com'; write a host name alone"),
        ({"DOMAIN": "line"}, "DOMAIN is 'line'; write a host name alone"),
        ({"DOMAIN": ADDRESS}, "DOMAIN is '198.51.100.7', an address; write a name"),
        ({"PUBLIC_IP": "198.51.100.700"}, "PUBLIC_IP is '198.51.100.700'; write this host's public IPv4 address"),
        ({"PUBLIC_IP": "198.51.100.07"}, "PUBLIC_IP is '198.51.100.07'; write this host's public IPv4 address"),
        ({"PHONE_NUMBERS": "2025550111"}, "PHONE_NUMBERS '2025550111' has no + and country code"),
        ({"OPENAI_API_KEY": REVOKED}, "OPENAI_API_KEY was refused by http"),
        ({"OPENAI_API_KEY": "sk-$HOME"}, "OPENAI_API_KEY holds a $, which Compose would expand"),
        ({"OPENAI_API_KEY": "sk-\udcff"}, "OPENAI_API_KEY holds '\\udcff'"),
        ({"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": "llm"}, "OPENAI_BASE_URL is 'llm'; write an address"),
        ({"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": "http://localhost:80"}, "write host.docker.internal"),
        ({"OPENAI_BASE_URL": "http://192.0.2.7/v1"}, "OPENAI_BASE_URL was given, but the other answers"),
        ({"SPEECH_SIZE": "tiny"}, "SPEECH_SIZE is 'tiny'; expected one of small, default"),
        ({"DOMAIN": NAME, "TRUNK_PROVIDER": "acme"}, "TRUNK_PROVIDER is 'acme'; expected one of"),
        ({"DOMAIN": NAME, "TRUNK_PROVIDER": "generic"}, "ALLOWED_ADDRESSES is empty, and this provider has no"),
        ({"DOMAIN": NAME, "ALLOWED_ADDRESSES": "10.0.0.1"}, "ALLOWED_ADDRESSES '10.0.0.1' is or includes a private"),
        ({"DOMAIN": NAME, "TRUNK_ACCOUNT": "AC1"}, "TRUNK_ACCOUNT is something else, which is not shown here"),
        ({"TWILIO_API_KEY": KEY_SID}, "TWILIO_API_KEY is set, but Twilio's calls do not come here without DOMAIN"),
        (
            {"DOMAIN": NAME, "TRUNK_PROVIDER": "telnyx", "TRUNK_ACCOUNT": SID},
            "TRUNK_ACCOUNT is set, but no call from Telnyx names an account; leave it empty",
        ),
        (
            {"DOMAIN": NAME, "TRUNK_PROVIDER": "acme", "ALLOWED_ADDRESSES": "10.0.0.1"},
            "TRUNK_PROVIDER is 'acme'; expected one of",
        ),
        ({"DOMAIN": NAME, **TWILIO, "TWILIO_API_KEY": ""}, "TWILIO_API_KEY is empty; write an API key's SID"),
        ({"DOMAIN": NAME, **TWILIO, "TWILIO_API_SECRET": ""}, "TWILIO_API_SECRET is empty"),
        ({"DOMAIN": NAME, **TWILIO, "TWILIO_API_SECRET": "wrong"}, "Twilio refused the key:"),
        ({"DOMAIN": NAME, **TWILIO, "TRUNK_ACCOUNT": f"AC{'f' * 32}"}, "TRUNK_ACCOUNT is another account than"),
        ({"DOMAIN": NAME, "TWILIO_DISASTER_URL": f"https://{NAME}/sorry.xml"}, "TWILIO_DISASTER_URL is on this host"),
        (
            {"DOMAIN": NAME, "PUBLIC_IP": ADDRESS, "TWILIO_DISASTER_URL": f"https://{ADDRESS}/sorry.xml"},
            "TWILIO_DISASTER_URL is on this host",
        ),
        ({"SIP_PORT": "15060"}, "SIP_PORT: make setup does not ask for this"),
        ({"DOMIAN": NAME}, "DOMIAN: make setup does not ask for this"),
    ],
)
async def test_a_wrong_answer_is_named_and_nothing_is_written(
    host: Host, monkeypatch: pytest.MonkeyPatch, given: dict[str, str], complaint: str
) -> None:
    monkeypatch.setenv("IN_CONTAINER", "yes")
    outcome = await host.unattended(**given)
    assert outcome.code == 2
    [told] = complaints(outcome)
    assert complaint in told
    assert not host.env_file.exists()
    assert not any(secret in outcome.complained + outcome.printed for secret in (KEY, REVOKED, SECRET, "sk-"))


async def test_all_wrong_answers_are_in_one_report(host: Host) -> None:
    outcome = await host.unattended(DOMAIN="a b", PHONE_NUMBERS="1", OPENAI_API_KEY=REVOKED)
    assert [told.split(" ")[0] for told in complaints(outcome)] == ["DOMAIN", "OPENAI_API_KEY", "PHONE_NUMBERS"]
    assert "3 problems" in outcome.complained


async def test_an_address_that_no_service_returns_has_to_be_given(host: Host) -> None:
    host.knows_its_address = False
    outcome = await host.unattended(DOMAIN="auto")
    assert outcome.code == 2
    assert complaints(outcome) == [
        "PUBLIC_IP is not set, and no service returned it; write this host's public IPv4 address"
    ]
    assert complaints(await host.unattended(DOMAIN="https://x"))[0].startswith("DOMAIN is 'https://x'; ")
    assert (await host.unattended(DOMAIN="auto", PUBLIC_IP=ADDRESS)).code == 0


async def test_an_id_that_is_really_the_secret_is_not_shown(host: Host) -> None:
    outcome = await host.unattended(DOMAIN=NAME, **{**TWILIO, "TWILIO_API_KEY": SECRET})
    assert "TWILIO_API_KEY is something else" in outcome.complained
    assert SECRET not in outcome.complained + outcome.printed


async def test_what_the_operator_wrote_is_kept_and_what_is_missing_is_added(host: Host) -> None:
    host.write(f"# mine\nPHONE_NUMBERS={NUMBER}\nSIP_PORT=15060\n")
    outcome = await host.unattended({"PHONE_NUMBERS": OTHER, "DOMAIN": NAME})
    assert outcome.code == 0, outcome.complained
    assert host.env_file.read_text().startswith(f"# mine\nPHONE_NUMBERS={NUMBER}\nSIP_PORT=15060\n")
    assert host.env()["DOMAIN"] == NAME
    assert "another value of PHONE_NUMBERS than .env has. The one in .env is kept" in outcome.printed
    assert OTHER not in outcome.printed


async def test_what_stands_on_makes_command_line_replaces_a_value_which_stays_as_a_comment(host: Host) -> None:
    host.write(f"OPENAI_API_KEY=sk-mine\nPHONE_NUMBERS={NUMBER}\n")
    assert (await host.unattended(PHONE_NUMBERS=OTHER, OPENAI_API_KEY="")).code == 0
    text = host.env_file.read_text()
    assert f"# before make setup: PHONE_NUMBERS={NUMBER}\nPHONE_NUMBERS={OTHER}\n" in text
    assert "# before make setup: OPENAI_API_KEY=sk-mine\nOPENAI_API_KEY=\n" in text
    assert (await host.unattended(PHONE_NUMBERS=NUMBER)).code == 0
    assert host.env_file.read_text().count("# before make setup: PHONE_NUMBERS=") == 1
    assert f"# before make setup: PHONE_NUMBERS={OTHER}\n" in host.env_file.read_text()


async def test_a_second_run_changes_nothing(host: Host) -> None:
    assert (await host.unattended(DOMAIN=NAME, PHONE_NUMBERS=NUMBER, OPENAI_API_KEY=KEY)).code == 0
    before = host.env_file.read_bytes(), host.env_file.stat().st_ino
    assert (await host.unattended()).code == 0
    assert (host.env_file.read_bytes(), host.env_file.stat().st_ino) == before


@pytest.mark.parametrize(
    ("addresses", "doubt"),
    [([], "which has no IPv4 address in DNS; create an A record with 198.51.100.7"), (["192.0.2.1"], "192.0.2.1 and")],
)
async def test_a_name_that_does_not_lead_here_yet_is_a_warning(
    host: Host, dns: dict[str, list[str]], addresses: list[str], doubt: str
) -> None:
    dns[NAME] = addresses
    outcome = await host.unattended(DOMAIN=NAME)
    assert outcome.code == 0, outcome.complained
    assert f"warning: DOMAIN is '{NAME}', " in outcome.printed
    assert doubt in outcome.printed
    assert host.env()["DOMAIN"] == NAME


async def test_a_key_that_cannot_be_checked_is_a_warning_and_is_not_shown(host: Host) -> None:
    outcome = await host.unattended(OPENAI_API_KEY="sk-of-a-server-that-is-down")
    assert outcome.code == 0
    assert "warning: OPENAI_API_KEY could not be checked" in outcome.printed
    assert "sk-of" not in outcome.printed


async def test_a_host_with_little_memory_gets_the_small_models_unless_it_was_told(host: Host) -> None:
    host.memory = 2000
    assert (await host.unattended()).code == 0
    assert host.env()["SPEECH_SIZE"] == "small"
    host.env_file.unlink()
    assert (await host.unattended(OPENAI_API_KEY=KEY)).code == 0
    assert host.env()["SPEECH_SIZE"] == "default"


@pytest.mark.parametrize("memory", [2000, 8000])
async def test_the_default_size_may_be_asked_for(host: Host, memory: int) -> None:
    host.memory = memory
    host.write("SPEECH_SIZE=small\n")
    assert (await host.unattended(SPEECH_SIZE="default")).code == 0
    assert host.env()["SPEECH_SIZE"] == "default"


async def test_what_is_given_as_empty_is_emptied(host: Host) -> None:
    host.write(f"DOMAIN={NAME}\nPUBLIC_IP={ADDRESS}\nALLOWED_ADDRESSES=8.8.8.8\n")
    outcome = await host.unattended(PUBLIC_IP="", ALLOWED_ADDRESSES="", TRUNK_PROVIDER="twilio")
    assert (outcome.code, outcome.complained) == (0, "")
    assert (host.env()["DOMAIN"], host.env()["PUBLIC_IP"], host.env()["ALLOWED_ADDRESSES"]) == (NAME, "", "")


async def test_what_is_given_as_empty_and_has_no_place_is_refused_if_it_would_stay(host: Host) -> None:
    host.write("TWILIO_DISASTER_URL=https://example.com/sorry.xml\n")
    [told] = complaints(await host.unattended(TWILIO_DISASTER_URL=""))
    assert told.startswith("TWILIO_DISASTER_URL was given, but the other answers leave no place for it")
    assert (await host.unattended(TRUNK_PROVIDER="twilio", TRUNK_ACCOUNT="")).code == 0  # as it is


async def test_an_account_that_the_shell_exports_for_other_programs_stops_no_trial_on_this_machine(host: Host) -> None:
    outcome = await host.unattended(TWILIO)
    assert (outcome.code, outcome.complained) == (0, "")
    assert not any(host.env()[name] for name in TWILIO)


async def test_an_account_that_the_shell_exports_is_used_only_with_its_key(host: Host) -> None:
    host.twilio.own(NUMBER)
    assert (await host.unattended({"TWILIO_ACCOUNT_SID": SID}, DOMAIN=NAME)).code == 0
    assert not any(host.env()[name] for name in TWILIO)
    assert (await host.unattended(TWILIO, DOMAIN=NAME)).code == 0
    assert {name: host.env()[name] for name in TWILIO} == TWILIO


async def test_the_secret_is_sent_nowhere_without_https(host: Host) -> None:
    host.write("TWILIO_API_URL=http://api.example.com\n")
    [told] = complaints(await host.unattended(DOMAIN=NAME, **TWILIO))
    assert told.startswith("TWILIO_API_URL is 'http://api.example.com'; write https")


async def test_what_is_not_utf_8_in_a_comment_stays_as_it_is(host: Host) -> None:
    comment = b"# the line of the Caf\xe9\n"
    host.env_file.write_bytes(comment)
    assert (await host.unattended(DOMAIN=NAME)).code == 0
    assert host.env_file.read_bytes() == comment + f"DOMAIN={NAME}\n".encode()


async def test_the_only_free_number_of_the_account_is_taken(host: Host) -> None:
    host.twilio.own(OTHER, trunk=host.twilio.add_trunk("Office"))
    host.twilio.own(NUMBER, trunk=host.twilio.add_trunk("Landline inbound-voice-agent"))
    outcome = await host.unattended(DOMAIN=NAME, **TWILIO)
    assert (outcome.code, outcome.complained) == (0, "")
    assert {name: host.env()[name] for name in TWILIO} == TWILIO
    assert host.env()["PHONE_NUMBERS"] == NUMBER
    assert SECRET not in outcome.printed


@pytest.mark.parametrize(
    ("owned", "number", "complaint"),
    [
        ({NUMBER: None, OTHER: None}, "", "PHONE_NUMBERS is not set, and 2 of the account's numbers are free"),
        ({NUMBER: None}, OTHER, "PHONE_NUMBERS: entry 1 of 1 cannot be used: it is none of the account's"),
        ({NUMBER: "Office"}, NUMBER, "cannot be used: it is on another trunk, Office"),
    ],
)
async def test_a_number_that_the_account_cannot_give_is_refused_and_nothing_is_bought(
    host: Host, owned: dict[str, str | None], number: str, complaint: str
) -> None:
    for its, trunk in owned.items():
        host.twilio.own(its, trunk=trunk and host.twilio.add_trunk(trunk))
    outcome = await host.unattended(DOMAIN=NAME, **TWILIO, **({"PHONE_NUMBERS": number} if number else {}))
    assert outcome.code == 2
    [told] = complaints(outcome)
    assert complaint in told
    assert not host.env_file.exists()
    assert "CreateIncomingPhoneNumber" not in host.twilio.calls
    assert NUMBER not in told


async def test_the_key_of_another_account_than_the_one_whose_calls_are_taken_is_used_when_that_is_emptied(
    host: Host,
) -> None:
    host.twilio.own(NUMBER)
    host.write(f"TRUNK_ACCOUNT={SID}\n")
    assert (await host.unattended(DOMAIN=NAME, **TWILIO)).code == 0
    assert host.env()["TRUNK_ACCOUNT"] == SID


async def test_twilio_that_does_not_answer_ends_it_with_nothing_written(host: Host) -> None:
    host.twilio.refuse_next = [RefusedError(503, 20503, "Service unavailable")] * 20
    outcome = await host.unattended(DOMAIN=NAME, **TWILIO)
    assert outcome.code == 3
    assert outcome.complained.startswith("Twilio answered 503: ")
    assert outcome.complained.endswith(" after 6 attempts. Run make setup again later.\n")
    assert not host.env_file.exists()


async def test_an_example_number_on_a_public_line_is_warned_of(host: Host) -> None:
    assert "the example's number" in (await host.unattended(DOMAIN=NAME)).printed
    assert "the example's number" not in (await host.unattended(PHONE_NUMBERS=NUMBER)).printed


@pytest.mark.parametrize("name", ["", "localhost"])
async def test_a_host_without_a_name_asks_nobody_for_its_address(
    host: Host, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr("bootstrap.internet.Internet.public_address", None)
    assert (await host.unattended(DOMAIN=name)).code == 0


async def test_a_folder_that_cannot_be_written_to_is_one_sentence(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("bootstrap.setup.env_file.os.open", refuse)
    outcome = await host.unattended(PHONE_NUMBERS=NUMBER)
    assert outcome.code == 3
    assert outcome.complained == (
        ".env cannot be read or written: Permission denied. It and its folder have to be yours.\n"
    )


async def test_a_write_that_fails_leaves_the_file_as_it_was(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.write("SIP_PORT=15060\n")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("bootstrap.setup.env_file.os.fsync", full)
    assert (await host.unattended(PHONE_NUMBERS=NUMBER)).code == 3
    assert host.env_file.read_text() == "SIP_PORT=15060\n"
