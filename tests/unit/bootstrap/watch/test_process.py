"""The watcher's own process: how it begins, how it is stopped, and what it does not import."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, NoReturn

import pytest

from bootstrap import __main__ as command
from bootstrap.watch import __main__ as process
from bootstrap.watch import findings
from tests.support.fakes.livekit_sip import FakeLiveKit
from tests.support.house import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.bootstrap.conftest import Environment

HEAVY = ("pydantic", "yaml", "bootstrap.settings", "bootstrap.trunks", "twilio")
ENVIRONMENT = {"LOG_LEVEL": "info", "LOG_FORMAT": "text", "AGENT_NAME": "here", "ROOM_PREFIX": "call-"}


def test_it_begins_with_what_the_environment_has_and_the_defaults_for_the_rest(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[tuple[str, list[str], dict[str, str]]] = []

    def execve(path: str, arguments: list[str], variables: dict[str, str]) -> NoReturn:
        begun.append((path, arguments, variables))
        raise SystemExit(0)

    monkeypatch.setattr(os, "execve", execve)
    environment(AGENT_NAME="here", LIVEKIT_URL="", ROOM_PREFIX="", LOG_LEVEL="debug", AGENT_URL="http://agent:8082")
    with pytest.raises(SystemExit):
        command.main(["watch"])
    [(path, arguments, variables)] = begun
    assert (path, arguments) == (sys.executable, [sys.executable, "-m", "bootstrap.watch"])
    names = ("AGENT_NAME", "ROOM_PREFIX", "LIVEKIT_URL", "LOG_LEVEL", "LOG_FORMAT", "AGENT_URL")
    expected = ["here", "call-", "ws://localhost:7880", "debug", "text", "http://agent:8082"]
    assert [variables[name] for name in names] == expected


def test_outside_its_container_it_does_not_begin(
    environment: Environment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("AGENT_URL", raising=False)
    environment()
    assert command.main(["watch"]) == 2
    assert "docker compose up --detach watch" in capsys.readouterr().err


def test_it_imports_nothing_that_only_the_other_commands_need() -> None:
    code = f"import sys, bootstrap.watch.__main__; print([name for name in {HEAVY!r} if name in sys.modules])"
    paths = {"PYTHONPATH": str(ROOT / "bootstrap/src"), "PATH": os.environ["PATH"]}
    done = subprocess.run([sys.executable, "-c", code], env=paths, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("name", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_stops_it_at_once(
    name: signal.Signals, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, free: Callable[..., None]
) -> None:
    fake = FakeLiveKit()
    async with fake.serving() as url:
        free(LIVEKIT_URL=url, LIVEKIT_API_KEY=fake.key, LIVEKIT_API_SECRET=fake.secret)
        watching = asyncio.ensure_future(process.watch_until_stopped())
        async with asyncio.timeout(20):
            while "ListRooms" not in fake.calls:  # noqa: ASYNC110 - it is a list
                await asyncio.sleep(0.05)
            os.kill(os.getpid(), name)
            await watching


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., None]:
    """Give the process an environment and secrets of a folder of the test's."""
    monkeypatch.setattr(process, "SECRETS", tmp_path)
    monkeypatch.setattr("bootstrap.watch.rounds.ALIVE", tmp_path / "watching")
    monkeypatch.delenv("TWILIO_ACCOUNT_SID", raising=False)
    monkeypatch.setattr(process, "Findings", lambda: findings.Findings(("true",)))
    monkeypatch.setattr(process, "serve", lambda its: findings.serve(its, "127.0.0.1", 0))

    def give(**values: str) -> None:
        for name, value in {**ENVIRONMENT, "AGENT_URL": "http://127.0.0.1:1", **values}.items():
            if name.startswith("LIVEKIT_API"):
                (tmp_path / name.lower()).write_text(f"{value}\n")
            else:
                monkeypatch.setenv(name, value)

    return give


def test_a_secret_is_read_as_it_is_without_one_newline(tmp_path: Path, free: Callable[..., None]) -> None:
    (tmp_path / "sip_password").write_text(" pass word \n")
    assert process.secret("sip_password") == " pass word "
    assert process.secret("outbound_password") == ""
