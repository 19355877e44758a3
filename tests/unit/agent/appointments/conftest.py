"""A server for all tests of this folder, and a desk on each backend for one test."""

from __future__ import annotations

import itertools
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from agent.appointments.appointment import Appointment
from agent.appointments.desk import new_desk
from agent.appointments.free import time_of
from tests.support.radicale import make_calendar, radicale
from tests.unit.agent.appointments import calendars

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from agent.appointments.desk import Desk

_numbers = itertools.count()


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with radicale(tmp_path_factory.mktemp("radicale")) as address:
        yield address


@pytest.fixture
def calendar(root: str) -> str:
    return make_calendar(root, f"calendar-{next(_numbers)}")


@pytest.fixture(params=["embedded", "caldav"])
def new(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Desk]:
    """Make a desk, with these settings of the line, on one of the backends."""
    url = request.getfixturevalue("calendar") if request.param == "caldav" else ""
    return lambda **settings: new_desk(calendars.line(url, **settings), tmp_path)


@pytest.fixture
def desk(new: Callable[..., Desk]) -> Desk:
    return new()


def at(text: str, timezone: str = "Europe/Berlin") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(timezone))


def wanted(desk: Desk, kind: str, begins: str, name: str = "Anna Meier", number: str = "+493012345") -> Appointment:
    its = time_of(desk.kind(kind), at(begins))
    return Appointment(kind, its.begins, its.ends, name, number, "")
