"""What really happens on the line before the pictures are taken: calls by phone, and tables that are reserved."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from agent.appointments.appointment import Appointment
from tests.bench.pictures.made_up import CALLERS, SEED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

    from tests.stack.line import Line
    from tests.stack.outcome import Outcome

PATIENT = ("--patience", "4", "--reply-timeout", "60")  # as `make call` has it: a question is asked again after 5 s
TRIES = 3  # calls until one goes as it should, because the embedded model gives up after 30 s on a machine that is busy


@dataclass(frozen=True)
class Caller:
    number: str
    says: tuple[str, ...]
    hears: str = ""  # a regular expression: what is in the agent's answers if the call has gone as it has to

    @property
    def arguments(self) -> tuple[str, ...]:
        """The options of `phone call`."""
        return ("--from", self.number, *PATIENT, *(part for text in self.says for part in ("--say", text)))


ASKS = Caller("+12025550111", ("How much is a cappuccino?", "Can I bring my dog?"), "dogs are welcome")
BOOKS = Caller(
    "+12025550128",
    ("I would like to book a table for tomorrow at ten, my name is Mary Brown.", "Yes, please."),
    "is that right.* booked|booked.* tomorrow",
)
# How this one goes does not matter: messages that were left are among the made-up ones.
LEAVES = Caller(
    "+12025550181",
    ("Please tell Anna that I will be late with the flowers on Tuesday. My name is Lisa Brown.", "Yes, please."),
)
STAYS = "+12025550164"
STAYING = (
    "--from",
    STAYS,
    *PATIENT,
    "--at",
    "22",
    "--say",
    "When are you open on Sunday?",
    "--stay",
    "150",
    "--max-seconds",
    "240",
)
KEEP = """
import asyncio, json, sys
from datetime import datetime
from agent.appointments.appointment import Appointment
from agent.appointments.embedded import Embedded, store_of
store = Embedded(store_of("coffee"), "UTC")
for kind, begins, ends, name, number in json.loads(sys.argv[1]):
    times = map(datetime.fromisoformat, (begins, ends))
    asyncio.run(store.add(Appointment(kind, *times, name, number)))
"""


def write_contacts(line: Line) -> None:
    named = {
        **CALLERS,
        BOOKS.number: "Mary Brown",
    }  # of whom there are no made-up calls, so hers is found by its number
    rows = "".join(f"{number},{name},\n" for number, name in named.items() if number and name)
    (line.words / "contacts.csv").write_text(f"number,name,notes\n{rows}")


def call(line: Line) -> Iterator[Outcome]:
    """Call the line as three people would, each again if it did not go well; yield every call, for whoever watches.

    AssertionError if one has not gone well after TRIES.
    """
    for caller in (ASKS, BOOKS, LEAVES):
        for _ in range(TRIES):
            outcome = line.call(*caller.arguments)
            yield outcome
            if outcome.hears(caller.hears):
                break
        else:
            raise AssertionError(f"after {TRIES} calls, nobody has heard “{caller.hears}”")


def reserve(line: Line, now: datetime, zone: ZoneInfo) -> None:
    """Put reservations of this week and the next into the line's calendar."""
    there = [
        (its.kind, its.begins.isoformat(), its.ends.isoformat(), its.name, its.number)
        for its in reservations(now.astimezone(zone))
    ]
    line.compose("exec", "-T", "agent", "python", "-c", KEEP, json.dumps(there))


def reservations(now: datetime, seed: int = SEED) -> list[Appointment]:
    """Make up tables that were reserved: two weeks from this Monday, some a day, at hours at which the shop is open."""
    chance = random.Random(seed)  # noqa: S311 - nothing is secret about it
    named = [(number, name) for number, name in CALLERS.items() if name]
    monday = (now - timedelta(days=now.weekday())).replace(minute=0, second=0, microsecond=0)
    there = []
    for day in range(14):
        for hour in sorted(chance.sample(range(9, 16), k=chance.choice((1, 2, 2, 3)))):
            begins = (monday + timedelta(days=day)).replace(hour=hour)
            number, name = chance.choice(named)
            there.append(Appointment("table", begins, begins + timedelta(hours=1), name, number))
    return there
