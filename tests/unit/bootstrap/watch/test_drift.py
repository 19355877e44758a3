"""Twilio's side is compared in a process of its own, and what differs is told once."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from bootstrap.watch import ask_twilio, drift
from bootstrap.watch.drift import NotComparedError, TwilioDrift

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.bootstrap.conftest import Environment

GONE, MOVED = "The number is not on the trunk.", "The origination URI differs."


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
    begin = "Twilio's side is not as the settings lead to. make up changes the following: "
    down = "Twilio's side could not be compared with the settings: it is down."
    up = "Twilio's side can be compared with the settings again."
    assert caplog.messages == [
        f"{begin}{GONE}",
        down,
        up,
        f"{begin}{GONE} {MOVED}",
        f"{begin}{GONE}",
        "Twilio's side is as the settings lead to again.",
        down,
        up,
    ]


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
def twilio(monkeypatch: pytest.MonkeyPatch, environment: Environment) -> Callable[..., None]:
    """Put a module into the place of bootstrap.twilio, with these differences, or one whose changes cannot be known."""

    def put(changes: Callable[..., list[Any]]) -> None:
        class Connection:
            async def __aenter__(self) -> str:
                return "client"

            async def __aexit__(self, *_: object) -> None:
                pass

        async def look(client: str) -> str:
            return f"what {client} sees"

        module = ModuleType("bootstrap.twilio")
        its = {"connect": lambda _: Connection(), "look": look, "changes": changes}
        vars(module).update(its, want=lambda settings: settings.agent_name)
        monkeypatch.setitem(sys.modules, "bootstrap.twilio", module)

    environment(AGENT_NAME="here")
    return put


def test_it_prints_the_differences_between_what_is_wanted_and_what_is_there(
    twilio: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    twilio(lambda want, there: [SimpleNamespace(said=f"{want}, {there}")])
    assert ask_twilio.main() == 0
    assert json.loads(capsys.readouterr().out) == {
        "problem": "",
        "differences": ["namespace(said='here, what client sees')"],
    }


def test_it_prints_our_own_sentences_and_of_others_errors_only_the_kind(
    twilio: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    class TwilioError(Exception):
        __module__ = "bootstrap.twilio.client"

    for error, expected in (
        (TwilioError("Twilio refused the key."), "Twilio refused the key"),
        (RuntimeError("canary"), "it ended with RuntimeError"),
    ):

        def changes(*_: object, error: Exception = error) -> list[Any]:
            raise error

        twilio(changes)
        ask_twilio.main()
        assert json.loads(capsys.readouterr().out) == {"problem": expected, "differences": []}
