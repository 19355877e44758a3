"""`.env` as `make up` makes it, before there is any container: the scripts of bootstrap/host, run for real."""

from __future__ import annotations

import os
import re
import stat
import subprocess
from base64 import b64decode
from typing import TYPE_CHECKING

import pytest

from tests.support.house import example_variables

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.host.conftest import Clone

Env = dict[str, str]


@pytest.fixture
def file(clone: Clone) -> Path:
    return clone.env_file


def test_the_first_run_copies_the_example_and_fills_in_the_secrets(clone: Clone, file: Path) -> None:
    assert clone.make_env().returncode == 0
    made = clone.env()
    assert set(example_variables()) <= set(made)
    secrets = [made[name] for name in ("LIVEKIT_API_KEY", "LIVEKIT_API_SECRET", "REDIS_PASSWORD")]
    assert all(len(secret) >= 32 for secret in secrets)
    assert len(set(secrets)) == 3
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_second_run_changes_nothing(clone: Clone, file: Path) -> None:
    clone.make_env()
    before = file.read_bytes()
    assert clone.make_env().returncode == 0
    assert file.read_bytes() == before


def test_a_persons_lines_are_never_changed_and_what_is_new_is_added(clone: Clone, file: Path) -> None:
    mine = "# my line\nPHONE_NUMBERS=+12025550123\nLIVEKIT_API_SECRET=" + "s" * 40
    file.write_text(mine)  # without an end of line, as some editors leave it
    assert clone.make_env().returncode == 0
    assert file.read_text().startswith(mine + "\n")
    assert set(example_variables()) <= set(clone.env())
    assert clone.make_env().returncode == 0
    assert set(example_variables()) <= set(clone.env())


def test_a_persons_line_below_what_make_wrote_is_kept_and_used(clone: Clone, file: Path) -> None:
    clone.make_env()
    without = [line for line in file.read_text().splitlines() if not line.startswith("OPENAI_API_KEY=")]
    file.write_text("\n".join([*without, "# my account", "OPENAI_API_KEY=sk-mine", ""]))
    assert clone.make_env().returncode == 0
    assert "# my account\nOPENAI_API_KEY=sk-mine\n" in file.read_text()
    assert clone.env()["OPENAI_API_KEY"] == "sk-mine"


def labels(env: Env, kind: str) -> Env:
    return {name: value for name, value in env.items() if name.startswith(f"{kind}_OF_")}


def changed(before: Env, after: Env, kind: str) -> set[str]:
    return {name.split("_OF_")[1] for name, value in labels(after, kind).items() if labels(before, kind)[name] != value}


@pytest.mark.parametrize(
    ("secret", "holders"),
    [
        ("OPENAI_API_KEY", {"AGENT", "BOOTSTRAP"}),
        ("SIP_PASSWORD", {"BOOTSTRAP", "PHONE", "WATCH"}),
        ("REDIS_PASSWORD", {"REDIS", "LIVEKIT", "SIP"}),
        ("LIVEKIT_API_SECRET", {"LIVEKIT", "SIP", "BOOTSTRAP", "AGENT", "WATCH", "DESK"}),
        ("TWILIO_API_SECRET", {"BOOTSTRAP", "WATCH"}),
        ("TWILIO_API_KEY", set()),  # the name of a key, and no key of a provider
    ],
)
def test_a_changed_secret_changes_the_label_that_makes_compose_replace_its_containers(
    clone: Clone, file: Path, secret: str, holders: set[str]
) -> None:
    clone.make_env()
    before = clone.env()
    file.write_text(re.sub(rf"^{secret}=.*", f"{secret}={'n' * 40}", file.read_text(), flags=re.M))
    assert clone.make_env().returncode == 0
    assert changed(before, clone.env(), "SECRETS") == holders


def test_a_changed_secret_of_a_line_replaces_those_who_know_it(clone: Clone) -> None:
    clone.make_env()
    before = clone.env()
    with (clone.root / "lines/secrets.env").open("a") as secrets:
        secrets.write("CRM_TOKEN=abc\n")
    assert clone.make_env().returncode == 0
    assert changed(before, clone.env(), "SECRETS") == {"AGENT", "BOOTSTRAP"}


def test_a_secret_that_is_new_in_compose_is_forgotten_nowhere(clone: Clone, file: Path) -> None:
    compose = clone.root / "compose.yaml"
    text = compose.read_text().replace("provider_keys, line_secrets]", "provider_keys, made_up, line_secrets]", 1)
    compose.write_text(text.rstrip() + "\n  made_up: {environment: MADE_UP_KEY}\n")
    with (clone.root / ".env.example").open("a") as example:
        example.write("# A secret that a later release adds\nMADE_UP_KEY=\n")
    clone.make_env()
    before = clone.env()
    file.write_text(file.read_text().replace("MADE_UP_KEY=", "MADE_UP_KEY=told-to-nobody"))
    assert clone.make_env().returncode == 0
    assert changed(before, clone.env(), "SECRETS") == {"BOOTSTRAP"}


@pytest.mark.parametrize(
    ("mounted", "service"),
    [("livekit/start-server.sh", "LIVEKIT"), ("livekit/sip.yaml", "SIP"), ("caddy/Caddyfile", "CADDY")],
)
def test_a_changed_file_that_is_mounted_replaces_the_container(clone: Clone, mounted: str, service: str) -> None:
    clone.make_env()
    before = clone.env()
    with (clone.root / mounted).open("a") as text:
        text.write("# changed\n")
    assert clone.make_env().returncode == 0
    assert changed(before, clone.env(), "FILES") == {service}


def test_the_checksums_tell_bootstrap_what_env_has(clone: Clone) -> None:
    clone.set(OPENAI_API_KEY="sk-mine", LIVEKIT_URL="ws://elsewhere:7880")
    assert clone.make_env().returncode == 0
    made = clone.env()
    told = dict(pair.split("=") for pair in made["ENV_CHECKSUMS"].split(" "))
    assert set(told) == {
        *("PROVIDER_KEYS", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET", "LIVEKIT_URL", "SIP_PASSWORD", "LINE_SECRETS"),
        *("OUTBOUND_PASSWORD", "TWILIO_API_SECRET"),
    }
    for name, checksum in told.items():
        value = subprocess.run(["cksum"], input=f"{made[name]}\n", capture_output=True, text=True, check=True).stdout
        assert checksum == value.split()[0]
    assert made["LINE_SECRETS"] == ""


def test_secrets_of_the_lines_reach_compose_as_one_line(clone: Clone) -> None:
    clone.make_env()
    secrets = clone.root / "lines/secrets.env"
    secrets.write_text(secrets.read_text() + "".join(f"KEY_{n}={'k' * 50}\n" for n in range(20)))
    assert clone.make_env().returncode == 0
    assert b64decode(clone.env()["LINE_SECRETS"]) == secrets.read_bytes()


def test_names_that_make_once_wrote_are_dropped(clone: Clone, file: Path) -> None:
    clone.set(SERVER_SECRETS="1", KEY_SECRET="2")
    assert clone.make_env().returncode == 0
    assert "SERVER_SECRETS" not in file.read_text()
    assert "KEY_SECRET" not in file.read_text()


def test_several_files_of_settings_are_refused(clone: Clone) -> None:
    done = clone.make_env(COMPOSE_ENV_FILES=".env,more.env")
    assert done.returncode == 2
    assert done.stderr.startswith("error: COMPOSE_ENV_FILES is '.env,more.env'")
    assert not clone.env_file.exists()


def test_wrong_settings_are_told_in_one_report_and_no_secret_is_shown(clone: Clone, file: Path) -> None:
    file.write_text("SIP_PORT=sip\nNETWORK=none\nREDIS_PASSWORD=tellnobody\n")
    said = clone.make_env().stderr
    assert said.count("error: ") == 3
    assert "tellnobody" not in said


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (b"\xef\xbb\xbfDOMAIN=a.example.com", "byte order mark"),
        (b"DOMAIN=a.example.com\r", "carriage return"),
        (b'DOMAIN="a.example.com"', "quotes"),
        (b"DOMAIN='a.example.com'", "quotes"),
        (b"DOMAIN =a.example.com", "white space in or around the name"),
        (b" DOMAIN=a.example.com", "white space in or around the name"),
        (b"export DOMAIN=a.example.com", "white space in or around the name"),
        (b"DOMAIN= a.example.com", "white space before or after its value"),
        (b"DOMAIN=a.example.com ", "white space before or after its value"),
        (b"DOMAIN=a.example.com\t", "white space before or after its value"),
        (b"DOMAIN=a.example.com # mine", "comment after its value"),
        (b"SIP_PASSWORD=pa$$word", "a $ in its value"),
        (b"PHONE_NUMBERS=+1\xc2\xa02025550100", "no-break space"),
        (b"PHONE_NUMBER=+12025550100", "nothing reads the variable PHONE_NUMBER"),
        (b"DOMAIN", "without ="),
        (b"DOMAIN=\nDOMAIN=a.example.com", "a second time"),
    ],
)
def test_a_line_that_compose_would_change_or_nobody_would_read_is_refused(
    clone: Clone, file: Path, line: bytes, complaint: str
) -> None:
    file.write_bytes(line + b"\n")
    done = clone.make_env()
    assert done.returncode == 2
    assert complaint in done.stderr
    assert file.read_bytes() == line + b"\n"


@pytest.mark.parametrize(
    ("settings", "follows"),
    [
        ({}, {"COMPOSE_PROFILES": "", "BIND_ADDRESS": "127.0.0.1", "ADVERTISED_IP": "", "SITE": "localhost"}),
        ({"DOMAIN": "localhost"}, {"BIND_ADDRESS": "127.0.0.1", "SITE": "localhost"}),
        ({"COMPOSE_PROFILES": "local"}, {"COMPOSE_PROFILES": "local"}),
        ({"METRICS": "yes"}, {"COMPOSE_PROFILES": "metrics", "COMPOSE_FILE": "compose.yaml"}),
        ({"METRICS": "yes", "COMPOSE_PROFILES": "local"}, {"COMPOSE_PROFILES": "local,metrics"}),
        ({"METRICS": "no", "COMPOSE_PROFILES": "local,metrics"}, {"COMPOSE_PROFILES": "local"}),
        (
            {"METRICS_PORT": "9090", "COMPOSE_PROFILES": "metrics"},
            {"COMPOSE_PROFILES": "", "COMPOSE_FILE": "compose.yaml"},
        ),
        ({"METRICS": "yes", "METRICS_PORT": "9090"}, {"COMPOSE_FILE": "compose.yaml:metrics/published.yaml"}),
        ({"PUBLIC_IP": "203.0.113.7"}, {"BIND_ADDRESS": "0.0.0.0", "ADVERTISED_IP": "203.0.113.7"}),
        ({"PUBLIC_IP": "203.0.113.7", "DOMAIN": "auto"}, {"SITE": "203-0-113-7.sslip.io"}),
        ({"PUBLIC_IP": "203.0.113.7", "DOMAIN": "line.example.com"}, {"SITE": "line.example.com"}),
        ({}, {"TURN_UDP_PORT": "", "COMPOSE_FILE": "compose.yaml"}),
        (
            {"PUBLIC_IP": "203.0.113.7"},
            {"TURN_UDP_PORT": "443", "COMPOSE_FILE": "compose.yaml:livekit/turn.yaml"},
        ),
        (
            {"PUBLIC_IP": "203.0.113.7", "NETWORK": "host", "TURN_PORT": "3478"},
            {"TURN_UDP_PORT": "3478", "COMPOSE_FILE": "compose.yaml:livekit/turn.yaml:livekit/host-network.yaml"},
        ),
        ({"PUBLIC_IP": "203.0.113.7", "TURN": "no"}, {"TURN_UDP_PORT": "", "COMPOSE_FILE": "compose.yaml"}),
        ({"RTP_PORT_RANGE": "20000-20099"}, {"RTP_PORTS": "20000-20099"}),
        ({"LOG_FORMAT": "json"}, {"LOG_JSON": "true", "CADDY_LOG": "json"}),
    ],
)
def test_what_follows_from_the_settings_is_written_down(clone: Clone, file: Path, settings: Env, follows: Env) -> None:
    clone.set(**settings)
    done = clone.make_env()
    assert done.returncode == 0, done.stderr
    assert follows.items() <= clone.env().items()


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"NETWORK": "none"}, "NETWORK is 'none'"),
        ({"NETWORK": "host"}, "set DOMAIN or PUBLIC_IP"),
        ({"PUBLIC_IP": "203.0.113"}, "PUBLIC_IP is '203.0.113'"),
        ({"PUBLIC_IP": "203.0.113.256"}, "PUBLIC_IP is"),
        ({"PUBLIC_IP": "line.example.com"}, "PUBLIC_IP is"),
        ({"PUBLIC_IP": "203.0.113.7", "DOMAIN": "https://line.example.com"}, "DOMAIN is"),
        ({"RTP_PORT_RANGE": "20099-20000"}, "RTP_PORT_RANGE is"),
        ({"RTP_PORT_RANGE": "10000-101000"}, "RTP_PORT_RANGE is"),
        ({"RTC_UDP_PORT": "443"}, "RTC_UDP_PORT is '443' in .env; it has to be a port that TURN_PORT does not use."),
        ({"HTTP_PORT": "443"}, "HTTP_PORT is '443' in .env; it has to be a port that HTTPS_PORT does not use."),
        ({"SIP_PORT": "10099"}, "SIP_PORT is '10099' in .env; it has to be a port that RTP_PORT_RANGE does not use."),
        ({"REMOTE_API": "maybe"}, "REMOTE_API is 'maybe'"),
        ({"METRICS": "maybe"}, "METRICS is 'maybe'"),
        ({"METRICS_PORT": "yes"}, "METRICS_PORT is 'yes'"),
        (
            {"METRICS": "yes", "METRICS_PORT": "7880"},
            "API_PORT is '7880' in .env; it has to be a port that METRICS_PORT",
        ),
        ({"ALERTMANAGER": "alerts.example.com"}, "ALERTMANAGER is 'alerts.example.com'"),
        ({"ALERTMANAGER": "http://alerts:9093"}, "ALERTMANAGER is 'http://alerts:9093'"),
        ({"ALERTMANAGER": ":9093"}, "ALERTMANAGER is ':9093'"),
        ({"CALENDAR_FEEDS": "maybe"}, "CALENDAR_FEEDS is 'maybe'"),
        ({"LINES_FOLDER": "lines"}, "LINES_FOLDER is 'lines'"),  # Compose would take it for the name of a volume
        ({"LINES_FOLDER": "/a:b"}, "LINES_FOLDER is '/a:b'"),
        ({"SPEECH_SIZE": "tiny"}, "SPEECH_SIZE is 'tiny'"),
        ({"SIP_PORT": "sip"}, "SIP_PORT is 'sip'"),
        ({"HTTPS_PORT": "65536"}, "HTTPS_PORT is '65536'"),
        ({"SUBNET": "172.29"}, "SUBNET is '172.29'"),
        ({"REDIS_PASSWORD": "short"}, "REDIS_PASSWORD is"),
    ],
)
def test_a_setting_that_make_cannot_use_is_refused(clone: Clone, file: Path, settings: Env, complaint: str) -> None:
    clone.set(**settings)
    before = file.read_bytes()
    done = clone.make_env()
    assert done.returncode == 2
    assert complaint in done.stderr
    assert file.read_bytes().startswith(before)


@pytest.mark.parametrize("verb", ["up", "check"])
def test_without_an_engine_make_says_so_in_one_sentence_with_the_cure(clone: Clone, verb: str) -> None:
    env = {"PATH": os.environ["PATH"], "DOCKER_HOST": "tcp://127.0.0.1:9"}
    done = subprocess.run(["make", verb], cwd=clone.root, env=env, capture_output=True, text=True)
    assert done.returncode != 0
    assert not clone.env_file.exists()
    [said] = [text for text in done.stderr.splitlines() if text.startswith("error:")]
    assert "docker" in said.lower()
    assert "make up" in said
