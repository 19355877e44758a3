"""Real SIP calls to a real line: what a caller hears is written down by a larger model than the line itself uses."""

from __future__ import annotations

import concurrent.futures
import re
from typing import TYPE_CHECKING

import pytest

from tests.stack.calls import QUESTION, STAYS, eventually

if TYPE_CHECKING:
    from tests.stack.line import Line
    from tests.stack.outcome import Outcome


def test_a_caller_asks_for_a_fact_made_up_for_this_run_and_hears_it(line: Line, flavor: str) -> None:
    outcome = line.call(*QUESTION, "--expect", flavor)
    assert outcome.code == 0, outcome.printed


def test_a_question_is_answered_by_a_fact_and_nothing_is_made_up_where_no_fact_answers(line: Line) -> None:
    fact, invention = ("--say", "How much is a cup of coffee?"), ("--say", "Do you have gift cards?")
    outcome = line.call("--at", "6", *fact, *invention)
    assert outcome.hears("coffee costs 3") or "three dollars" in outcome.heard, outcome.printed
    # The small model may leave out that it does not know, and ask whether there is anything else.
    says_unknown = re.search(r"\b(do not|don't) (know|have)\b", outcome.heard)
    assert says_unknown or not re.search(r"\b(yes|sure|gifts?|cards?)\b", outcome.heard), outcome.printed


def test_an_edited_greeting_is_spoken_on_the_next_call_without_a_restart(line: Line) -> None:
    greeting = line.words / "greeting.md"
    before = greeting.read_text()
    greeting.write_text("Good morning, this is the elephant hotline.\n")
    try:
        outcome = line.call(*STAYS)
    finally:
        greeting.write_text(before)
    assert outcome.hears("elephant"), outcome.printed


def test_a_call_has_one_room_and_one_job_and_leaves_neither_behind(line: Line) -> None:
    with concurrent.futures.ThreadPoolExecutor() as pool:
        call = pool.submit(line.call, *STAYS)
        eventually(lambda: (len(line.rooms()), line.active_jobs()) == (1, 1))
        assert call.result().code == 0
    eventually(lambda: (line.rooms(), line.active_jobs()) == ([], 0))


def test_a_caller_from_an_allowed_address_is_answered(line: Line) -> None:
    """The strangers below call the same way, so that what stops them is not the way."""
    line.set("ALLOWED_ADDRESSES", f"{line.subnet}.77")
    line.set("ALLOW_PRIVATE_ADDRESSES", "yes")
    line.up()
    try:
        outcome = line.call(*STAYS, address=f"{line.subnet}.77")
        assert outcome.code == 0, outcome.printed
    finally:
        line.set("ALLOWED_ADDRESSES", "")
        line.set("ALLOW_PRIVATE_ADDRESSES", "no")
        line.up()


RANGE = "54.172.60.0/30"  # one of the trunk's
BY_THE_PHONE = {
    "to another number": ["--to", "+12025550199"],
    "with an allowed range as From host, from the phone's own address": ["--from-host", RANGE],
}
BY_ANOTHER = {
    "from another address": [],
    "with an allowed range as From host": ["--from-host", RANGE],
    "with the phone's own range as From host": ["--from-host", "{subnet}.10/32"],
}


@pytest.fixture(scope="module")
def strangers(line: Line) -> dict[str, Outcome]:
    def ring(calls: dict[str, list[str]], address: str = "") -> dict[str, Outcome]:
        usual = [*STAYS, "--ring-timeout", "8"]
        given = [[*usual, *(part.format(subnet=line.subnet) for part in call)] for call in calls.values()]
        return dict(zip(calls, line.calls(*given, address=address), strict=True))

    return ring(BY_THE_PHONE) | ring(BY_ANOTHER, f"{line.subnet}.77")


@pytest.mark.parametrize("stranger", [*BY_THE_PHONE, *BY_ANOTHER])
def test_a_stranger_gets_no_word(strangers: dict[str, Outcome], stranger: str) -> None:
    assert strangers[stranger].code == 10, strangers[stranger].printed


def test_neither_logs_nor_docker_inspect_tell_a_secret_or_a_number(line: Line) -> None:
    caller = "+15550142857"
    assert line.call("--from", caller, *QUESTION).code == 0
    containers = line.compose("ps", "--all", "--quiet").split()
    told = line.logs() + line.run("docker", "inspect", *containers).stdout
    secrets = [line.value(name) for name in ("LIVEKIT_API_KEY", "LIVEKIT_API_SECRET", "REDIS_PASSWORD")]
    assert [secret for secret in secrets if secret in told] == []
    assert caller.lstrip("+") not in line.logs()
    assert "eyJ" not in told
    assert "ice cream" not in line.logs()
