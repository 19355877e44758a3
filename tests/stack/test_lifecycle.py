"""The line through its life: repeated starts, restarts of each service, a stop with a caller on the line."""

from __future__ import annotations

import concurrent.futures
import os
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from tests.stack.calls import QUESTION, STAYS, eventually
from tests.stack.line import Line
from tests.support.house import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CADDYS_CA = "/data/caddy/pki/authorities/local/root.crt"
# Their restarts have not broken a call so far, so only `make test-all` tries them.
SELDOM = [pytest.param(service, marks=pytest.mark.slow) for service in ("redis", "caddy", "speech")]


def test_make_up_again_changes_nothing_and_says_so(line: Line) -> None:
    before = line.stored()
    line.up()
    assert line.stored() == before
    assert [len(ids) for ids in before.values()] == [1, 1]
    assert "nothing to change" in line.logs("bootstrap").lower()


def test_compose_by_itself_does_what_make_did(line: Line) -> None:
    before = line.compose("ps", "--quiet").split()
    line.wait_until_healthy()
    assert line.compose("ps", "--quiet").split() == before


def test_what_a_shell_exports_for_other_programs_changes_nothing(line: Line) -> None:
    exported = {"OPENAI_API_KEY": "sk-of-the-shell", "LANGUAGE": "de", "LC_ALL": "C", "VOICE": "x", "PROMPTS": "/"}
    compose = ["docker", "compose", "--progress", "quiet"]
    assert line.run(*compose, "config", settings=exported).stdout == line.run(*compose, "config").stdout
    before = line.compose("ps", "--quiet").split()
    line.run(*compose, "up", "--detach", "--wait", "--no-build", settings=exported)
    assert line.compose("ps", "--quiet").split() == before


def test_another_secret_that_a_shell_exports_is_refused_in_one_sentence(line: Line) -> None:
    before = line.stored(), line.compose("ps", "--quiet").split()
    line.compose("rm", "--force", "bootstrap")  # as `make down` does: a container that is there keeps its secrets
    exported = {"LIVEKIT_API_SECRET": "s" * 48}
    try:
        refused = line.run(
            "docker", "compose", "up", "--detach", "--wait", "--no-build", check=False, settings=exported
        )
        told = [row for row in line.logs("bootstrap").splitlines() if "LIVEKIT_API_SECRET" in row]
    finally:
        line.up()
    assert refused.returncode, refused.stderr
    assert len(told) == 1, told
    assert "the calling shell exports a value other than the one in .env" in told[0]
    assert (line.stored(), line.compose("ps", "--quiet").split()) == before


def opened(line: Line, accept: str) -> Any:
    own_ca = ssl.create_default_context()
    own_ca.load_verify_locations(cadata=line.compose("exec", "-T", "caddy", "cat", CADDYS_CA))
    request = urllib.request.Request(f"https://localhost:{line.value('HTTPS_PORT')}/", headers={"Accept": accept})
    return urllib.request.urlopen(request, context=own_ca)  # noqa: S310 - it begins with https


def test_signalling_is_served_over_https_and_never_over_http_3(line: Line) -> None:
    with opened(line, "*/*") as answer:
        assert answer.read() == b"OK"  # the media server's own word
        assert "alt-svc" not in answer.headers


@pytest.mark.slow
def test_a_desk_that_dies_during_a_call_changes_nothing_about_it_and_its_address_says_so(
    line: Line, flavor: str
) -> None:
    with concurrent.futures.ThreadPoolExecutor() as pool:
        call = pool.submit(line.call, *QUESTION, "--expect", flavor)
        eventually(lambda: line.active_jobs() == 1)
        line.compose("kill", "desk")
        try:
            with pytest.raises(urllib.error.HTTPError) as refused:
                opened(line, "text/html")
            outcome = call.result()
        finally:
            line.up()
    assert outcome.code == 0, outcome.printed
    assert (refused.value.code, b"Try again in a few seconds" in refused.value.read()) == (502, True)
    with opened(line, "text/html") as answer:
        assert answer.status == 200


def test_an_edited_setting_is_updated_in_place(line: Line) -> None:
    before = line.stored()
    line.set("PHONE_NUMBERS", "+12025550100,+12025550111")
    line.up()
    try:
        assert line.stored() == before
        assert line.call("--to", "+12025550111", *STAYS).code == 0
    finally:
        line.set("PHONE_NUMBERS", "+12025550100")
        line.up()


@pytest.mark.parametrize("service", ["livekit", "sip", "agent", *SELDOM])
def test_a_restarted_service_is_followed_by_a_good_call(line: Line, flavor: str, service: str) -> None:
    line.compose("restart", service)
    line.wait_until_healthy()
    outcome = line.call(*QUESTION, "--expect", flavor)
    assert outcome.code == 0, outcome.printed


def test_down_says_goodbye_and_hangs_up_and_up_keeps_trunk_and_rule(line: Line) -> None:
    before = line.stored()
    with concurrent.futures.ThreadPoolExecutor() as pool:
        call = pool.submit(line.phone, "--silent", "--stay", "120")
        eventually(lambda: line.active_jobs() == 1)
        time.sleep(5)  # the greeting
        began = f"{time.time():.3f}"
        try:
            line.down()
            outcome = call.result(timeout=120)
            stopped = line.events("die", began)
        finally:
            line.up()
    assert outcome.hung_up, outcome.printed
    assert outcome.hears("goodbye"), outcome.printed
    assert stopped.index("watch") < stopped.index("agent") < stopped.index("sip"), stopped
    assert line.stored() == before


def test_a_wrong_setting_is_refused_before_anything_is_changed(line: Line) -> None:
    before = line.stored(), line.compose("ps", "--quiet").split()
    line.set("ALLOWED_ADDRESSES", "54.172.60.0/73")
    line.set("SERVER_LOG_LEVEL", "warn")  # alone it would replace the server and the gateway
    try:
        done = line.run("make", "up", check=False)
        assert done.returncode != 0
        assert "ALLOWED_ADDRESSES" in done.stdout + done.stderr
        assert (line.stored(), line.compose("ps", "--quiet").split()) == before
        assert line.call(*STAYS).code == 0
    finally:
        line.set("ALLOWED_ADDRESSES", "")
        line.set("SERVER_LOG_LEVEL", "error")
        line.up()


def test_the_reconcile_suite_passes_against_the_real_server(tmp_path: Path) -> None:
    line = Line("landline-test-reconcile", tmp_path, subnet="172.29.55", first_port=17060)
    line.run("sh", "bootstrap/host/make_env.sh")
    try:
        line.compose("up", "--detach", "--wait", "livekit")
        address = line.run("docker", "inspect", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}",
                           line.compose("ps", "--quiet", "livekit").strip()).stdout.strip()  # fmt: skip
        env = {
            **os.environ,
            "LANDLINE_TEST_LIVEKIT_URL": f"http://{address}:7880",
            "LANDLINE_TEST_LIVEKIT_API_KEY": line.value("LIVEKIT_API_KEY"),
            "LANDLINE_TEST_LIVEKIT_API_SECRET": line.value("LIVEKIT_API_SECRET"),
        }
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "tests/contract/reconcile"],
            cwd=ROOT,
            env=env,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + line.state()
        assert "skipped" not in done.stdout
    finally:
        line.clean()


@pytest.fixture(params=["bridge", "host"])
def public_line(request: pytest.FixtureRequest, tmp_path: Path, line: Line) -> Iterator[Line]:
    """A line on whatever address this machine has, while the other one rests (two would share the CPU)."""
    line.compose("stop")
    public = Line("landline-test-public", tmp_path, subnet="172.29.56", first_port=19060)
    public.set("NETWORK", request.param)
    public.set("PUBLIC_IP", own_address())
    try:
        with public.running():
            yield public
    finally:
        line.wait_until_healthy()


@pytest.mark.slow
def test_a_call_is_answered_on_a_public_address(public_line: Line) -> None:
    outcome = public_line.phone("--say", "When are you open?", "--honour-sdp")
    assert outcome.code == 0, outcome.printed + public_line.state()
    assert f"origination URI is sip:{own_address()}" in public_line.run("sh", "bootstrap/host/summary.sh", "0").stdout


def own_address() -> str:
    """The address this machine uses towards the outside; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))
        return str(probe.getsockname()[0])
