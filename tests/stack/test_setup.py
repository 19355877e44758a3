"""`make setup` in a fresh clone of the working tree: it ends in an answered call, by itself and with a person."""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
import subprocess
import threading
from typing import TYPE_CHECKING

import pytest

from bootstrap.twilio.desired import trunk_name
from tests.stack.test_lifecycle import own_address
from tests.support.fakes.twilio_api import FakeTwilio
from tests.support.house import ROOT
from tests.support.terminal import ENTER, LEAVE, Terminal, at_a_terminal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.stack.line import Line

pytestmark = pytest.mark.slow

PROJECT = "landline-test-setup"
NUMBER = "+12025550177"
ACCOUNT = f"AC{'0' * 32}"
PORTS = """SUBNET=172.29.59
SIP_PORT=25060
HTTP_PORT=25061
HTTPS_PORT=25062
RTC_TCP_PORT=25063
RTC_UDP_PORT=25064
API_PORT=25065
TURN_PORT=25066
RTP_PORT_RANGE=26060-26099
"""


class Clone:
    """What Git knows of the working tree, in a folder of its own, as a person has it who has just cloned it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
        names = subprocess.run(listed, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
        for name in filter(None, names):
            if (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, folder / name)

    @property
    def env_file(self) -> Path:
        return self.folder / ".env"

    @property
    def shell(self) -> dict[str, str]:
        """The environment of a shell whose owner has set no variable of ours."""
        passed = ("PATH", "HOME", "DOCKER_HOST", "DOCKER_CONFIG")
        return {name: os.environ[name] for name in passed if name in os.environ} | {"COMPOSE_PROJECT_NAME": PROJECT}

    def env(self) -> dict[str, str]:
        rows = self.env_file.read_text().splitlines()
        return dict(row.split("=", 1) for row in rows if row and not row.startswith("#"))

    def run(self, *command: str, **exported: str) -> subprocess.CompletedProcess[str]:
        shell = self.shell | exported
        done = subprocess.run(command, cwd=self.folder, env=shell, text=True, capture_output=True, timeout=3600)
        for reason in ("is taken by", "overlaps with Docker's network"):
            if reason in done.stderr:
                pytest.skip(f"this machine has no room for another line: {done.stderr.strip()}")
        return done

    def at_a_terminal(self) -> AbstractContextManager[Terminal]:
        return at_a_terminal(["make", "setup"], self.folder, self.shell)

    def clean(self) -> None:
        if self.env_file.exists():
            down = ["docker", "compose", "--profile", "*", "down", "--volumes", "--remove-orphans", "--timeout", "3"]
            self.run(*down)


@pytest.fixture(scope="module", autouse=True)
def _rest(line: Line) -> Iterator[None]:
    """The line that the other tests call rests meanwhile: two would share the CPU."""
    line.compose("stop")
    yield
    line.wait_until_healthy()


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[Clone]:
    (tmp_path / "landline").mkdir()
    clone = Clone(tmp_path / "landline")
    try:
        yield clone
    finally:
        clone.clean()


@pytest.fixture
def twilio() -> Iterator[FakeTwilio]:
    """Twilio's API on this machine, with one number; containers reach it as `host.docker.internal`."""
    fake, started, finished = FakeTwilio(), threading.Event(), threading.Event()
    fake.own(NUMBER)

    async def serve() -> None:
        async with fake.serving("0.0.0.0"):
            started.set()
            await asyncio.to_thread(finished.wait)

    thread = threading.Thread(target=asyncio.run, args=[serve()])
    thread.start()
    assert started.wait(10)
    fake.url = fake.url.replace("0.0.0.0", "host.docker.internal")
    yield fake
    finished.set()
    thread.join(10)


def test_a_fresh_clone_without_settings_ends_in_an_answered_call(clone: Clone) -> None:
    done = clone.run("make", "setup", "YES=yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "good: 1 of 1 answered" in done.stdout
    assert stat.S_IMODE(clone.env_file.stat().st_mode) == 0o600
    assert clone.env()["PHONE_NUMBERS"] == "+12025550100"
    assert not clone.env_file.with_name(".env.given").exists()


def test_a_real_number_is_one_file_and_one_command(clone: Clone, twilio: FakeTwilio) -> None:
    """The file is `.env` before the first start; the number is found in the account, which has one."""
    address = own_address()
    credentials = "".join(f"{name}={value}\n" for name, value in twilio.variables().items())
    clone.env_file.write_text(f"{PORTS}PUBLIC_IP={address}\n{credentials}")
    done = clone.run("make", "setup", "YES=yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "good: 1 of 1 answered" in done.stdout
    assert f"{PORTS}PUBLIC_IP={address}\n" in clone.env_file.read_text()
    assert clone.env()["PHONE_NUMBERS"] == NUMBER
    assert twilio.secret not in done.stdout + done.stderr
    [trunk] = twilio.trunks.values()
    [uri] = twilio.uris.values()
    [number] = twilio.numbers.values()
    assert trunk["friendly_name"] == trunk_name("inbound-voice-agent")
    assert uri["sip_url"] == f"sip:{address}:25060;transport=udp"
    assert number["trunk_sid"] == trunk["sid"]
    before = twilio.snapshot(), clone.env_file.read_bytes()
    again = clone.run("make", "setup", "YES=yes")
    assert again.returncode == 0, again.stdout + again.stderr
    assert (twilio.snapshot(), clone.env_file.read_bytes()) == before
    assert twilio.faults == []


def test_wrong_credentials_start_nothing_and_change_nothing(clone: Clone, twilio: FakeTwilio) -> None:
    wrong = twilio.variables() | {"TWILIO_API_SECRET": "the-secret-of-another-key"}
    clone.env_file.write_text(f"{PORTS}PUBLIC_IP={own_address()}\n" + "".join(f"{n}={v}\n" for n, v in wrong.items()))
    before = clone.env_file.read_bytes(), twilio.snapshot()
    done = clone.run("make", "setup", "YES=yes")
    assert done.returncode != 0
    assert "Twilio refused the key" in done.stderr
    assert "the-secret-of-another-key" not in done.stdout + done.stderr
    assert (clone.env_file.read_bytes(), twilio.snapshot()) == before
    assert clone.run("docker", "ps", "--quiet", "--filter", f"label=com.docker.compose.project={PROJECT}").stdout == ""


def test_a_person_who_leaves_finds_their_answers_again(clone: Clone) -> None:
    clone.env_file.write_text(f"{PORTS}PUBLIC_IP={own_address()}\n")
    before = ("This host's name", "public IPv4 address", "Who hears", "Who carries", "How is the trunk set up?")
    with clone.at_a_terminal() as terminal:
        for question in before:
            terminal.read_until(question)
            terminal.type(ENTER)
        terminal.read_until("Your account's SID")
        terminal.type(ACCOUNT + ENTER)
        terminal.read_until("The document's URL")
        terminal.type(LEAVE)
        assert terminal.wait() != 0, terminal.shown
    assert "make setup goes on from there" in terminal.shown
    assert clone.env()["TRUNK_ACCOUNT"] == ACCOUNT
    assert clone.env_file.read_text().startswith(PORTS)
    assert stat.S_IMODE(clone.env_file.stat().st_mode) == 0o600
    assert clone.env_file.stat().st_uid == os.getuid()
    with clone.at_a_terminal() as terminal:
        for question in before:
            terminal.read_until(question)
            terminal.type(ENTER)
        terminal.read_until(ACCOUNT)  # what was answered is there again
        terminal.type(LEAVE)
        assert terminal.wait() != 0, terminal.shown
    assert clone.env()["TRUNK_ACCOUNT"] == ACCOUNT
