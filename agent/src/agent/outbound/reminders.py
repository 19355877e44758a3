"""Reminders: what is to be said about an appointment, and by when. Whoever keeps appointments is a `Reminders`."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Reminder:
    """One call that is due. Whom it is for is left out of `repr`, so that it cannot slip into a log."""

    id: str  # of the appointment as it is now: one that has been moved is another one
    number: str = field(repr=False)  # E.164
    name: str = field(repr=False)
    about: str = field(repr=False)  # what the person is reminded of, in the line's language or in English
    until: datetime  # when the appointment begins; after that, nobody is called


class Reminders(Protocol):
    """Where the reminders of one line come from."""

    async def due(self, now: datetime) -> list[Reminder]:
        """Return those that are due at this moment, also if they have been due before; `now` has a time zone."""
