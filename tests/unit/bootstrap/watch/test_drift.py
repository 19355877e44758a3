"""Twilio's side is compared in a process of its own, and what differs is told once."""

from __future__ import annotations

import asyncio
import logging
import sys

import pytest

from bootstrap.watch import ask_twilio, drift
from bootstrap.watch.drift import TwilioDrift

GONE = "The number is not on the trunk."


def prints(text: str) -> TwilioDrift:
    return TwilioDrift((sys.executable, "-c", f"import sys; sys.stderr.write('noise'); print({text!r})"))


async def test_each_difference_that_is_printed_is_a_sentence() -> None:
    assert await prints(f'["{GONE}", "The origination URI differs."]').ask() == [GONE, "The origination URI differs."]
    assert await prints("[]").ask() == []


@pytest.mark.parametrize("printed", ["", "Traceback", "1"])
async def test_whatever_else_is_printed_is_a_sentence_that_says_what_to_do(printed: str) -> None:
    assert await prints(printed).ask() == [
        "Twilio could not be asked. docker compose run --rm bootstrap show says why."
    ]


async def test_a_process_that_takes_too_long_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drift, "ANSWERS_WITHIN", 0.2)
    asking = TwilioDrift((sys.executable, "-c", "import time; time.sleep(600)"))
    assert await asking.ask() == ["Twilio did not answer within 0.2 s."]


def test_of_others_errors_only_the_kind_is_told() -> None:
    assert ask_twilio.explain(ModuleNotFoundError("canary")) == "It could not be compared (ModuleNotFoundError)."
    assert ask_twilio.explain(drift_error()) == "Twilio refused the key."


def drift_error() -> Exception:
    """Make an error of one of bootstrap's own modules."""

    class TwilioError(Exception):
        __module__ = "bootstrap.twilio.client"

    return TwilioError("Twilio refused the key.")


def test_a_difference_is_told_once_and_again_when_it_changes_and_when_it_ends(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    its = TwilioDrift()
    for sentences in ([], [], [GONE], [GONE], [GONE, "The origination URI differs."], [GONE], [], []):
        its.tell(list(sentences))
    begin, end = "Twilio's side is not as the settings lead to: ", " make up brings it there."
    assert caplog.messages == [
        f"{begin}{GONE}{end}",
        f"{begin}{GONE} The origination URI differs.{end}",
        f"{begin}{GONE}{end}",
        "Twilio's side is as the settings lead to again.",
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
