"""Twilio's side is compared in a process of its own, and what differs is told once."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from bootstrap import last_up, twilio
from bootstrap.desired import desired
from bootstrap.settings import ServerSettings, load
from bootstrap.watch import ask_twilio, drift
from bootstrap.watch.drift import NotComparedError, TwilioDrift
from tests.support.fakes.twilio_api import FakeTwilio

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.unit.bootstrap.conftest import Environment

NUMBERS = ("+12025550100", "+12025550101")
GONE, MOVED = "attach number PN_1 to Twilio trunk TK_1: it is on no trunk", "update origination URI OU_1: it is another"


def prints(text: str) -> TwilioDrift:
    return TwilioDrift((sys.executable, "-c", f"import sys; sys.stderr.write('noise'); print({text!r})"))


def told(*differences: str, problem: str = "") -> str:
    return json.dumps({"problem": problem, "differences": differences})


async def test_each_difference_that_is_printed_is_a_sentence() -> None:
    assert await prints(told(GONE, MOVED)).ask() == [GONE, MOVED]
    assert await prints(told()).ask() == []


@pytest.mark.parametrize(
    ("printed", "problem"),
    [(told(problem="Twilio refused the key"), "Twilio refused the key")]
    + [(text, drift.UNKNOWN) for text in ("", "Traceback", "1", "[]", "{}", '{"problem": "", "differences": 1}')],
)
async def test_why_it_is_not_known_is_told(printed: str, problem: str) -> None:
    with pytest.raises(NotComparedError) as caught:
        await prints(printed).ask()
    assert str(caught.value) == problem


async def test_a_process_that_takes_too_long_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drift, "ANSWERS_WITHIN", 0.2)
    with pytest.raises(NotComparedError, match=r"^it did not answer within 0.2 s$"):
        await TwilioDrift((sys.executable, "-c", "import time; time.sleep(600)")).ask()


async def test_a_process_that_cannot_be_started_does_not_end_the_watcher() -> None:
    with pytest.raises(NotComparedError, match=r"^no process could be started"):
        await TwilioDrift(("/no/such/program",)).ask()


async def test_a_difference_is_told_once_and_again_when_it_changes_and_when_it_ends(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    answers: list[Any] = [
        [],
        [],
        [GONE],
        [GONE],
        NotComparedError("it is down"),
        NotComparedError("it is down"),
        [GONE],
    ]
    answers += [[GONE, MOVED], [GONE], [], [], NotComparedError("it is down"), []]

    async def ask(_: TwilioDrift) -> list[str]:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        found: list[str] = answer
        return found

    monkeypatch.setattr(TwilioDrift, "ask", ask)
    its = TwilioDrift()
    while answers:
        await its.look()
    begin = "Twilio's side is not as the last make up wanted it: "
    down = "Twilio's side could not be compared with the settings: it is down."
    up = "Twilio's side can be compared with the settings again."
    well = "Twilio's side is as the last make up wanted it again."
    assert caplog.messages == [f"{begin}{GONE}.", down, up, f"{begin}{MOVED}.", well, down, up]


@pytest.mark.usefixtures("clock")
async def test_twilio_is_asked_every_five_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0

    async def ask(_: TwilioDrift) -> list[str]:
        nonlocal asked
        asked += 1
        return []

    monkeypatch.setattr(TwilioDrift, "ask", ask)
    watching = asyncio.create_task(TwilioDrift().watch())
    await asyncio.sleep(3000)
    watching.cancel()
    assert 10 <= asked <= 11


# The process that asks.


@pytest.fixture
async def account(environment: Environment, made: Path) -> AsyncIterator[FakeTwilio]:
    """An account whose trunk is as the last make up wanted it."""
    fake = FakeTwilio()
    for number in NUMBERS:
        fake.own(number)
    async with fake.serving():
        environment(AGENT_NAME="here", SITE="line.example.com", **fake.variables())
        settings, _ = load(ServerSettings)
        lines = {"coffee": (*NUMBERS, "100")}
        last_up.write(desired(settings, lines))
        async with twilio.connect(settings) as connected:
            await twilio.reconcile(connected, twilio.want(settings, lines))
        yield fake
    assert fake.faults == []


async def ask(capsys: pytest.CaptureFixture[str]) -> tuple[str, list[str]]:
    """Do what the process does, beside the account's event loop."""
    assert await asyncio.to_thread(ask_twilio.main) == 0
    told = json.loads(capsys.readouterr().out)
    return told["problem"], told["differences"]


async def test_what_is_there_is_compared_with_what_the_last_make_up_wanted(
    account: FakeTwilio, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await ask(capsys) == ("", [])
    [uri] = account.uris.values()
    uri["enabled"] = False
    [trunk] = account.trunks.values()
    trunk["secure"] = True
    problem, [difference, warning] = await ask(capsys)
    assert problem == ""
    assert difference.startswith("update origination URI")
    assert warning.startswith("secure trunking is on")


async def test_what_is_in_the_way_is_a_difference(account: FakeTwilio, capsys: pytest.CaptureFixture[str]) -> None:
    for number in account.numbers.values():
        number["trunk_sid"] = account.add_trunk("Office")
    problem, differences = await ask(capsys)
    assert problem == ""
    assert "on another Twilio trunk" in differences[0]


async def test_our_own_sentences_are_told_and_of_others_errors_only_the_kind(
    account: FakeTwilio, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    account.secret = "another"
    problem, differences = await ask(capsys)
    assert (problem[:23], differences) == ("Twilio refused the key:", [])

    async def compare(*_: object) -> NoReturn:
        raise RuntimeError("canary")

    monkeypatch.setattr(twilio, "compare", compare)
    assert await ask(capsys) == ("it ended with RuntimeError", [])


@pytest.mark.usefixtures("account")
async def test_before_the_first_make_up_nothing_is_compared(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (made / "here.json").unlink()
    problem, differences = await ask(capsys)
    assert problem.startswith("No make up has noted yet")
    assert differences == []
