"""Orders for calls, and the do-not-call list."""

import sqlite3
import stat
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.lines.outbound import Outbound
from agent.outbound import orders as module
from agent.outbound.orders import ANSWERED, ENDED, RINGING, WAITING, Order, Orders, RefusedError

ANNA, BEN = "+12025550123", "+12025550124"
LIMITS = Outbound(calls_a_day=4, calls_per_number=2)


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp()

    def time(self) -> float:
        return self.now

    def jump(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


@pytest.fixture
def orders(tmp_path: Path) -> Orders:
    return Orders("coffee", "Europe/Berlin", tmp_path)


def place(orders: Orders, number: str = ANNA, key: str = "k1", limits: Outbound = LIMITS) -> Order:
    return orders.place(number, "Anna", "Her table is ready.", key, limits)


def refusal(orders: Orders, number: str = ANNA, key: str = "new", limits: Outbound = LIMITS) -> str:
    with pytest.raises(RefusedError) as refused:
        place(orders, number, key, limits)
    return refused.value.refusal.reason


def test_an_order_waits_until_its_call_begins_and_is_told_of_until_it_has_ended(orders: Orders) -> None:
    order = place(orders)
    assert (order.state, order.purpose) == (WAITING, "Her table is ready.")
    for state in (RINGING, ANSWERED):
        assert orders.note(order.id, state)
        assert orders.read(order.id).state == state  # type: ignore[union-attr]
    orders.end(order.id, "talked", "the talk was over")
    ended = orders.read(order.id)
    assert ended
    assert (ended.state, ended.result, ended.reason) == (ENDED, "talked", "the talk was over")
    assert ended.purpose == ""  # it is kept no longer than needed
    assert not orders.note(order.id, RINGING)
    orders.end(order.id, "busy", "the number was busy")
    assert orders.read(order.id) == ended


def test_the_same_key_is_the_same_order(orders: Orders) -> None:
    order = place(orders)
    assert place(orders) == order
    assert orders.find("k1") == order
    assert place(orders, key="k2").id != order.id


def test_a_key_that_belongs_to_a_call_to_somebody_else_is_refused(orders: Orders) -> None:
    place(orders)
    assert refusal(orders, BEN, "k1") == "key"


def test_a_number_is_called_only_so_often_a_day(orders: Orders, clock: Clock) -> None:
    for key in ("1", "2"):
        place(orders, key=key)
    assert refusal(orders) == "calls_per_number"
    assert place(orders, key="1")  # which was placed before
    assert place(orders, BEN, "3")
    clock.jump(86_400)
    assert place(orders, key="4")


def test_a_line_makes_only_so_many_calls_a_day(orders: Orders, tmp_path: Path) -> None:
    for key in range(4):
        place(orders, f"+1202555012{key}", str(key))
    assert refusal(orders, "+12025550129") == "calls_a_day"
    assert place(Orders("dentist", "UTC", tmp_path))


def test_who_wants_no_more_calls_gets_none_until_the_owner_says_otherwise(orders: Orders, tmp_path: Path) -> None:
    orders.do_not_call(ANNA, "caller")
    orders.do_not_call(ANNA, "model")
    assert refusal(orders) == "do_not_call"
    assert not orders.may_be_called(ANNA)
    assert [(it.number, it.how) for it in orders.listed()] == [(ANNA, "caller")]
    assert place(orders, BEN)
    assert Orders("dentist", "UTC", tmp_path).may_be_called(ANNA)
    assert orders.allow_again(ANNA)
    assert not orders.allow_again(ANNA)
    assert place(orders, key="again")


def test_an_order_whose_process_has_died_counts_as_interrupted(orders: Orders, clock: Clock) -> None:
    order = place(orders)
    clock.jump(module.LEASE - 1)
    assert orders.note(order.id, RINGING)
    clock.jump(module.LEASE - 1)
    assert orders.read(order.id).state == RINGING  # type: ignore[union-attr]
    clock.jump(2)
    gone = orders.read(order.id)
    assert gone
    assert (gone.state, gone.result, gone.purpose) == (ENDED, "interrupted", "")


def test_one_job_alone_makes_a_call(orders: Orders) -> None:
    order = place(orders)
    assert orders.take(order.id)
    assert orders.read(order.id).state == RINGING  # type: ignore[union-attr]
    assert not orders.take(order.id)
    orders.end(order.id, "line_full", "all lines are busy", taken=False)  # by the job that came second
    assert orders.read(order.id).state == RINGING  # type: ignore[union-attr]
    orders.end(order.id, "busy", "the number was busy")
    assert not orders.take(order.id)


def test_an_order_that_nobody_has_taken_can_be_withdrawn_and_counts_no_more(orders: Orders) -> None:
    once = LIMITS.model_copy(update={"calls_per_number": 1})
    order = place(orders, limits=once)
    assert orders.withdraw(order.id)
    again = place(orders, limits=once)
    assert again.id != order.id
    assert orders.take(again.id)
    assert not orders.withdraw(again.id)


def test_old_orders_are_forgotten_and_the_list_is_not(orders: Orders, clock: Clock) -> None:
    order = place(orders)
    orders.end(order.id, "busy", "the number was busy")
    orders.do_not_call(BEN, "caller")
    clock.jump(module.KEPT + 1)
    place(orders, key="later")
    assert orders.read(order.id) is None
    assert not orders.may_be_called(BEN)


def test_only_the_agent_and_its_group_can_read_the_file_and_no_order_tells_whom_it_is_about(
    orders: Orders, tmp_path: Path
) -> None:
    order = place(orders)
    assert stat.S_IMODE((tmp_path / module.FILE).stat().st_mode) == 0o660
    assert not any(secret in repr(order) for secret in (ANNA, "Anna", "table"))


def test_a_file_of_a_newer_release_is_refused(orders: Orders, tmp_path: Path) -> None:
    place(orders)
    with sqlite3.connect(tmp_path / module.FILE) as database:
        database.execute("PRAGMA user_version = 99")
    with pytest.raises(sqlite3.Error, match="newer"):
        place(orders, key="k2")


def _place(given: tuple[Path, int]) -> str:
    folder, number = given
    try:
        return Orders("coffee", "UTC", folder).place(f"+1202555{number:04}", "", "x", f"{number}", LIMITS).id
    except RefusedError as error:
        return error.refusal.reason


@pytest.mark.real_time
def test_many_processes_together_place_no_more_than_the_day_allows(tmp_path: Path) -> None:
    with ProcessPoolExecutor(4) as pool:
        done = list(pool.map(_place, [(tmp_path, number) for number in range(12)]))
    assert done.count("calls_a_day") == 8
    assert len(set(done)) == 5
