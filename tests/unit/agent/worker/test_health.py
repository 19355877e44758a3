"""Healthy means registered, now."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agent.worker import health


@pytest.fixture(autouse=True)
def registered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "state" / "registered"
    monkeypatch.setattr(health, "REGISTERED", file)
    monkeypatch.setattr(health, "READING", file.with_name("reading"))
    return file


def test_before_registration_it_is_not_healthy() -> None:
    assert "not registered" in (health.problem() or "")


def test_registered_is_healthy() -> None:
    health.mark(registered=True)
    assert health.problem() is None


def test_a_lost_registration_is_not_healthy() -> None:
    health.mark(registered=True)
    health.mark(registered=False)
    health.mark(registered=False)
    assert "not registered" in (health.problem() or "")


def test_an_agent_that_hangs_is_not_healthy(registered: Path) -> None:
    health.mark(registered=True)
    long_ago = time.time() - 11
    os.utime(registered, (long_ago, long_ago))
    assert "heartbeat" in (health.problem() or "")
    health.mark(registered=True)
    assert health.problem() is None


def test_models_read_for_as_long_as_the_block_runs_whatever_becomes_of_it() -> None:
    def fail_while_reading() -> None:
        with health.reading():
            assert health.READING.exists()
            raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011
        fail_while_reading()
    assert not health.READING.exists()


def test_the_command_says_what_is_wrong_and_imports_nothing_heavy(tmp_path: Path) -> None:
    source = str(Path(health.__file__).parents[2])
    without = "sys.modules['livekit'] = sys.modules['pydantic'] = None"
    run = f"import runpy, sys; {without}; runpy.run_module('agent.worker.health', run_name='__main__')"
    done = subprocess.run(
        [sys.executable, "-c", run],
        env={"PYTHONPATH": source, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("not registered with the media server")
