"""`.env` as `make up` makes it, before there is any container: the scripts of bootstrap/host, run for real."""

from __future__ import annotations

import os
import stat
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.support.house import ROOT, example_variables

if TYPE_CHECKING:
    from pathlib import Path

Env = dict[str, str]


def make_env(file: Path, **shell: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], "COMPOSE_ENV_FILES": str(file), **shell}
    return subprocess.run(["sh", "bootstrap/host/make_env.sh"], cwd=ROOT, env=env, capture_output=True, text=True)


def read(file: Path) -> Env:
    return dict(line.split("=", 1) for line in file.read_text().splitlines() if line and not line.startswith("#"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / ".env"


def test_the_first_run_copies_the_example_and_fills_in_the_secrets(file: Path) -> None:
    assert make_env(file).returncode == 0
    made = read(file)
    assert set(example_variables()) <= set(made)
    secrets = [made[name] for name in ("LIVEKIT_API_KEY", "LIVEKIT_API_SECRET", "REDIS_PASSWORD")]
    assert all(len(secret) >= 32 for secret in secrets)
    assert len(set(secrets)) == 3
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_second_run_changes_nothing(file: Path) -> None:
    make_env(file)
    before = file.read_bytes()
    assert make_env(file).returncode == 0
    assert file.read_bytes() == before


def test_a_persons_lines_are_never_changed_and_what_is_new_is_added(file: Path) -> None:
    mine = "# my line\nPHONE_NUMBERS=+12025550123\nLIVEKIT_API_SECRET=" + "s" * 40
    file.write_text(mine)  # without an end of line, as some editors leave it
    assert make_env(file).returncode == 0
    assert file.read_text().startswith(mine + "\n")
    assert set(example_variables()) <= set(read(file))
    assert make_env(file).returncode == 0
    assert set(example_variables()) <= set(read(file))


def test_a_persons_line_below_what_make_wrote_is_kept_and_used(file: Path) -> None:
    make_env(file)
    without = [line for line in file.read_text().splitlines() if not line.startswith("OPENAI_API_KEY=")]
    file.write_text("\n".join([*without, "# my account", "OPENAI_API_KEY=sk-mine", ""]))
    assert make_env(file).returncode == 0
    assert "# my account\nOPENAI_API_KEY=sk-mine\n" in file.read_text()
    assert read(file)["COMPOSE_PROFILES"] == ""


def test_a_changed_secret_changes_the_label_that_makes_compose_replace_its_containers(file: Path) -> None:
    make_env(file)
    before = read(file)
    file.write_text(file.read_text().replace("OPENAI_API_KEY=", "OPENAI_API_KEY=sk-mine"))
    make_env(file)
    after = read(file)
    assert after["KEY_SECRET"] != before["KEY_SECRET"]
    assert after["SERVER_SECRETS"] == before["SERVER_SECRETS"]


def test_wrong_settings_are_told_in_one_report_and_no_secret_is_shown(file: Path) -> None:
    file.write_text("SIP_PORT=sip\nNETWORK=none\nREDIS_PASSWORD=tellnobody\n")
    said = make_env(file).stderr
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
        (b"DOMAIN= a.example.com", "white space before or behind its value"),
        (b"DOMAIN=a.example.com ", "white space before or behind its value"),
        (b"DOMAIN=a.example.com\t", "white space before or behind its value"),
        (b"DOMAIN=a.example.com # mine", "comment behind its value"),
        (b"SIP_PASSWORD=pa$$word", "a $ in its value"),
        (b"PHONE_NUMBERS=+1\xc2\xa02025550100", "no-break space"),
        (b"PHONE_NUMBER=+12025550100", "nothing reads the variable PHONE_NUMBER"),
        (b"DOMAIN", "without ="),
        (b"DOMAIN=\nDOMAIN=a.example.com", "a second time"),
    ],
)
def test_a_line_that_compose_would_change_or_nobody_would_read_is_refused(
    file: Path, line: bytes, complaint: str
) -> None:
    file.write_bytes(line + b"\n")
    done = make_env(file)
    assert done.returncode == 2
    assert complaint in done.stderr
    assert file.read_bytes() == line + b"\n"


@pytest.mark.parametrize(
    ("settings", "follows"),
    [
        ({}, {"COMPOSE_PROFILES": "local", "BIND_ADDRESS": "127.0.0.1", "ADVERTISED_IP": "", "SITE": "localhost"}),
        ({"DOMAIN": "localhost"}, {"BIND_ADDRESS": "127.0.0.1", "SITE": "localhost"}),
        ({"OPENAI_API_KEY": "sk-x"}, {"COMPOSE_PROFILES": ""}),
        ({"OPENAI_API_KEY": "sk-x", "LLM": "speech/qwen2.5-coder-1.5b-instruct"}, {"COMPOSE_PROFILES": "local"}),
        ({"PUBLIC_IP": "203.0.113.7"}, {"BIND_ADDRESS": "0.0.0.0", "ADVERTISED_IP": "203.0.113.7"}),
        ({"PUBLIC_IP": "203.0.113.7", "DOMAIN": "auto"}, {"SITE": "203-0-113-7.sslip.io"}),
        ({"PUBLIC_IP": "203.0.113.7", "DOMAIN": "line.example.com"}, {"SITE": "line.example.com"}),
        ({"RTP_PORT_RANGE": "20000-20099"}, {"RTP_PORTS": "20000-20099"}),
        ({"LOG_FORMAT": "json"}, {"LOG_JSON": "true", "CADDY_LOG": "json"}),
    ],
)
def test_what_follows_from_the_settings_is_written_down(file: Path, settings: Env, follows: Env) -> None:
    file.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    done = make_env(file)
    assert done.returncode == 0, done.stderr
    assert follows.items() <= read(file).items()


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
        ({"LOG_FORMAT": "xml"}, "LOG_FORMAT is"),
        ({"SPEECH_SIZE": "tiny"}, "SPEECH_SIZE is 'tiny'"),
        ({"SIP_PORT": "sip"}, "SIP_PORT is 'sip'"),
        ({"HTTPS_PORT": "65536"}, "HTTPS_PORT is '65536'"),
        ({"SUBNET": "172.29"}, "SUBNET is '172.29'"),
        ({"DRAIN_GRACE": "3000"}, "DRAIN_GRACE is '3000'"),
        ({"REDIS_PASSWORD": "short"}, "REDIS_PASSWORD is"),
    ],
)
def test_a_setting_that_make_cannot_use_is_refused(file: Path, settings: Env, complaint: str) -> None:
    text = "".join(f"{name}={value}\n" for name, value in settings.items())
    file.write_text(text)
    done = make_env(file)
    assert done.returncode == 2
    assert complaint in done.stderr
    assert file.read_text().startswith(text)


def test_without_an_engine_make_up_says_so_in_one_sentence_with_the_cure(file: Path) -> None:
    env = {"PATH": os.environ["PATH"], "COMPOSE_ENV_FILES": str(file), "DOCKER_HOST": "tcp://127.0.0.1:9"}
    done = subprocess.run(["make", "up"], cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode != 0
    assert not file.exists()
    [said] = [text for text in done.stderr.splitlines() if text.startswith("error:")]
    assert "docker" in said.lower()
    assert "make up" in said
