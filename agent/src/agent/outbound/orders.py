"""Orders for calls, and the numbers that must not be called again, in one SQLite file on the data volume.

The worker takes orders, and each call's process notes what becomes of its own, so both open the file for every step and
read and write in one transaction. A call's process renews its order's lease every few seconds: if it crashes, the order
counts as interrupted. An order is kept for `KEPT` seconds, without its purpose once the call has ended.
"""

import contextlib
import secrets
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from agent.lines.outbound import Outbound
from agent.outbound.rules import Refusal
from agent.storage.private_files import DATA
from agent.storage.schema import open_database

FILE = "outbound.db"
KEPT = 14 * 86_400  # seconds; no reminder is placed longer before its appointment
LEASE_RENEWED_EVERY = 5.0  # seconds
LEASE = 30.0  # seconds; an order whose lease has not been renewed for this long has lost its process, or never had one
WAITING, RINGING, ANSWERED, ENDED = "waiting", "ringing", "answered", "ended"

VERSIONS = (
    """
    CREATE TABLE orders (
        id TEXT PRIMARY KEY, line TEXT NOT NULL, number TEXT NOT NULL, name TEXT NOT NULL, purpose TEXT NOT NULL,
        key TEXT NOT NULL, day TEXT NOT NULL, placed REAL NOT NULL, seen REAL NOT NULL, state TEXT NOT NULL,
        result TEXT NOT NULL DEFAULT '', reason TEXT NOT NULL DEFAULT '', ended REAL, UNIQUE (line, key)
    ) WITHOUT ROWID;
    CREATE TABLE do_not_call (
        line TEXT NOT NULL, number TEXT NOT NULL, since REAL NOT NULL, how TEXT NOT NULL, PRIMARY KEY (line, number)
    ) WITHOUT ROWID;
    """,
)

DO_NOT_CALL = Refusal("do_not_call", "The number is on the line's do-not-call list: the person wants no more calls.")
KEY_USED = Refusal("key", "This idempotency key belongs to an order for another call: use a new key for each call.")


@dataclass(frozen=True, slots=True)
class Order:
    """One call that is to be made, or was. Who is called and why is left out of `repr`, so that it is in no log."""

    id: str
    line: str
    number: str = field(repr=False)  # E.164
    name: str = field(repr=False)  # of the person who is asked for; "" if whoever answers may be told the purpose
    purpose: str = field(repr=False)  # "" once the call has ended
    key: str = field(repr=False)  # the idempotency key
    placed: float  # time.time()
    state: str  # WAITING, RINGING, ANSWERED or ENDED
    result: str = ""  # once it has ended, one word for programs: talked, busy, no_answer, message_left …
    reason: str = ""  # the same in a few words
    ended: float | None = None  # time.time()


@dataclass(frozen=True, slots=True)
class Listed:
    """A number that must not be called; `how` says who put it there: caller, model or owner."""

    number: str
    since: float  # time.time()
    how: str


class RefusedError(Exception):
    """No call is made."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.sentence)
        self.refusal = refusal


def new_order_id() -> str:
    """Make an id that nobody can guess."""
    return secrets.token_hex(8)


END = "UPDATE orders SET state = ?, result = ?, reason = ?, ended = ?, purpose = ''"
COLUMNS = ", ".join(column.name for column in fields(Order))


class Orders:
    """One line's orders and its do-not-call list. Every method raises sqlite3.Error if the file cannot be used."""

    def __init__(self, line: str, timezone: str = "UTC", folder: Path = DATA) -> None:
        """A day of the limits begins at midnight in `timezone`."""
        self._line, self._zone, self._path = line, ZoneInfo(timezone), folder / FILE

    def find(self, key: str) -> Order | None:
        """Return the order that was placed with this idempotency key, if any."""
        with self._transaction() as database:
            return _first(database, "line = ? AND key = ?", (self._line, key))

    def read(self, order: str) -> Order | None:
        """Return the order with this id as it is now, or None if this line has none."""
        with self._transaction() as database:
            return _first(database, "line = ? AND id = ?", (self._line, order))

    def place(self, number: str, name: str, purpose: str, key: str, limits: Outbound, new_id: str = "") -> Order:
        """Write an order down, or return the one that was placed with the same key before.

        One that is new has the id `new_id`, by which whoever places it knows that it is theirs to dispatch.

        Raises:
            RefusedError: the number is on the do-not-call list, a limit of the day is reached, or the key belongs to
                an order for another number.
        """
        now = time.time()
        today = datetime.fromtimestamp(now, self._zone).date().isoformat()
        with self._transaction() as database:
            if known := _first(database, "line = ? AND key = ?", (self._line, key)):
                if known.number != number:
                    raise RefusedError(KEY_USED)
                return known
            if refusal := self._refusal(database, number, limits, today):
                raise RefusedError(refusal)
            order = Order(new_id or new_order_id(), self._line, number, name, purpose, key, now, WAITING)
            row = (order.id, order.line, number, name, purpose, key, today, now, WAITING, now)
            database.execute(
                "INSERT INTO orders (id, line, number, name, purpose, key, day, placed, state, seen) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                row,
            )
            database.execute("DELETE FROM orders WHERE state = ? AND placed < ?", (ENDED, now - KEPT))
            return order

    def withdraw(self, order: str) -> bool:
        """Forget an order for which no job could be sent, so that it may be placed again; False if one has taken it."""
        with self._transaction() as database:
            done = database.execute("DELETE FROM orders WHERE id = ? AND state = ?", (order, WAITING))
            return done.rowcount > 0

    def take(self, order: str) -> bool:
        """Let this job alone make the call, whose phone rings from now on.

        Return False if another job has taken it, as when the server has sent one more because the first one crashed, or
        if the order has ended.
        """
        with self._transaction() as database:
            done = database.execute(
                "UPDATE orders SET state = ?, seen = ? WHERE id = ? AND state = ?",
                (RINGING, time.time(), order, WAITING),
            )
            return done.rowcount > 0

    def note(self, order: str, state: str = "") -> bool:
        """Renew the order's lease, and note a new state, if one is given; return False if the order has ended."""
        with self._transaction() as database:
            done = database.execute(
                "UPDATE orders SET state = iif(? = '', state, ?), seen = ? WHERE id = ? AND state <> ?",
                (state, state, time.time(), order, ENDED),
            )
            return done.rowcount > 0

    def end(self, order: str, result: str, reason: str, *, taken: bool = True) -> None:
        """Note how the call has ended, and forget its purpose; only the first end counts.

        A job that has not `taken` the order ends it only if no other job has.
        """
        which = "state <> ?" if taken else "state = ?"
        values = (ENDED, result, reason, time.time(), order, ENDED if taken else WAITING)
        with self._transaction() as database:
            database.execute(f"{END} WHERE id = ? AND {which}", values)

    def do_not_call(self, number: str, how: str) -> None:
        """Put a number (E.164) on the line's do-not-call list; `how` is caller, model or owner."""
        with self._transaction() as database:
            database.execute(
                "INSERT INTO do_not_call VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (self._line, number, time.time(), how),
            )

    def may_be_called(self, number: str) -> bool:
        """Return whether the number is not on the do-not-call list."""
        with self._transaction() as database:
            return not _is_listed(database, self._line, number)

    def allow_again(self, number: str) -> bool:
        """Take a number off the do-not-call list; return whether it was there."""
        with self._transaction() as database:
            done = database.execute("DELETE FROM do_not_call WHERE line = ? AND number = ?", (self._line, number))
            return done.rowcount > 0

    def listed(self) -> list[Listed]:
        """List the numbers that must not be called, the oldest first."""
        with self._transaction() as database:
            rows = database.execute(
                "SELECT number, since, how FROM do_not_call WHERE line = ? ORDER BY since", (self._line,)
            )
            return [Listed(*row) for row in rows]

    def _refusal(self, database: sqlite3.Connection, number: str, limits: Outbound, today: str) -> Refusal | None:
        if _is_listed(database, self._line, number):
            return DO_NOT_CALL
        count = "SELECT count(*) FROM orders WHERE line = ? AND day = ?"
        if database.execute(count, (self._line, today)).fetchone()[0] >= limits.calls_a_day:
            return Refusal("calls_a_day", f"The line has made its {limits.calls_a_day} calls of today (calls_a_day).")
        to_them = database.execute(f"{count} AND number = ?", (self._line, today, number)).fetchone()[0]
        if to_them >= limits.calls_per_number:
            return Refusal(
                "calls_per_number",
                f"The line has called this number {to_them} times today, which is the most (calls_per_number).",
            )
        return None

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with contextlib.closing(open_database(self._path, VERSIONS)) as database:
            database.execute("BEGIN IMMEDIATE")
            try:
                now = time.time()
                ended = (ENDED, "interrupted", "the agent was stopped during the call", now, ENDED, now - LEASE)
                database.execute(f"{END} WHERE state <> ? AND seen < ?", ended)
                yield database
                database.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    database.execute("ROLLBACK")
                raise


def _first(database: sqlite3.Connection, where: str, values: tuple[str, ...]) -> Order | None:
    row = database.execute(f"SELECT {COLUMNS} FROM orders WHERE {where}", values).fetchone()  # noqa: S608 - our own words
    return Order(*row) if row else None


def _is_listed(database: sqlite3.Connection, line: str, number: str) -> bool:
    found = database.execute("SELECT 1 FROM do_not_call WHERE line = ? AND number = ?", (line, number))
    return found.fetchone() is not None
