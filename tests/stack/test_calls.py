"""Real SIP calls to a real line: what a caller hears is written down by a larger model than the line itself uses."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.stack.line import Line

QUESTION = "What is the ice cream of the week?"


def test_a_caller_asks_for_a_fact_made_up_for_this_run_and_hears_it(line: Line, flavor: str) -> None:
    outcome = line.phone("--say", QUESTION, "--expect", flavor)
    assert outcome.code == 0, outcome.printed


def test_an_edited_greeting_is_spoken_on_the_next_call_without_a_restart(line: Line) -> None:
    greeting = line.prompts / "greeting.md"
    before = greeting.read_text()
    greeting.write_text("Good morning, this is the elephant hotline.\n")
    try:
        outcome = line.phone("--silent", "--stay", "8")
    finally:
        greeting.write_text(before)
    assert "elephant" in heard(outcome.report), outcome.printed


def test_a_call_leaves_no_room_and_no_job_behind(line: Line) -> None:
    line.phone("--silent", "--stay", "3")
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and rooms(line):
        time.sleep(0.5)
    assert not rooms(line)
    assert line.compose("exec", "-T", "agent", "python", "-c", ACTIVE_JOBS).strip() == "0"


@pytest.mark.parametrize(
    "stranger",
    [
        pytest.param({"address": "{subnet}.77"}, id="from another address"),
        pytest.param({"to": "+12025550199"}, id="to another number"),
        pytest.param(
            {"from_host": "54.172.60.0/30"},
            id="with an allowed range as From host, from the phone's own address",
        ),
        pytest.param(
            {"from_host": "54.172.60.0/30", "address": "{subnet}.77"}, id="with an allowed range as From host"
        ),
        pytest.param(
            {"from_host": "{subnet}.10/32", "address": "{subnet}.77"},
            id="with the phone's own range as From host",
        ),
    ],
)
def test_a_stranger_gets_no_word(line: Line, stranger: dict[str, str]) -> None:
    arguments = ["--silent", "--stay", "5", "--ring-timeout", "12"]
    address = ""
    for name, template in stranger.items():
        value = template.format(subnet=line.subnet)
        if name == "address":
            address = value
        else:
            arguments += [f"--{name.replace('_', '-')}", value]
    outcome = line.phone(*arguments, address=address)
    assert outcome.code == 10, outcome.printed


def test_neither_logs_nor_docker_inspect_tell_a_secret_or_a_number(line: Line) -> None:
    caller = "+15550142857"
    assert line.phone("--from", caller, "--say", QUESTION).code == 0
    containers = line.compose("ps", "--all", "--quiet").split()
    told = line.logs() + line.run("docker", "inspect", *containers).stdout
    secrets = [line.value(name) for name in ("LIVEKIT_API_KEY", "LIVEKIT_API_SECRET", "REDIS_PASSWORD")]
    assert [secret for secret in secrets if secret in told] == []
    assert caller.lstrip("+") not in line.logs()
    assert "eyJ" not in told
    assert "ice cream" not in line.logs()


def heard(report: dict[str, object]) -> str:
    """All that the line said, as the phone's larger Whisper wrote it down, in lower case."""
    said = report["conversation"]
    assert isinstance(said, list)
    return " ".join(part["text"] for part in said if part["who"] == "line").lower()


def rooms(line: Line) -> str:
    return line.compose(
        "exec",
        "-T",
        "redis",
        "sh",
        "-c",
        'REDISCLI_AUTH="$(cat /run/secrets/redis_password)" redis-cli hkeys rooms',
    ).strip()


ACTIVE_JOBS = """
import json, urllib.request
with urllib.request.urlopen("http://127.0.0.1:8081/worker") as worker:
    print(json.load(worker).get("active_jobs", 0))
"""
