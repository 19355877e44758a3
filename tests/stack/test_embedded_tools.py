"""The embedded models call tools by themselves on a real call: nothing is scripted but what the caller says."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from tests.support.house import ROOT
from tests.support.lines import ABILITIES, abilities

if TYPE_CHECKING:
    from tests.stack.line import Line

pytestmark = pytest.mark.slow

TIMEZONE = "Pacific/Kiritimati"  # for more than half of the day, the weekday there is another than in UTC
SAID = ("How much is a cup of coffee?", "Which day is it today?", "We are done here, please end the call.")
BOOKED = """
import sqlite3
print(sqlite3.connect("/data/appointments/coffee.db").execute("SELECT kind, name FROM appointments").fetchall())
"""
PATIENT = ("--patience", "4")  # as `make call` has it: a question is asked again after 5 s
CALLED = re.compile(r"\bcalled[=\"': ]+(\w+)")  # in the log of the speech service


def test_the_embedded_models_call_the_tools_that_are_asked_for_and_no_others(line: Line) -> None:
    line.change(tools=["end_call", "tell_time"], timezone=TIMEZONE)
    before, day = len(CALLED.findall(line.logs("speech"))), datetime.now(ZoneInfo(TIMEZONE))
    try:
        outcome = line.call("--at", "8", *(part for text in SAID for part in ("--say", text)))
    finally:
        line.change(tools=["end_call"], timezone="UTC")
    called = CALLED.findall(line.logs("speech"))[before:]
    assert called == ["tell_time", "end_call"], outcome.printed
    assert re.search(r"coffee .*\b(three|3)\b", outcome.heard), outcome.printed  # a fact, for which no tool was called
    assert re.search(f"{day:%A|%B}".lower(), outcome.heard), outcome.printed  # what the tool returned
    assert outcome.hung_up, outcome.printed


def test_the_example_books_a_table_as_the_readme_shows(line: Line) -> None:
    [said] = re.findall(r'make call SAY="(.* \| .*)"', (ROOT / "README.md").read_text())
    line.change(**abilities())
    try:
        outcome = line.call(*(part for text in said.split("|") for part in ("--say", text.strip())), *PATIENT)
    finally:
        line.change(**dict.fromkeys(ABILITIES))
    assert outcome.hears("book a table for"), outcome.printed
    assert outcome.hears("is that right"), outcome.printed
    booked = line.compose("exec", "-T", "agent", "python", "-c", BOOKED)
    assert "('table', " in booked, outcome.printed
