"""Queues the requests for an engine: one is served at a time, the others wait in order, up to a bound."""

import asyncio
import math
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

from speech.errors import busy

T = TypeVar("T")

# Work hands over one piece of its result by calling this; True as the answer means that nobody reads it any more, and
# the work stops. None is a piece too: there is nothing to hand over yet, but the work goes on.
Emit = Callable[[T | None], bool]
Work = Callable[[Emit[T]], None]

LONGEST_RETRY_AFTER = 60  # s
LONGEST_WAIT = 20  # s: an error that comes at once is better for a phone call than a longer silence


class EngineQueue:
    """The queue of one engine.

    A request for which there is no room is refused at once. Work runs in a thread, so that the event loop goes on
    answering. The next request begins only when that thread has really stopped, even if its client left.
    """

    def __init__(self, kind: str, bound: int) -> None:
        """`kind` names the requests in a refusal; `bound` counts the waiting requests, not the one being served."""
        self._kind = kind
        self._bound = bound
        self._inside = 0
        self._engine = asyncio.Lock()  # wakes its waiters first come, first served
        self._typical = 1.0  # s that serving takes, a moving average

    @property
    def waiting(self) -> int:
        """The requests that are not being served yet."""
        return max(self._inside - 1, 0)

    @asynccontextmanager
    async def run(self, work: Work[T]) -> "AsyncIterator[Pieces[T]]":
        """Give the pieces that `work` emits when it is served; leaving the block cancels it, queued or running.

        Raises:
            APIError: 429, there is no room, or the wait would be too long.
        """
        wait = math.ceil(self._typical * self._inside)
        if self._inside > self._bound or wait > LONGEST_WAIT:
            raise busy(self._kind, min(max(wait, 1), LONGEST_RETRY_AFTER))
        self._inside += 1
        pieces = Pieces[T]()
        serving = asyncio.create_task(self._serve(work, pieces))
        serving.add_done_callback(self._leave)
        try:
            yield pieces
        finally:
            serving.cancel()
            await asyncio.wait({serving})

    def _leave(self, _: "asyncio.Task[None]") -> None:
        self._inside -= 1

    async def _serve(self, work: Work[T], pieces: "Pieces[T]") -> None:
        try:
            async with self._engine:
                pieces.started = time.monotonic()
                await _in_thread(work, pieces)
                self._typical += 0.3 * (time.monotonic() - pieces.started - self._typical)
        except Exception as error:  # raised again where the pieces are read
            pieces.finish(error)
        else:
            pieces.finish()


class Pieces(Generic[T]):
    """The pieces that work has handed over, for one reader in the event loop."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[T | Exception | _End | None] = asyncio.Queue()
        self._created = time.monotonic()
        self.started: float | None = None  # when serving began

    @property
    def waited(self) -> float:
        """Seconds in the queue: until serving began, or until now."""
        return (self.started or time.monotonic()) - self._created

    @property
    def served(self) -> float:
        """Seconds since serving began."""
        return time.monotonic() - (self.started or time.monotonic())

    def put(self, piece: T | None) -> None:
        self._queue.put_nowait(piece)

    def finish(self, error: Exception | None = None) -> None:
        self._queue.put_nowait(error or _End())

    async def each(self, patience: float | None = None) -> AsyncIterator[T | None]:
        """Yield every piece; None for one without content, and whenever `patience` seconds bring nothing.

        Raises:
            Exception: whatever the work raised.
        """
        while True:
            try:
                async with asyncio.timeout(patience):
                    piece = await self._queue.get()
            except TimeoutError:
                piece = None
            if isinstance(piece, _End):
                return
            if isinstance(piece, Exception):
                raise piece
            yield piece


class _End:
    pass


async def _in_thread(work: Work[T], pieces: Pieces[T]) -> None:
    """Run `work` in a thread; when cancelled, tell it to stop, and wait until it has stopped."""
    loop = asyncio.get_running_loop()
    gone = threading.Event()

    def emit(piece: T | None) -> bool:
        loop.call_soon_threadsafe(pieces.put, piece)
        return gone.is_set()

    running = loop.run_in_executor(None, work, emit)
    try:
        await asyncio.shield(running)
    except asyncio.CancelledError:
        gone.set()
        await asyncio.wait({running})
        raise
    finally:
        if running.done() and not running.cancelled():
            running.exception()  # asyncio complains of an exception that nobody looks at
