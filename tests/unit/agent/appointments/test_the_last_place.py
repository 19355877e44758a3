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
from tests.unit.agent.appointments import calendars
from tests.unit.agent.appointments.conftest import at

if TYPE_CHECKING:
    from multiprocessing.synchronize import Barrier
    from pathlib import Path

    from agent.appointments.desk import Desk

pytestmark = pytest.mark.real_time
RUNS = 200
NOW = at("2026-11-27 10:00")
FIRST = at("2026-11-30 09:00")
LAST_PLACE = {"visit": {"length": 60, "every": 60, "ahead": 400, "per_caller": 100, **calendars.WEEK, "notice": 0}}
WAITS = 60.0  # seconds for the other process

Got = list[tuple[bool, datetime | None]]


def call(url: str, folder: Path, caller: int, together: Barrier, results: multiprocessing.Queue[Got]) -> None:
    """All the calls of one caller: in each, book the time at which the other caller books, and else another one."""
    desk = new_desk(calendars.line(url, appointments=LAST_PLACE), folder)
    try:
        results.put(asyncio.run(_call(desk, caller, together)))
    except BaseException:
        together.abort()  # so that the other one does not wait
        results.put([])
        raise


async def _call(desk: Desk, caller: int, together: Barrier) -> Got:
    got: Got = []
    for run in range(RUNS):
        begins = _contested(run)
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


@pytest.mark.parametrize("backend", ["embedded", "caldav"])
def test_of_two_callers_one_gets_the_last_place_and_the_other_another_time(
    backend: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("calendar") if backend == "caldav" else ""
    context = multiprocessing.get_context("spawn")
    together, results = context.Barrier(2), context.Queue()
    calls = [context.Process(target=call, args=(url, tmp_path, caller, together, results)) for caller in (1, 2)]
    for one in calls:
        one.start()
    one, other = (results.get(timeout=WAITS * 5) for _ in calls)
    for process in calls:
        process.join(WAITS)
    for run in range(RUNS):
        won = sorted(won for won, _ in (one[run], other[run]))
        assert won == [False, True], f"run {run}: {one[run]} and {other[run]}"
        assert one[run][1] != other[run][1]
    kept = asyncio.run(_kept(url, tmp_path))
    assert len(kept) == len(set(kept)) == 2 * RUNS


async def _kept(url: str, folder: Path) -> list[datetime]:
    desk = new_desk(calendars.line(url, appointments=LAST_PLACE), folder)
    return [one.begins for one in await desk._backend.between(NOW, NOW + timedelta(days=400))]
