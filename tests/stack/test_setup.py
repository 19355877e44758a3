"""`make setup` in a fresh clone of the working tree: it ends in an answered call, by itself and with a person."""

from __future__ import annotations

import asyncio
import os
import pty
import shutil
import stat
import subprocess
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from bootstrap.twilio.desired import trunk_name
from tests.stack.test_lifecycle import own_address
from tests.support.fakes.twilio_api import FakeTwilio
from tests.support.house import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.stack.line import Line

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

    def clean(self) -> None:
        if self.env_file.exists():
            down = ["docker", "compose", "--profile", "*", "down", "--volumes", "--remove-orphans", "--timeout", "3"]
            self.run(*down)


@pytest.fixture
def clone(line: Line, tmp_path: Path) -> Iterator[Clone]:
    """A clone, while the line that the other tests call rests: two would share the CPU."""
    line.compose("stop")
    (tmp_path / "landline").mkdir()
    clone = Clone(tmp_path / "landline")
    try:
        yield clone
    finally:
        clone.clean()
        line.wait_until_healthy()


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


@contextmanager
def at_a_terminal(clone: Clone) -> Iterator[tuple[int, int]]:
    """`make setup` at a real terminal, inside the block: the process, and the terminal's other end."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(clone.folder)
        os.execvpe("make", ["make", "setup"], clone.shell | {"TERM": "xterm"})  # noqa: S606 - a terminal needs a process
    try:
        yield pid, terminal
    finally:
        os.close(terminal)


def read_until(terminal: int, words: str) -> str:
    """Read what the terminal shows until `words` are in it, or until nobody writes there any more."""
    shown = ""
    try:
        while words not in shown:
            shown += os.read(terminal, 65536).decode(errors="replace")
    except OSError:  # the other end is closed
        pass
    return shown


def test_a_person_who_leaves_finds_their_answers_again(clone: Clone) -> None:
    clone.env_file.write_text(f"{PORTS}PUBLIC_IP={own_address()}\n")
    answers = {
        "This host's name": "",
        "This host's public IPv4 address": "",
        "Who hears, thinks and speaks?": "",
        "Who carries the calls?": "",
        "How is the trunk set up?": "",
        "Your account's SID": ACCOUNT,
        "The document's URL": "\x03",
    }
    shown = ""
    with at_a_terminal(clone) as (pid, terminal):
        for question, answer in answers.items():
            shown += read_until(terminal, question)
            os.write(terminal, answer.encode() if answer == "\x03" else f"{answer}\r".encode())
        shown += read_until(terminal, "nothing else")
        _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) != 0, shown
    assert "make setup goes on from there" in shown
    assert clone.env()["TRUNK_ACCOUNT"] == ACCOUNT
    assert clone.env_file.read_text().startswith(PORTS)
    assert stat.S_IMODE(clone.env_file.stat().st_mode) == 0o600
    assert clone.env_file.stat().st_uid == os.getuid()
    with at_a_terminal(clone) as (pid, terminal):
        for question in answers:
            shown = read_until(terminal, question)
            if question == "Your account's SID":
                shown += read_until(terminal, ACCOUNT)  # what was answered is there again
            os.write(terminal, b"\x03" if question == list(answers)[-1] else b"\r")
        read_until(terminal, "nothing else")
        os.waitpid(pid, 0)
    assert clone.env()["TRUNK_ACCOUNT"] == ACCOUNT
