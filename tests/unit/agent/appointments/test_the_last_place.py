"""Two callers want the last place in the same moment: each call is a process of its own, as on a line.

One gets it. The other is told so, and gets another time.
"""

from __future__ import annotations

import asyncio
import multiprocessing
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from agent.appointments.appointment import Appointment
from agent.appointments.desk import TakenError, new_desk
from agent.appointments.free import time_of
from agent.appointments.wish import Wish
from tests.support.radicale import make_calendar
from tests.unit.agent.appointments import calendars
from tests.unit.agent.appointments.conftest import at

if TYPE_CHECKING:
    from multiprocessing.synchronize import Barrier
    from pathlib import Path

    from agent.appointments.desk import Desk

    Results = multiprocessing.Queue["Got"]

pytestmark = pytest.mark.real_time
RUNS, FEW = 200, 20  # a few at every run of the tests, since Radicale takes a second for each
IN_ONE = 25  # runs on one calendar: Radicale looks at every appointment in it
NOW = at("2026-11-27 10:00")
FIRST = at("2026-11-30 09:00")
LAST_PLACE = {"visit": {"length": 60, "every": 60, "ahead": 400, "per_caller": 100, **calendars.WEEK, "notice": 0}}
WAITS, WAITS_FOR_ALL = 60.0, 1800.0  # seconds for the other process

Got = list[tuple[bool, datetime]]  # whether the last place was got, and which time in the end


def call(urls: list[str], folder: Path, runs: int, caller: int, together: Barrier, results: Results) -> None:
    """All the calls of one caller: in each, book the time at which the other caller books, and else another one."""
    try:
        results.put(asyncio.run(_call(desks(urls, folder), runs, caller, together)))
    except BaseException:
        together.abort()  # so that the other one does not wait
        results.put([])
        raise


def desks(urls: list[str], folder: Path) -> list[Desk]:
    return [new_desk(calendars.line(url, appointments=LAST_PLACE), folder) for url in urls]


async def _call(desks: list[Desk], runs: int, caller: int, together: Barrier) -> Got:
    got: Got = []
    for run in range(runs):
        desk, begins = desks[run // IN_ONE % len(desks)], _contested(run)
        number = f"+4930{caller}{run:05}"
        await asyncio.to_thread(together.wait, WAITS)
        try:
            await desk.book(_visit(desk, begins, number), NOW)
            got.append((True, begins))
        except TakenError:
            day = begins.date()
            others = await desk.free_times("visit", Wish(day, day), NOW)
            assert begins not in others
            await desk.book(_visit(desk, others[0], number), NOW)
            got.append((False, others[0]))
    return got


def _contested(run: int) -> datetime:
    """A day of its own for each run, from Monday to Friday."""
    return FIRST + timedelta(days=run // 5 * 7 + run % 5)


def _visit(desk: Desk, begins: datetime, number: str) -> Appointment:
    its = time_of(desk.kind("visit"), begins)
    return Appointment("visit", its.begins, its.ends, "Anna", number)


@pytest.mark.parametrize(
    ("backend", "runs"),
    [("embedded", RUNS), ("caldav", FEW), pytest.param("caldav", RUNS, marks=pytest.mark.slow)],
)
def test_of_two_callers_one_gets_the_last_place_and_the_other_another_time(
    backend: str, runs: int, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    urls = [""]
    if backend == "caldav":
        root = request.getfixturevalue("root")
        urls = [make_calendar(root, f"last-{runs}-{number}") for number in range(-(-runs // IN_ONE))]
    context = multiprocessing.get_context("spawn")
    together, results = context.Barrier(2), context.Queue()
    given = [(urls, tmp_path, runs, caller, together, results) for caller in (1, 2)]
    calls = [context.Process(target=call, args=its) for its in given]
    for process in calls:
        process.start()
    one, other = (results.get(timeout=WAITS_FOR_ALL) for _ in calls)
    for process in calls:
        process.join(WAITS)
    assert len(one) == len(other) == runs
    for run in range(runs):
        won = sorted(won for won, _ in (one[run], other[run]))
        assert won == [False, True], f"run {run}: {one[run]} and {other[run]}"
        assert one[run][1] != other[run][1]
    kept = asyncio.run(_kept(desks(urls, tmp_path)))
    assert len(kept) == len(set(kept)) == 2 * runs


async def _kept(desks: list[Desk]) -> list[datetime]:
    there = [await desk._backend.between(NOW, NOW + timedelta(days=400)) for desk in desks]
    return [one.begins for of_desk in there for one in of_desk]
