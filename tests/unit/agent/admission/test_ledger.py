"""The ledger of calls: limits hold, also for calls of the same second, after a restart and after a crash."""

import multiprocessing
import sqlite3
import threading
import time
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from agent.admission.ledger import LEASE, SHORTEST, Admitted, Ledger
from agent.lines.limits import Limits

ANN, BOB = "+12025550123", "+12025550124"
NONE = Limits()


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, 12, tzinfo=ZoneInfo("Europe/Berlin")).timestamp()

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("agent.admission.ledger.time", clock)
    return clock


@pytest.fixture
def ledger(tmp_path: Path, clock: Clock) -> Ledger:
    return Ledger(tmp_path, "coffee", "Europe/Berlin")


def lasts(ledger: Ledger, clock: Clock, call: str, caller: str, seconds: float, limits: Limits = NONE) -> Admitted:
    """A whole call."""
    admitted = ledger.admit(call, caller, limits, at_once=10)
    if admitted.refusal is None:
        clock.now += seconds
        ledger.end(call)
    return admitted


def test_without_limits_calls_are_bounded_only_at_once(ledger: Ledger) -> None:
    assert [ledger.admit(f"AJ_{n}", ANN, NONE, at_once=2) for n in range(3)] == [
        Admitted(),
        Admitted(),
        Admitted("busy"),
    ]
    ledger.end("AJ_0")
    assert ledger.admit("AJ_3", ANN, NONE, at_once=2).refusal is None


def test_whether_a_call_would_be_refused_is_told_without_counting_one(ledger: Ledger, tmp_path: Path) -> None:
    limits = Limits(calls_per_caller=1)
    assert [ledger.would_refuse(ANN, limits, at_once=2) for _ in range(3)] == [None] * 3
    assert not (tmp_path / "ledger.key").exists()
    ledger.admit("AJ_1", ANN, limits, at_once=2)
    assert ledger.would_refuse(ANN, limits, at_once=2) == "caller_limit"
    assert ledger.would_refuse(BOB, limits, at_once=2) is None
    assert ledger.would_refuse(BOB, limits, at_once=1) == "busy"
    (tmp_path / "ledger.key").write_bytes(b"damaged")
    assert ledger.would_refuse(ANN, limits, at_once=2) is None
    assert (tmp_path / "ledger.key").read_bytes() == b"damaged"


def test_a_caller_is_turned_away_after_so_many_calls_and_others_are_not(ledger: Ledger, clock: Clock) -> None:
    limits = Limits(calls_per_caller=2)
    calls = [lasts(ledger, clock, f"AJ_{n}", ANN, 1, limits).refusal for n in range(3)]
    assert calls == [None, None, "caller_limit"]
    assert lasts(ledger, clock, "AJ_3", BOB, 1, limits).refusal is None


def test_the_line_is_closed_after_so_many_calls(ledger: Ledger, clock: Clock) -> None:
    limits = Limits(calls=2)
    calls = [lasts(ledger, clock, f"AJ_{n}", caller, 1, limits).refusal for n, caller in enumerate([ANN, BOB, ANN])]
    assert calls == [None, None, "line_limit"]
    assert not ledger.would_admit(limits, at_once=10)


def test_a_call_that_is_turned_away_does_not_count(ledger: Ledger, clock: Clock) -> None:
    ledger.admit("AJ_0", ANN, NONE, at_once=1)
    assert ledger.admit("AJ_1", BOB, Limits(calls=2), at_once=1).refusal == "busy"
    ledger.end("AJ_0")
    assert lasts(ledger, clock, "AJ_2", BOB, 1, Limits(calls=2)).refusal is None


def test_minutes_are_those_that_were_talked(ledger: Ledger, clock: Clock) -> None:
    limits = Limits(minutes_per_caller=2)
    assert lasts(ledger, clock, "AJ_0", ANN, 80, limits) == Admitted(None, 120)
    assert lasts(ledger, clock, "AJ_1", ANN, 15, limits) == Admitted(None, 40)
    assert lasts(ledger, clock, "AJ_2", ANN, 1, limits).refusal == "caller_limit"  # 25 s: less than SHORTEST
    assert lasts(ledger, clock, "AJ_3", BOB, 1, limits).refusal is None
    assert lasts(ledger, clock, "AJ_4", BOB, 1, Limits(minutes=1)).refusal == "line_limit"


def test_calls_at_the_same_time_share_the_minutes(ledger: Ledger, clock: Clock) -> None:
    limits = Limits(minutes=2)
    assert ledger.admit("AJ_0", ANN, limits, 10).seconds == 120
    assert ledger.admit("AJ_1", BOB, limits, 10).seconds == 60
    clock.now += 5
    ledger.renew("AJ_0", ANN, clock.now - 5, limits)
    assert ledger.renew("AJ_1", BOB, clock.now - 5, limits) == 55
    ledger.end("AJ_0")
    assert ledger.renew("AJ_1", BOB, clock.now - 5, limits) == 110
    shares = [ledger.admit(f"AJ_{n}", ANN, limits, 10).seconds for n in range(2, 6)]
    assert [share is not None and share >= SHORTEST for share in shares] == [True, True, False, False]


def test_a_day_begins_at_midnight_in_its_time_zone(ledger: Ledger, clock: Clock, tmp_path: Path) -> None:
    limits = Limits(calls_per_caller=1)
    clock.now = datetime(2026, 11, 22, 23, 58, tzinfo=ZoneInfo("Europe/Berlin")).timestamp()
    assert lasts(ledger, clock, "AJ_0", ANN, 10, limits).refusal is None
    assert lasts(ledger, clock, "AJ_1", ANN, 10, limits).refusal == "caller_limit"
    clock.now += 180
    assert lasts(Ledger(tmp_path, "coffee", "UTC"), clock, "AJ_2", ANN, 10, limits).refusal == "caller_limit"
    assert lasts(ledger, clock, "AJ_3", ANN, 10, limits).refusal is None


def test_a_call_over_midnight_is_still_in_progress_and_old_days_are_forgotten(
    ledger: Ledger, clock: Clock, tmp_path: Path
) -> None:
    clock.now = datetime(2026, 11, 22, 23, 59, 55, tzinfo=ZoneInfo("Europe/Berlin")).timestamp()
    lasts(ledger, clock, "AJ_0", ANN, 1)
    ledger.admit("AJ_1", ANN, NONE, at_once=1)
    clock.now += 10
    assert ledger.admit("AJ_2", BOB, NONE, at_once=1).refusal == "busy"
    assert kept(tmp_path) == ["AJ_1"]


def test_counters_survive_a_restart(ledger: Ledger, clock: Clock, tmp_path: Path) -> None:
    lasts(ledger, clock, "AJ_0", ANN, 1)
    again = Ledger(tmp_path, "coffee", "Europe/Berlin")
    assert again.admit("AJ_1", ANN, Limits(calls_per_caller=1), at_once=10).refusal == "caller_limit"


def test_a_call_whose_process_crashed_makes_room_and_its_minutes_count(ledger: Ledger, clock: Clock) -> None:
    ledger.admit("AJ_0", ANN, NONE, at_once=1)
    clock.now += 90
    ledger.renew("AJ_0", ANN, clock.now - 90, NONE)
    clock.now += LEASE - 1
    assert ledger.admit("AJ_1", BOB, NONE, at_once=1).refusal == "busy"
    clock.now += 2
    assert ledger.admit("AJ_2", ANN, Limits(minutes_per_caller=2), at_once=1) == Admitted(None, 30)


def test_a_call_that_could_not_be_entered_is_when_it_gives_a_sign_of_life(ledger: Ledger, clock: Clock) -> None:
    ledger.renew("AJ_0", ANN, clock.now - 60, NONE)
    assert ledger.admit("AJ_1", ANN, Limits(calls_per_caller=1), at_once=10).refusal == "caller_limit"


def test_numbers_are_not_stored_and_nobody_else_can_read_the_key(ledger: Ledger, tmp_path: Path) -> None:
    ledger.admit("AJ_0", ANN, NONE, at_once=1)
    assert not [file for file in tmp_path.iterdir() if b"2025550123" in file.read_bytes()]
    assert (tmp_path / "ledger.key").stat().st_mode & 0o777 == 0o660
    assert {file.name for file in tmp_path.iterdir() if "key" in file.name} == {"ledger.key"}


def test_several_calls_of_the_same_second_never_exceed_a_limit(tmp_path: Path) -> None:
    refusals: list[str | None] = []
    together = threading.Barrier(12)

    def call(number: int) -> None:
        ledger = Ledger(tmp_path, "coffee", "UTC")
        together.wait()
        refusals.append(ledger.admit(f"AJ_{number}", ANN, Limits(calls_per_caller=5), at_once=10).refusal)

    threads = [threading.Thread(target=call, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(str(refusal) for refusal in refusals) == ["None"] * 5 + ["caller_limit"] * 7


def one_call(folder: Path, number: int) -> str | None:
    return Ledger(folder, "coffee", "UTC").admit(f"AJ_{number}", ANN, Limits(calls=5), at_once=3).refusal


def test_nor_do_calls_in_processes_of_their_own(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(4) as processes:
        refusals = processes.starmap(one_call, [(tmp_path, number) for number in range(8)], chunksize=1)
    assert sorted(str(refusal) for refusal in refusals) == ["None"] * 3 + ["busy"] * 5


@pytest.mark.real_time
def test_it_waits_for_another_calls_transaction_for_a_second_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.admission.ledger.WAITS", 0.05)
    ledger = Ledger(tmp_path, "coffee", "UTC")
    ledger.admit("AJ_0", ANN, NONE, at_once=1)
    other = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        ledger.admit("AJ_1", ANN, NONE, at_once=1)
    assert time.monotonic() - began < 1
    other.close()


def kept(folder: Path) -> list[str]:
    database = sqlite3.connect(folder / "ledger.db")
    calls = [call for (call,) in database.execute("SELECT call FROM calls")]
    database.close()
    return calls


@pytest.mark.parametrize("damaged", [b"", b"short", b"x" * 33])
def test_a_damaged_key_is_replaced_and_said_so_once(
    ledger: Ledger, tmp_path: Path, damaged: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "ledger.key").write_bytes(damaged)
    limits = Limits(calls_per_caller=1)
    assert ledger.admit("AJ_1", ANN, limits, at_once=10).refusal is None
    assert ledger.admit("AJ_2", ANN, limits, at_once=10).refusal == "caller_limit"
    assert len((tmp_path / "ledger.key").read_bytes()) == 32
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def of(line: str, folder: Path, timezone: str = "UTC") -> Ledger:
    return Ledger(folder, line, timezone)


def test_each_line_counts_its_own_calls_and_minutes(clock: Clock, tmp_path: Path) -> None:
    coffee, dentist = of("coffee", tmp_path), of("dentist", tmp_path)
    limits = Limits(calls=2, minutes_per_caller=2)
    assert [lasts(coffee, clock, f"AJ_{n}", ANN, 10, limits).refusal for n in range(3)] == [None, None, "line_limit"]
    assert lasts(dentist, clock, "AJ_3", ANN, 10, limits) == Admitted(None, 120)
    assert not coffee.would_admit(limits, at_once=10)
    assert dentist.would_admit(limits, at_once=10)


def test_a_callers_calls_are_counted_on_each_line(clock: Clock, tmp_path: Path) -> None:
    coffee, dentist = of("coffee", tmp_path), of("dentist", tmp_path)
    limits = Limits(calls_per_caller=1)
    assert lasts(coffee, clock, "AJ_0", ANN, 10, limits).refusal is None
    assert lasts(coffee, clock, "AJ_1", ANN, 10, limits).refusal == "caller_limit"
    assert lasts(dentist, clock, "AJ_2", ANN, 10, limits).refusal is None


def test_calls_at_once_are_those_of_all_lines_together(clock: Clock, tmp_path: Path) -> None:
    coffee, dentist = of("coffee", tmp_path), of("dentist", tmp_path)
    assert coffee.admit("AJ_0", ANN, NONE, at_once=2).refusal is None
    assert dentist.admit("AJ_1", BOB, NONE, at_once=2).refusal is None
    for full in (coffee, dentist):
        assert not full.would_admit(NONE, at_once=2)
        assert full.admit("AJ_2", BOB, NONE, at_once=2).refusal == "busy"
    coffee.end("AJ_0")
    assert dentist.admit("AJ_3", BOB, NONE, at_once=2).refusal is None


@pytest.mark.parametrize(("of_line", "of_host", "taken"), [(1, 10, 1), (2, 10, 2), (5, 3, 3), (None, 3, 3)])
def test_a_line_takes_no_more_calls_at_once_than_it_says_and_the_host_allows(
    clock: Clock, tmp_path: Path, of_line: int | None, of_host: int, taken: int
) -> None:
    coffee, limits = of("coffee", tmp_path), Limits(calls_at_once=of_line)
    answers = [coffee.admit(f"AJ_{n}", ANN, limits, of_host).refusal for n in range(5)]
    assert answers == [None] * taken + ["busy"] * (5 - taken)
    room_elsewhere = of("dentist", tmp_path).admit("AJ_9", BOB, NONE, of_host).refusal
    assert room_elsewhere == ("busy" if taken == of_host else None)


def test_another_lines_calls_in_progress_do_not_share_this_lines_minutes(clock: Clock, tmp_path: Path) -> None:
    limits = Limits(minutes=2)
    assert of("coffee", tmp_path).admit("AJ_0", ANN, limits, 10).seconds == 120
    assert of("dentist", tmp_path).admit("AJ_1", ANN, limits, 10).seconds == 120
    assert of("coffee", tmp_path).admit("AJ_2", BOB, limits, 10).seconds == 60


def test_a_ledger_of_the_release_before_is_taken_over(clock: Clock, tmp_path: Path) -> None:
    """Its calls are nobody's, and count among those at once while they are in progress."""
    database = sqlite3.connect(tmp_path / "ledger.db")
    database.execute(
        "CREATE TABLE calls (call TEXT PRIMARY KEY, caller TEXT NOT NULL, day TEXT NOT NULL, began REAL NOT NULL, "
        "seen REAL NOT NULL, ended INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID"
    )
    for call, ended in (("AJ_0", 0), ("AJ_1", 1)):
        database.execute(
            "INSERT INTO calls VALUES (?, 'hash', '2026-11-22', ?, ?, ?)", (call, clock.now - 60, clock.now, ended)
        )
    database.commit()
    database.close()
    coffee = of("coffee", tmp_path)
    assert coffee.admit("AJ_2", ANN, NONE, at_once=1).refusal == "busy"
    coffee.end("AJ_0")
    assert lasts(coffee, clock, "AJ_2", ANN, 10, Limits(calls=1)).refusal is None
    assert lasts(coffee, clock, "AJ_3", ANN, 10, Limits(calls=1)).refusal == "line_limit"
    assert sorted(kept(tmp_path)) == ["AJ_0", "AJ_1", "AJ_2"]


def test_lines_in_two_time_zones_do_not_forget_each_others_day(clock: Clock, tmp_path: Path) -> None:
    """When a day has begun in Auckland, it is still the day before in New York, and its calls still count."""
    new_york, auckland = of("ny", tmp_path, "America/New_York"), of("akl", tmp_path, "Pacific/Auckland")
    clock.now = datetime(2026, 11, 23, 23, 0, tzinfo=ZoneInfo("Pacific/Auckland")).timestamp()
    limits = Limits(calls=1)
    for ledger, call in ((new_york, "AJ_0"), (auckland, "AJ_1")):
        assert lasts(ledger, clock, call, ANN, 10, limits).refusal is None
        assert lasts(ledger, clock, "AJ_x", ANN, 10, limits).refusal == "line_limit"
    clock.now += 2 * 3600  # midnight has passed in Auckland
    assert lasts(auckland, clock, "AJ_2", ANN, 10, limits).refusal is None
    assert lasts(new_york, clock, "AJ_3", ANN, 10, limits).refusal == "line_limit"
    assert sorted(kept(tmp_path)) == ["AJ_0", "AJ_2"]


def test_calls_of_a_line_that_is_gone_are_forgotten_after_two_days(clock: Clock, tmp_path: Path) -> None:
    lasts(of("tea", tmp_path), clock, "AJ_0", ANN, 10)
    clock.now += 86_400
    lasts(of("coffee", tmp_path), clock, "AJ_1", ANN, 10)
    assert sorted(kept(tmp_path)) == ["AJ_0", "AJ_1"]
    clock.now += 86_400 + 60
    lasts(of("coffee", tmp_path), clock, "AJ_2", ANN, 10)
    assert kept(tmp_path) == ["AJ_2"]
