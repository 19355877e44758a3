"""What is accepted, where it may stand, and what a report looks like."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bootstrap.settings import ServerSettings, Settings, load
from tests.unit.bootstrap.conftest import KEY, SECRET, Environment

Load = Callable[..., ServerSettings]
Report = Callable[..., list[str]]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("+12025550100", ("+12025550100",)),
        ("+1 (555) 010-0000", ("+15550100000",)),
        ("+12025550100,+442071838750", ("+12025550100", "+442071838750")),
        ("+12025550100, +442071838750", ("+12025550100", "+442071838750")),
        ("+2901234", ("+2901234",)),
        ("+123456789012345", ("+123456789012345",)),
    ],
)
def test_numbers_become_e164_in_the_order_given(settings: Load, text: str, numbers: tuple[str, ...]) -> None:
    assert settings(PHONE_NUMBERS=text).phone_numbers == numbers


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("54.172.60.1", ("54.172.60.1/32",)),
        ("54.172.60.1/30", ("54.172.60.0/30",)),
        ("54.172.60.0/30, 54.244.51.0/30", ("54.172.60.0/30", "54.244.51.0/30")),
        ("2600:1F00::1", ("2600:1f00::1/128",)),
        ("2600:1f00::/24", ("2600:1f00::/24",)),
        ("54.0.0.0/8", ("54.0.0.0/8",)),
    ],
)
def test_addresses_become_ranges_with_their_host_bits_cleared(
    settings: Load, text: str, addresses: tuple[str, ...]
) -> None:
    assert settings(ALLOWED_ADDRESSES=text).allowed_addresses == addresses


@pytest.mark.parametrize("text", ["0.0.0.0/0", "0.0.0.0/1,128.0.0.0/1", "::/0"])
def test_any_address_is_allowed_if_asked_for(settings: Load, text: str) -> None:
    assert settings(ALLOWED_ADDRESSES=text, ALLOW_ANY_ADDRESS="yes").allowed_addresses == tuple(text.split(","))


@pytest.mark.parametrize("text", ["10.0.0.0/8", "127.0.0.1/32", "fd00::/64"])
def test_private_ranges_are_allowed_if_asked_for(settings: Load, text: str) -> None:
    assert settings(ALLOWED_ADDRESSES=text, ALLOW_PRIVATE_ADDRESSES="yes").allowed_addresses == (text,)


def test_private_does_not_mean_any_nor_any_private(report: Report) -> None:
    [line] = report(ALLOWED_ADDRESSES="0.0.0.0/0,10.0.0.1", ALLOW_PRIVATE_ADDRESSES="yes")
    assert "0.0.0.0/0" in line
    assert "10.0.0.1" not in line
    [line] = report(ALLOWED_ADDRESSES="0.0.0.0/0,10.0.0.1", ALLOW_PRIVATE_ADDRESSES="no", ALLOW_ANY_ADDRESS="yes")
    assert "0.0.0.0/0" not in line
    assert "10.0.0.1" in line


def test_generic_trunks_must_say_their_addresses(report: Report, settings: Load) -> None:
    [line] = report(TRUNK_PROVIDER="generic")
    assert line.startswith("ALLOWED_ADDRESSES is not set")
    assert settings(TRUNK_PROVIDER="generic", ALLOWED_ADDRESSES="8.8.8.8").allowed_addresses == ("8.8.8.8/32",)


@pytest.mark.parametrize(
    "text",
    ["ws://livekit:7880", "wss://livekit.example.com", "http://127.0.0.1:7880", "https://[2600:1f00::1]:443"],
)
def test_a_url_may_be_websocket_or_http(settings: Load, text: str) -> None:
    assert settings(LIVEKIT_URL=text).livekit_url == text


@pytest.mark.parametrize("host", ["localhost", "livekit.localhost", "127.0.0.1", "127.1", "0.0.0.0", "[::1]", "[::]"])
def test_in_a_container_localhost_is_refused_with_what_to_write(
    report: Report, settings: Load, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    url = f"ws://{host}:7880"
    assert settings(LIVEKIT_URL=url).livekit_url == url
    monkeypatch.setenv("IN_CONTAINER", "yes")
    [line] = report(LIVEKIT_URL=url)
    assert line.startswith(f"LIVEKIT_URL is '{url}', which is the container itself; ")
    assert "host.docker.internal" in line
    assert settings(LIVEKIT_URL="ws://host.docker.internal:7880")
    assert settings(LIVEKIT_URL="wss://localhost.example.com")


def test_an_empty_variable_is_an_unset_one(settings: Load) -> None:
    names = [name.upper() for name in Settings.model_fields if not name.startswith("livekit_api")]
    assert settings(**dict.fromkeys(names, "")) == settings()


def test_every_wrong_variable_is_in_one_report(report: Report) -> None:
    lines = report(
        LIVEKIT_URL="livekit",
        LIVEKIT_API_SECRET="short",
        PHONE_NUMBERS="1",
        TRUNK_PROVIDER="nobody",
        ALLOW_ANY_ADDRESS="maybe",
        ALLOWED_ADDRESSES="x",
        SIP_USERNAME="bob",
        RINGING_TIMEOUT="0",
    )
    assert [line.split()[0] for line in lines] == [
        "LIVEKIT_URL",
        "LIVEKIT_API_SECRET",
        "PHONE_NUMBERS",
        "TRUNK_PROVIDER",
        "ALLOW_ANY_ADDRESS",
        "ALLOWED_ADDRESSES",
        "SIP_PASSWORD",
        "RINGING_TIMEOUT",
    ]


def test_every_wrong_entry_of_a_list_is_named_up_to_a_bound(report: Report) -> None:
    [line] = report(PHONE_NUMBERS=",".join(f"+{n}" for n in range(1, 9)))
    assert line.count("digits") == 5
    assert line.endswith("and 3 more")


def test_a_wrong_flag_is_reported_without_its_effects(report: Report) -> None:
    [line] = report(ALLOW_PRIVATE_ADDRESSES="YES", ALLOWED_ADDRESSES="10.0.0.1")
    assert line.startswith("ALLOW_PRIVATE_ADDRESSES")


def test_no_secret_is_in_a_report_or_in_what_python_shows(report: Report, settings: Load) -> None:
    wrong = {"LIVEKIT_API_KEY": "canary-one:", "LIVEKIT_API_SECRET": "canary-two", "SIP_PASSWORD": "canary three"}
    assert "canary" not in "".join(report(**wrong))
    right = {
        "SIP_USERNAME": "bob",
        "SIP_PASSWORD": "canary-three",
        "LIVEKIT_API_KEY": KEY,
        "LIVEKIT_API_SECRET": SECRET,
    }
    shown = repr(settings(**right))
    assert "canary" not in shown
    assert SECRET not in shown


def test_secrets_come_from_files_and_one_newline_at_the_end_is_not_theirs(
    environment: Environment, secrets: Path
) -> None:
    environment(LIVEKIT_API_KEY="", LIVEKIT_API_SECRET="")
    (secrets / "livekit_api_key").write_text("APIfile\n")
    (secrets / "livekit_api_secret").write_text("f" * 32)
    (secrets / "sip_password").write_text("")
    settings, _ = load(ServerSettings)
    assert settings.livekit_api_key.get_secret_value() == "APIfile"
    assert settings.livekit_api_secret.get_secret_value() == "f" * 32
    assert settings.sip_password is None


@pytest.mark.parametrize("content", [b"f" * 32 + b"\r\n", b"f" * 32 + b"\n\n", b" " + b"f" * 32, b"f" * 32 + b"\xff"])
def test_a_secret_file_is_read_as_it_is(report: Report, secrets: Path, content: bytes) -> None:
    (secrets / "livekit_api_secret").write_bytes(content)
    [line] = report(LIVEKIT_API_SECRET="")
    assert line.startswith(("LIVEKIT_API_SECRET holds", "LIVEKIT_API_SECRET begins"))


def test_a_missing_key_is_reported_unless_no_server_is_asked(environment: Environment, report: Report) -> None:
    lines = report(LIVEKIT_API_KEY="", LIVEKIT_API_SECRET="")
    assert [line.split(";")[0] for line in lines] == ["LIVEKIT_API_KEY is not set", "LIVEKIT_API_SECRET is not set"]
    assert load(Settings)[0].livekit_api_key is None


def test_a_clones_env_file_is_read_and_the_environment_goes_first(environment: Environment, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PHONE_NUMBERS=+12025550111\nAGENT_NAME=from-file\nOPENAI_API_KEY=not-ours\n")
    environment(AGENT_NAME="from-environment")
    settings, _ = load(Settings)
    assert settings.phone_numbers == ("+12025550111",)
    assert settings.agent_name == "from-environment"


@pytest.mark.parametrize(
    ("provider", "given", "name"),
    [
        ("twilio", {}, "Twilio Trunk"),
        ("generic", {}, "SIP Trunk"),
        ("generic", {"TRUNK_NAME": "Twilio Trunk"}, "SIP Trunk"),  # in an .env that release 0.1.0 made
        ("generic", {"TRUNK_NAME": "Main"}, "Main"),
        ("twilio", {"TRUNK_NAME": "Main"}, "Main"),
    ],
)
def test_a_trunk_is_called_after_its_provider_unless_it_has_a_name(
    settings: Load, provider: str, given: dict[str, str], name: str
) -> None:
    assert settings(TRUNK_PROVIDER=provider, ALLOWED_ADDRESSES="54.172.60.1", **given).trunk_name == name


TWILIO = {
    "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
    "TWILIO_API_KEY": "SK" + "0" * 32,
    "TWILIO_API_SECRET": "canary-secret",
    "SITE": "line.example.com",
}


def test_an_account_at_twilio_is_the_one_whose_calls_are_taken(settings: Load) -> None:
    given = settings(**TWILIO, TRUNK_ACCOUNT=TWILIO["TWILIO_ACCOUNT_SID"])
    assert given.twilio_account_sid == given.trunk_account
    assert "canary" not in repr(given)


@pytest.mark.parametrize(
    ("edit", "problem"),
    [
        (
            {"TWILIO_ACCOUNT_SID": "SK" + "0" * 32},
            "TWILIO_ACCOUNT_SID is 'SK00000000000000000000000000000000'; write the",
        ),
        (
            {"TWILIO_API_KEY": "AC" + "0" * 32},
            "TWILIO_API_KEY is 'AC00000000000000000000000000000000'; write an API key",
        ),
        (
            {"TWILIO_API_KEY": ""},
            "TWILIO_API_SECRET goes together with TWILIO_ACCOUNT_SID and TWILIO_API_KEY, and TWIL",
        ),
        (
            {"TWILIO_API_SECRET": ""},
            "TWILIO_API_SECRET goes together with TWILIO_ACCOUNT_SID and TWILIO_API_KEY, and TW",
        ),
        ({"TWILIO_API_SECRET": "canary secret"}, "TWILIO_API_SECRET holds white space"),
        (
            {"SITE": "localhost"},
            "TWILIO_ACCOUNT_SID is set, but Twilio cannot reach this host; set DOMAIN or PUBLIC_IP",
        ),
        (
            {"TRUNK_PROVIDER": "generic", "ALLOWED_ADDRESSES": "8.8.8.8"},
            "TWILIO_ACCOUNT_SID is set, but TRUNK_PROVIDER",
        ),
        (
            {"TRUNK_ACCOUNT": "AC" + "1" * 32},
            "TRUNK_ACCOUNT is another account than TWILIO_ACCOUNT_SID, so the agent wo",
        ),
        (
            {"TWILIO_DISASTER_URL": "sorry.xml"},
            "TWILIO_DISASTER_URL is 'sorry.xml'; write an address like https://exam",
        ),
        ({"TWILIO_DISASTER_URL": "https://line.example.com/x"}, "TWILIO_DISASTER_URL is on this host; Twilio asks it"),
        (
            {"SITE": "Line.Example.com", "TWILIO_DISASTER_URL": "https://line.example.com/x"},
            "TWILIO_DISASTER_URL is on this host",
        ),
        ({"TWILIO_DISASTER_URL": "https://54.1.2.3/x", "ADVERTISED_IP": "54.1.2.3"}, "TWILIO_DISASTER_URL is on this"),
        (
            {"TWILIO_API_URL": "http://api.example.com"},
            "TWILIO_API_URL is 'http://api.example.com'; write https, becaus",
        ),
        ({"SIP_PORT": "0"}, "SIP_PORT is '0': Input should be greater than or equal to 1"),
    ],
)
def test_an_account_at_twilio_that_cannot_work_is_refused(report: Report, edit: dict[str, str], problem: str) -> None:
    [line] = report(**TWILIO | edit)
    assert line.startswith(problem)
    assert "canary" not in line


@pytest.mark.parametrize(
    "url", ["https://api.example.com:8443", "http://127.0.0.1:8000", "http://172.29.53.9", "http://twilio:8000"]
)
def test_the_secret_is_sent_over_https_or_in_a_private_network(settings: Load, url: str) -> None:
    assert settings(**TWILIO, TWILIO_API_URL=url).twilio_api_url == url


def test_a_host_is_reached_by_its_name_or_else_by_its_address(settings: Load) -> None:
    assert settings().public_host is None
    assert settings(ADVERTISED_IP="54.1.2.3").public_host == "54.1.2.3"
    assert settings(ADVERTISED_IP="54.1.2.3", SITE="line.example.com").public_host == "line.example.com"
