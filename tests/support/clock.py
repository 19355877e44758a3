"""A clock that is turned on as soon as nothing is left to do, so that no test waits for time to pass.

While `turned_clock()` lasts, `time.time`, `time.monotonic`, `time.perf_counter` and the time of every event loop are
that clock's, also for modules that took one of these functions for themselves after this one was imported (as
`field(default_factory=time.time)` does): `tests/conftest.py` imports it before all others.

The clock hardly goes on while anything runs: every reading is a microsecond after the one before. When every loop waits
and nothing has arrived for any of them, it jumps to the next moment for which one of them has something planned.
Sockets may be used between loops of this process, in one thread or in several: what was sent on the loopback interface
has arrived when `send` returns.

While a function runs in a loop's executor, nobody knows when it will be done, so the clock goes on, at a tenth of real
time: a busy machine may take that much longer for it before something times out.
What happens in other processes, and in threads without an event loop, is not waited for: that needs the real clock.
"""

from __future__ import annotations

import asyncio
import math
import selectors
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FUNCTIONS = ("time", "monotonic", "perf_counter")
READING = 1e-6  # seconds; two things that happen one after the other do not have the same time
TICK = 0.002  # real seconds, in which the clock goes on by PACE of that while an executor is at work
PACE = 0.1

Events = list[tuple[selectors.SelectorKey, int]]


class Clock:
    """Time that passes when every loop waits. The loop of the thread that made it must be one of them."""

    def __init__(self) -> None:
        self.passed = 0.0  # seconds
        self._began: dict[str, float] = {name: getattr(time, name)() for name in FUNCTIONS}
        self._leader = threading.get_ident()
        self._lock = threading.Lock()
        self._running: set[TurnedLoop] = set()
        self._waiting: dict[TurnedLoop, float] = {}  # until when, as `passed`

    def read(self, name: str) -> float:
        """What the function of that name in the module `time` tells."""
        with self._lock:
            self.passed += READING
            return self._began[name] + self.passed

    def sleep(self, seconds: float) -> None:
        """What `time.sleep` does: in the thread that made the clock, it turns it."""
        if threading.get_ident() != self._leader:
            REAL_SLEEP(seconds)
            return
        with self._lock:
            self.passed += seconds

    @contextmanager
    def runs(self, loop: TurnedLoop) -> Iterator[None]:
        with self._lock:
            self._running.add(loop)
        try:
            yield
        finally:
            with self._lock:
                self._running.discard(loop)
                for other in self._waiting:  # so that one of them turns the clock
                    other.wake()

    def wait(self, loop: TurnedLoop, seconds: float | None, select: Callable[[float | None], Events]) -> Events:
        """What arrives for a loop within these seconds of the clock; None: however long it takes."""
        until = math.inf if seconds is None else self.passed + seconds
        try:
            while True:
                with self._lock:
                    self._waiting[loop] = until
                    self._turn()
                if self.passed >= until:
                    return []
                ticks = loop.thread == self._leader and self._at_work()
                if ready := select(TICK if ticks else None):
                    return ready
                with self._lock:
                    self._go_on_to(min(self.passed + TICK * PACE, *self._waiting.values()))
        finally:
            with self._lock:
                self._waiting.pop(loop, None)

    def _turn(self) -> None:
        """Jump to the next moment for which anything is planned, if no loop has anything to do before."""
        led = any(loop.thread == self._leader for loop in self._waiting)
        if not led or self._waiting.keys() != self._running or self._at_work():
            return
        if any(loop.has_news() for loop in self._waiting):
            return
        following = min(self._waiting.values())
        if not math.isinf(following):
            self._go_on_to(following)

    def _go_on_to(self, moment: float) -> None:
        self.passed = max(self.passed, moment)
        for loop, until in self._waiting.items():
            if until <= self.passed:
                loop.wake()

    def _at_work(self) -> bool:
        return any(loop.at_work for loop in self._running)


class TurnedLoop(asyncio.SelectorEventLoop):
    """An event loop that goes by a `Clock`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.thread = 0  # which it runs in
        self.at_work = 0  # functions in its executor
        self._news = _News(clock, self)
        super().__init__(self._news)

    def time(self) -> float:
        return self._clock.read("monotonic")

    def run_forever(self) -> None:
        self.thread = threading.get_ident()
        with self._clock.runs(self):
            super().run_forever()

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]
        self.at_work += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._work_is_done)
        return future

    async def shutdown_default_executor(self, *args: Any) -> None:
        """In a thread too, which a loop in another thread must not run away from."""
        self.at_work += 1
        try:
            await super().shutdown_default_executor(*args)
        finally:
            self.at_work -= 1

    def has_news(self) -> bool:
        """Whether something has arrived that the loop has not looked at."""
        return bool(self._news.at_once())

    def wake(self) -> None:
        self.call_soon_threadsafe(lambda: None)

    def _work_is_done(self, _: asyncio.Future[Any]) -> None:
        self.at_work -= 1


class _News(selectors.DefaultSelector):
    """What arrives for a loop."""

    def __init__(self, clock: Clock, loop: TurnedLoop) -> None:
        super().__init__()
        self._clock, self._loop = clock, loop

    def at_once(self) -> Events:
        ready: Events = super().select(0)
        return ready

    def select(self, timeout: float | None = None) -> Events:
        ready = self.at_once()
        if ready or (timeout is not None and timeout <= 0):
            return ready
        return self._clock.wait(self._loop, timeout, super().select)


@contextmanager
def turned_clock() -> Iterator[Clock]:
    global _turned
    clock = Clock()
    with patch("asyncio.events.new_event_loop", lambda: TurnedLoop(clock)), patch("time.sleep", clock.sleep):
        _turned = clock
        try:
            yield clock
        finally:
            _turned = None


def _following(name: str, real: Callable[[], float]) -> Callable[[], float]:
    """The function of that name in the module `time`, but while a clock is turned it tells that clock's time."""
    return lambda: _turned.read(name) if _turned else real()


REAL_SLEEP = time.sleep
_turned: Clock | None = None
for function in FUNCTIONS:
    setattr(time, function, _following(function, getattr(time, function)))
