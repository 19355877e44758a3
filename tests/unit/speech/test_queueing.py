"""The queue before an engine: order, bound, and work that ends when nobody waits for it."""

import asyncio
import threading

import pytest

from speech.errors import APIError
from speech.queueing import Emit, EngineQueue, Pieces


def finish_at_once(emit: Emit[str]) -> None:
    emit("done")


async def collect(queue: EngineQueue, name: str, order: list[str]) -> None:
    def work(emit: Emit[str]) -> None:
        order.append(name)
        emit(name)

    async with queue.run(work) as pieces:
        assert [piece async for piece in pieces.each()] == [name]


class Held:
    """Work that goes on until it is released, or until nobody listens."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.release = threading.Event()
        self.ended = threading.Event()

    def __call__(self, emit: Emit[str]) -> None:
        self.begun.set()
        while not (self.release.wait(0.005) or emit(None)):
            pass
        self.ended.set()


async def hold(queue: EngineQueue, held: Held) -> None:
    async with queue.run(held) as pieces:
        async for _ in pieces.each():
            pass


async def begun(held: Held) -> None:
    assert await asyncio.to_thread(held.begun.wait, 5)


async def test_requests_are_served_one_at_a_time_in_order() -> None:
    queue, held, order = EngineQueue("chat", bound=5), Held(), list[str]()
    first = asyncio.create_task(hold(queue, held))
    await begun(held)
    others = []
    for name in ("a", "b", "c"):
        others.append(asyncio.create_task(collect(queue, name, order)))
        await asyncio.sleep(0)
    await asyncio.sleep(0.02)
    assert order == []
    held.release.set()
    await asyncio.gather(first, *others)
    assert order == ["a", "b", "c"]


async def test_beyond_the_bound_a_request_is_refused_at_once() -> None:
    queue, held = EngineQueue("chat", bound=1), Held()
    first = asyncio.create_task(hold(queue, held))
    await begun(held)
    second = asyncio.create_task(collect(queue, "b", []))
    await asyncio.sleep(0.01)
    with pytest.raises(APIError) as refusal:
        await collect(queue, "c", [])
    assert refusal.value.status == 429
    assert int(refusal.value.headers["retry-after"]) >= 1
    held.release.set()
    await asyncio.gather(first, second)
    await collect(queue, "d", [])


async def test_whoever_leaves_the_queue_makes_room_and_is_never_served() -> None:
    queue, held, order = EngineQueue("chat", bound=1), Held(), list[str]()
    first = asyncio.create_task(hold(queue, held))
    await begun(held)
    second = asyncio.create_task(collect(queue, "second", order))
    await asyncio.sleep(0.01)
    second.cancel()
    await asyncio.wait({second})
    third = asyncio.create_task(collect(queue, "third", order))
    await asyncio.sleep(0.01)
    held.release.set()
    await asyncio.gather(first, third)
    assert order == ["third"]


async def test_work_that_nobody_waits_for_is_stopped_before_the_next_begins() -> None:
    queue, held = EngineQueue("chat", bound=1), Held()
    first = asyncio.create_task(hold(queue, held))
    await begun(held)
    first.cancel()
    await asyncio.wait({first})
    assert held.ended.is_set()
    await collect(queue, "next", [])


async def test_a_wait_is_measured_and_patience_brings_a_sign_of_life() -> None:
    queue, held = EngineQueue("chat", bound=1), Held()
    first = asyncio.create_task(hold(queue, held))
    await begun(held)
    async with queue.run(finish_at_once) as pieces:
        each = pieces.each(patience=0.02)
        assert await anext(each) is None
        held.release.set()
        assert [piece async for piece in each if piece] == ["done"]
        assert pieces.waited >= 0.02
    await first


async def test_what_the_work_raises_is_raised_where_its_pieces_are_read() -> None:
    def work(emit: Emit[str]) -> None:
        emit("first")
        raise ValueError("torn")

    queue = EngineQueue("chat", bound=0)
    async with queue.run(work) as pieces:
        each = pieces.each()
        assert await anext(each) == "first"
        with pytest.raises(ValueError, match="torn"):
            await anext(each)
    await collect(queue, "next", [])


async def test_a_reader_that_is_cancelled_while_a_piece_arrives_reads_no_further() -> None:
    pieces = Pieces[str]()

    async def read() -> None:
        async for _ in pieces.each(patience=60):
            pass

    reading = asyncio.create_task(read())
    await asyncio.sleep(0.01)
    pieces.put("one")
    reading.cancel()
    async with asyncio.timeout(5):
        await asyncio.wait({reading})
    assert reading.cancelled()
