"""`make call`, with a script in Docker's place that writes down what it was asked."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.support.house import ROOT

if TYPE_CHECKING:
    from pathlib import Path

DOCKER = """#!/bin/sh
echo "$@" >> {folder}/asked
case "$*" in
    *"compose ps"*) echo agent ;;
    *SystemTime*) echo 2026-11-22T22:46:01.5Z ;;
    *"compose logs"*) echo "turn answered" ;;
    *" timeline "*)
        for report; do :; done
        [ -e ".$report" ] && echo "timeline of: $(cat)"
        exit {timeline} ;;
    *" call "*)
        shift "$(echo "$*" | awk '{{ for (i = 1; i <= NF; i++) if ($i == "--json") print i }}')"
        echo "{{}}" > ".$1"
        exit {call} ;;
esac
"""


def make_call(folder: Path, call: int = 0, timeline: int = 0, settings: str = "") -> subprocess.CompletedProcess[str]:
    (folder / "docker").write_text(DOCKER.format(folder=folder, call=call, timeline=timeline))
    (folder / "docker").chmod(0o755)
    (folder / ".env").write_text(settings)
    env = {"PATH": f"{folder}:{os.environ['PATH']}", "COMPOSE_ENV_FILES": str(folder / ".env")}
    return subprocess.run(["sh", "bootstrap/host/call.sh"], cwd=ROOT, env=env, capture_output=True, text=True)


def asked(folder: Path, what: str) -> list[str]:
    return [line for line in (folder / "asked").read_text().splitlines() if what in line]


def test_after_the_call_the_phone_is_handed_what_the_agent_has_logged_since_it_began(tmp_path: Path) -> None:
    done = make_call(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "timeline of: turn answered" in done.stdout
    [logs] = asked(tmp_path, "compose logs")
    assert logs.endswith("--no-log-prefix --no-color --since 2026-11-22T22:46:01.5Z agent")
    [call], [timeline] = asked(tmp_path, " call "), asked(tmp_path, " timeline ")
    report = timeline.split("--report ")[1]
    assert f"--json {report} --patience 4 --say" in call


def test_the_report_that_was_handed_over_is_gone_afterwards(tmp_path: Path) -> None:
    make_call(tmp_path)
    [timeline] = asked(tmp_path, " timeline ")
    assert not (ROOT / timeline.split("--report /")[1]).exists()


@pytest.mark.parametrize("code", [0, 11, 12, 13])
@pytest.mark.parametrize("timeline", [0, 1])
def test_the_phones_exit_code_is_kept_whatever_becomes_of_the_timeline(
    tmp_path: Path, code: int, timeline: int
) -> None:
    done = make_call(tmp_path, call=code, timeline=timeline)
    assert done.returncode == code
    assert "timeline of: " in done.stdout


@pytest.mark.parametrize("code", [2, 10, 125, 130])
def test_a_call_that_was_not_answered_has_no_timeline(tmp_path: Path, code: int) -> None:
    done = make_call(tmp_path, call=code)
    assert done.returncode == code
    assert asked(tmp_path, " timeline ") == []


@pytest.mark.parametrize("level", ["warning", "error"])
def test_a_log_that_is_too_quiet_for_it_is_named(tmp_path: Path, level: str) -> None:
    done = make_call(tmp_path, call=13, settings=f"LOG_LEVEL={level}\n")
    assert done.returncode == 13
    [said] = [line for line in done.stdout.splitlines() if "timeline" in line]
    assert f"LOG_LEVEL is {level}" in said
    assert asked(tmp_path, " timeline ") == []
