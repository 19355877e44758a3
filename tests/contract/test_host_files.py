"""What the host's scripts, Caddy's file and Git's attributes promise."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.support.house import ROOT, compose_file

if TYPE_CHECKING:
    from pathlib import Path

HOST, LIVEKIT = ROOT / "bootstrap/host", ROOT / "livekit"
SCRIPTS = [*HOST.glob("*.sh"), *LIVEKIT.glob("*.sh"), ROOT / ".ci/run", ROOT / "Makefile"]
ENDINGS = r"\.(sh|yaml|yml|toml|md|csv|txt|py|lock|env|example|dockerignore)$"
NAMES = r"(^|/)(Dockerfile|Makefile|Caddyfile|run)$"


def git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        pytest.skip("this is not a clone, so Git knows nothing of it")
    return done.stdout


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_no_line_of_a_script_is_wider_than_120_columns(path: Path) -> None:
    lines = path.read_text().splitlines()
    assert [number for number, line in enumerate(lines, 1) if len(line) > 120] == []


def test_what_linux_containers_read_has_unix_line_ends_in_a_checkout_on_windows() -> None:
    files = [name for name in git("ls-files").splitlines() if re.search(f"{ENDINGS}|{NAMES}", name)]
    assert len(files) > 100
    attributes = git("check-attr", "eol", *files).splitlines()
    assert [line for line in attributes if not line.endswith(": eol: lf")] == []


def caddy_site() -> str:
    text = (ROOT / "caddy/Caddyfile").read_text()
    return text[text.index("(site)") : text.index("# Health, inside")]


def test_caddy_passes_on_what_browsers_need_and_the_rest_only_when_asked_to() -> None:
    written = [line.strip() for line in caddy_site().splitlines() if not line.strip().startswith("#")]
    assert " ".join(filter(None, written)) == (
        "(site) {"
        " @browsers path /rtc /rtc/*"
        " @health { path / not header Accept *text/html* }"
        " @remote { path /agent /agent/* /twirp/* vars {env.REMOTE_API} yes }"
        " @placing { path /calls method POST vars {env.CALLS_API} yes }"
        " @placed { path /calls /calls/* header Authorization * vars {env.CALLS_API} yes }"
        " @not_placing { path /calls method POST }"
        " @not_placed { path /calls /calls/* header Authorization * }"
        " @calendars { path /calendars/* vars {env.CALENDAR_FEEDS} yes }"
        " @nobody path /agent /agent/* /twirp/* /calendars/* /metrics /health-of-desk"
        " handle @browsers { reverse_proxy livekit:7880 }"
        " handle @health { reverse_proxy livekit:7880 }"
        " handle @remote { reverse_proxy livekit:7880 }"
        " handle @placing { reverse_proxy agent:8082 }"
        " handle @placed { reverse_proxy agent:8082 }"
        " handle @not_placing { respond 404 }"
        " handle @not_placed { respond 404 }"
        " handle @calendars { reverse_proxy agent:8082 }"
        " handle @nobody { respond 404 }"
        " handle { reverse_proxy desk:8083 }"
        ' handle_errors 502 503 504 { header Content-Type "text/plain; charset=utf-8"'
        ' respond "Landline does not answer at this address yet.'
        ' Try again in a few seconds; `make logs` says more." }'
        " }"
        " {$SITE:localhost} { import site }"
        " http://localhost { import site }"
    )


def test_caddy_is_told_whether_others_may_use_the_api() -> None:
    environment = compose_file()["services"]["caddy"]["environment"]
    assert environment["REMOTE_API"] is None
    assert environment["CALENDAR_FEEDS"] is None
