"""The clock itself: what may be jumped over, and what may not."""

import asyncio
import contextlib
import socket
import threading
import time
from dataclasses import dataclass, field

import pytest

from tests.support.clock import REAL_SLEEP, TurnedLoop, turned_clock


@dataclass
class Noted:
    at: float = field(default_factory=time.time)


@pytest.fixture(autouse=True)
def turned(clock: None) -> None:
    """All of this is about it."""


async def test_an_hour_is_over_at_once_on_every_clock() -> None:
    really = time.clock_gettime(time.CLOCK_MONOTONIC)
    before = [time.time(), time.monotonic(), time.perf_counter(), asyncio.get_running_loop().time(), Noted().at]
    await asyncio.sleep(3600)
    after = [time.time(), time.monotonic(), time.perf_counter(), asyncio.get_running_loop().time(), Noted().at]
    assert [round(late - early, 3) for early, late in zip(before, after, strict=True)] == [3600] * 5
    assert time.clock_gettime(time.CLOCK_MONOTONIC) - really < 60


async def test_what_is_planned_happens_in_its_order_and_nothing_late() -> None:
    began, happened = time.monotonic(), []

    async def note(after: float) -> None:
        await asyncio.sleep(after)
        happened.append((after, round(time.monotonic() - began, 3)))

    await asyncio.gather(*map(note, (0.3, 0.1, 7, 0.2)))
    assert happened == [(0.1, 0.1), (0.2, 0.2), (0.3, 0.3), (7, 7)]


async def test_time_hardly_passes_while_the_loop_is_busy() -> None:
    since = time.monotonic()
    REAL_SLEEP(0.02)
    assert time.monotonic() - since < 0.001


def test_no_two_readings_are_the_same() -> None:
    assert len({time.time() for _ in range(1000)}) == 1000


async def test_what_was_sent_arrives_before_time_goes_on() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readline())
        await asyncio.sleep(0.5)
        writer.write(b"later\n")
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        since = time.monotonic()
        async with asyncio.timeout(0.6):
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(b"now\n")
            assert await reader.readline() == b"now\n"
            assert time.monotonic() - since < 0.01
            assert await reader.readline() == b"later\n"
        assert 0.5 <= time.monotonic() - since < 0.51
        writer.close()
        await writer.wait_closed()


async def test_work_in_the_executor_is_waited_for_and_takes_the_time_it_takes() -> None:
    async with asyncio.timeout(5):
        assert await asyncio.to_thread(lambda: REAL_SLEEP(0.05) or "done") == "done"
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await asyncio.to_thread(REAL_SLEEP, 0.3)


async def test_a_loop_in_the_executor_gets_the_time_it_waits_for() -> None:
    async with asyncio.timeout(5):
        await asyncio.to_thread(asyncio.run, asyncio.sleep(0.05))


def test_loops_of_two_threads_go_by_one_clock() -> None:
    ours, theirs = socket.socketpair(type=socket.SOCK_DGRAM)
    for end in (ours, theirs):
        end.setblocking(False)
    heard: list[tuple[bytes, float]] = []

    listening = threading.Event()

    async def echo() -> None:
        loop = asyncio.get_running_loop()
        listening.set()
        while (said := await loop.sock_recv(theirs, 10)) != b"over":
            await asyncio.sleep(1)
            await loop.sock_sendall(theirs, said)

    async def ask() -> None:
        loop, since = asyncio.get_running_loop(), time.monotonic()
        for number in range(200):
            async with asyncio.timeout(1.01):
                await loop.sock_sendall(ours, b"%d" % number)
                heard.append((await loop.sock_recv(ours, 10), round(time.monotonic() - since, 1)))
        await loop.sock_sendall(ours, b"over")

    thread = threading.Thread(target=lambda: asyncio.run(echo()), daemon=True)
    thread.start()
    listening.wait(5)
    asyncio.run(ask())
    thread.join(5)
    ours.close()
    theirs.close()
    assert heard == [(b"%d" % number, number + 1.0) for number in range(200)]


def test_a_loop_in_another_thread_stands_still_while_this_one_works() -> None:
    ticks: list[float] = []
    begun = threading.Event()

    async def tick() -> None:
        begun.set()
        for _ in range(10):
            await asyncio.sleep(0.02)
            ticks.append(time.monotonic())

    thread = threading.Thread(target=lambda: asyncio.run(tick()), daemon=True)
    thread.start()
    begun.wait(5)
    REAL_SLEEP(0.05)
    assert ticks == []
    asyncio.run(asyncio.sleep(0.5))
    thread.join(5)
    assert len(ticks) == 10


def test_a_loop_in_another_thread_does_not_run_away_while_this_one_closes() -> None:
    begun = threading.Event()
    over = threading.Event()

    async def tick() -> None:
        begun.set()
        while not over.is_set():  # noqa: ASYNC110 - another thread sets it
            await asyncio.sleep(0.02)

    def slowly() -> None:
        REAL_SLEEP(0.1)

    async def leave_work_behind() -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.to_thread(slowly), 0.01)

    thread = threading.Thread(target=lambda: asyncio.run(tick()), daemon=True)
    thread.start()
    begun.wait(5)
    since = time.monotonic()
    asyncio.run(leave_work_behind())
    took = time.monotonic() - since
    over.set()
    asyncio.run(asyncio.sleep(1))
    thread.join(5)
    assert took < 0.5


def test_time_dot_sleep_turns_it() -> None:
    since = time.monotonic()
    time.sleep(3600)
    assert 3600 <= time.monotonic() - since < 3600.1


@pytest.mark.real_time
async def test_a_test_may_keep_the_real_clock() -> None:
    since = time.clock_gettime(time.CLOCK_MONOTONIC)
    await asyncio.sleep(0.02)
    assert time.clock_gettime(time.CLOCK_MONOTONIC) - since >= 0.02


@pytest.mark.real_time
def test_afterwards_every_clock_is_the_real_one_again() -> None:
    with turned_clock() as clock:
        time.sleep(3600)
        assert clock.passed >= 3600
    assert abs(time.monotonic() - time.clock_gettime(time.CLOCK_MONOTONIC)) < 1
    with asyncio.Runner() as runner:
        assert not isinstance(runner.get_loop(), TurnedLoop)
