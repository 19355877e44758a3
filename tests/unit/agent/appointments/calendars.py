"""A line with appointments, for the tests."""

from __future__ import annotations

from typing import Any

from pydantic import SecretStr

from agent.lines.line import Line
from tests.support.radicale import PASSWORD, USER

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")
WEEK = {day: ["09:00-12:00", "14:00-18:00"] for day in DAYS}
KINDS: dict[str, Any] = {
    "haircut": {"called": "a haircut", "length": 30, "places": 2, "notice": 0},
    "colour": {"length": 90, "buffer": 30, "shares": "haircut", "notice": 0},
    "table": {"length": 120, "places": 1, "every": 60, "ahead": 14, "notice": 120, "friday": ["18:00-02:00"]},
}


def line(url: str = "", *, name: str = "coffee", timezone: str = "Europe/Berlin", **settings: Any) -> Line:
    """A line with hours and kinds of appointments, kept at `url` or embedded."""
    given: dict[str, Any] = {"timezone": timezone, "hours": WEEK, "appointments": KINDS} | settings
    if url:
        given["calendar"] = {"url": "URL", "username": USER, "password": "PASSWORD"}
    secrets = {"URL": SecretStr(url), "PASSWORD": SecretStr(PASSWORD)}
    made = Line.model_validate(given, context={"secrets": secrets})
    made._name = name
    return made
