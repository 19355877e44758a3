"""Whether a value of the calling shell's has replaced one of `.env`."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from bootstrap.env_checksums import checksum
from bootstrap.settings import ServerSettings
from tests.unit.bootstrap.conftest import SECRET

Report = Callable[..., list[str]]
Load = Callable[..., ServerSettings]


def by_the_command(value: str) -> str:
    script = "printf '%s\\n' \"$1\" | cksum | cut -d ' ' -f 1"
    done = subprocess.run(["sh", "-c", script, "sh", value], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize("value", ["", "a", "sk-proj-0123456789", "naïve", "  two  spaces ", "x" * 300, "x" * 70_000])
def test_the_checksum_is_that_of_the_command(value: str) -> None:
    assert checksum(value.encode()) == by_the_command(value)


def sums(**values: str) -> str:
    return " ".join(f"{name}={by_the_command(value)}" for name, value in values.items())


def test_values_that_are_those_of_env_are_no_problem(settings: Load, secrets: Path) -> None:
    (secrets / "provider_keys").write_text("sk-one")
    (secrets / "livekit_api_secret").write_text(SECRET)
    (secrets / "sip_password").write_text("")
    wanted = sums(PROVIDER_KEYS="sk-one", LIVEKIT_API_SECRET=SECRET, SIP_PASSWORD="", LINE_SECRETS="")
    settings(ENV_CHECKSUMS=wanted, LIVEKIT_API_SECRET="")


def test_nothing_is_compared_where_there_are_no_checksums(settings: Load, secrets: Path) -> None:
    (secrets / "provider_keys").write_text("sk-of-the-shell")
    settings()
    settings(ENV_CHECKSUMS="")


@pytest.mark.parametrize("name", ["PROVIDER_KEYS", "LIVEKIT_API_KEY", "SIP_PASSWORD", "LINE_SECRETS"])
@pytest.mark.parametrize(
    ("in_env", "given"), [("canary-env", "canary-shell"), ("", "canary-shell"), ("canary-env", "")]
)
def test_another_value_is_refused_by_name_and_never_shown(
    report: Report, secrets: Path, name: str, in_env: str, given: str
) -> None:
    (secrets / name.lower()).write_text(given)
    [line, *_] = report(ENV_CHECKSUMS=sums(**{name: in_env}))
    assert line == (
        f"{name}: the calling shell exports a value other than the one in .env, or .env was edited after `make up`; "
        f"run `unset {name}` in that shell, or run `make up`, which uses .env alone"
    )
    assert "canary" not in "".join(report(ENV_CHECKSUMS=sums(**{name: in_env})))


def test_a_secret_that_did_not_come_counts_as_empty(report: Report, settings: Load) -> None:
    settings(ENV_CHECKSUMS=sums(PROVIDER_KEYS=""))
    [line] = report(ENV_CHECKSUMS=sums(PROVIDER_KEYS="sk-one"))
    assert line.startswith("PROVIDER_KEYS: ")


@pytest.mark.parametrize(
    ("in_env", "given", "same"),
    [
        ("", "ws://livekit:7880", True),
        ("wss://example.com", "wss://example.com", True),
        ("", "wss://example.com", False),
        ("wss://example.com", "ws://livekit:7880", False),
    ],
)
def test_the_address_that_compose_fills_in_is_no_other_value(
    report: Report, settings: Load, in_env: str, given: str, same: bool
) -> None:
    variables = {"LIVEKIT_URL": given, "ENV_CHECKSUMS": sums(LIVEKIT_URL=in_env)}
    if same:
        settings(**variables)
    else:
        [line] = report(**variables)
        assert line.startswith("LIVEKIT_URL: the calling shell exports a value other than the one")
