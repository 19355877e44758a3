"""A call's place: kept by signs of life, given back at the end, and there for everybody when the ledger fails."""

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from livekit.agents import JobContext

from agent.admission.ledger import Ledger
from agent.admission.slot import Slot, is_free
from agent.lines.limits import Limits
from tests.unit.agent.fakes import until

ANN = "+12025550123"


class Job:
    def __init__(self) -> None:
        self.callbacks: list[Any] = []

    def add_shutdown_callback(self, callback: Any) -> None:
        self.callbacks.append(callback)

    async def end(self) -> None:
        for callback in self.callbacks:
            await callback()


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.admission.ledger.LEASE_RENEWED_EVERY", 0.01)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path, "coffee", "UTC")


@pytest.fixture
def no_ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "not there", "coffee", "UTC")


@pytest.fixture
def locked(tmp_path: Path, ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> Iterator[sqlite3.Connection]:
    monkeypatch.setattr("agent.admission.ledger.WAITS", 0.02)
    ledger.would_admit(Limits(), 1)
    other = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield other
    other.close()


def place(ledger: Ledger, call: str = "AJ_0", limits: Limits = Limits()) -> Slot:  # noqa: B008 - it is frozen
    return Slot(ledger, call, ANN, limits, at_once=1)


def context(job: Job) -> JobContext:
    return cast("JobContext", job)


async def test_a_place_is_kept_until_the_job_ends(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.admission.ledger.LEASE", 0.1)
    job, mine = Job(), place(ledger)
    assert await mine.take() is None
    mine.keep(context(job))
    await asyncio.sleep(0.2)
    assert await place(ledger, "AJ_1").take() == "busy"
    assert not await is_free(ledger, Limits(), 1)
    await job.end()
    assert await is_free(ledger, Limits(), 1)
    assert await place(ledger, "AJ_2").take() is None


async def test_the_minutes_left_are_told_and_get_less(ledger: Ledger) -> None:
    mine = place(ledger, limits=Limits(minutes=1))
    await mine.take()
    assert 59 < (mine.seconds_left() or 0) <= 60
    other = Slot(ledger, "AJ_1", ANN, Limits(minutes=1), at_once=2)
    assert await other.take() is None
    job = Job()
    mine.keep(context(job))
    await until(lambda: (mine.seconds_left() or 60) < 31)  # they share them
    await job.end()


async def test_without_a_limit_there_is_no_end(ledger: Ledger) -> None:
    mine = place(ledger)
    await mine.take()
    assert mine.seconds_left() is None


async def test_a_ledger_that_cannot_be_opened_admits_everybody_and_complains_once_a_call(
    no_ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    assert await is_free(no_ledger, Limits(calls=1), 1)
    mine, job = place(no_ledger, limits=Limits(calls=1)), Job()
    assert await mine.take() is None
    mine.keep(context(job))
    await asyncio.sleep(0.05)
    await job.end()
    [record] = caplog.records
    assert record.levelname == "ERROR"
    assert "limits do not hold for this call" in record.getMessage()
    assert "unable to open database file" in record.getMessage()


async def test_a_damaged_ledger_admits_everybody(
    tmp_path: Path, ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "ledger.db").write_bytes(b"no database" * 100)
    assert await place(ledger).take() is None
    assert "file is not a database" in caplog.text


@pytest.mark.usefixtures("locked")
async def test_a_locked_ledger_is_not_waited_for(ledger: Ledger, caplog: pytest.LogCaptureFixture) -> None:
    assert await place(ledger).take() is None
    assert "database is locked" in caplog.text


async def test_a_call_let_in_while_it_was_locked_is_counted_once_it_is_not(
    ledger: Ledger, locked: sqlite3.Connection
) -> None:
    mine, job = place(ledger), Job()
    await mine.take()
    locked.execute("ROLLBACK")
    mine.keep(context(job))
    async with asyncio.timeout(5):
        while await is_free(ledger, Limits(), 1):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await job.end()


async def test_a_ledger_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, ledger: Ledger) -> None:
    monkeypatch.setattr("agent.admission.slot.ANSWERS_WITHIN", 0.02)
    monkeypatch.setattr(ledger, "admit", lambda *_: asyncio.run(asyncio.sleep(0.05)))
    began = asyncio.get_running_loop().time()
    assert await place(ledger).take() is None
    assert asyncio.get_running_loop().time() - began < 0.05
