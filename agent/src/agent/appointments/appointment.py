"""An appointment, and what a backend has to be able to do with it."""

import difflib
import secrets
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

ALIKE = 0.75  # how similar two spellings of a name are: Meier and Maier, but not Meier and Müller


@dataclass(frozen=True, slots=True)
class Appointment:
    """An appointment of a caller's, or an entry of the owner's in a calendar, which has no kind and is never changed.

    What tells who it is is left out of `repr`, so that it cannot slip into a log.
    """

    kind: str  # the name in line.toml
    begins: datetime
    ends: datetime
    name: str = field(default="", repr=False)
    number: str = field(default="", repr=False)  # E.164
    note: str = field(default="", repr=False)
    uid: str = field(default_factory=lambda: secrets.token_hex(8))
    whole_day: bool = False
    version: str = ""  # by which a CalDAV server knows whether it has been changed meanwhile
    address: str = field(default="", repr=False)  # at a CalDAV server
    agreed: datetime | None = None  # when the caller has last said yes to the time; None if that is not known

    @property
    def is_ours(self) -> bool:
        """Whether a caller made it on this line."""
        return bool(self.kind)

    def belongs_to(self, name: str) -> bool:
        """Return whether a caller who gives this name may be the one whose it is."""
        said, known = _names(name), _names(self.name)
        fewer, more = sorted((said, known), key=len)
        return bool(fewer) and all(difflib.get_close_matches(word, more, n=1, cutoff=ALIKE) for word in fewer)


class AppointmentError(Exception):
    """Something cannot be done; the text says why, and what to offer instead, for the model."""


class ChangedError(AppointmentError):
    """Somebody else has changed or deleted the appointment meanwhile, so it was left as it is."""


class UnreachableError(AppointmentError):
    """The calendar cannot be used now."""


class UnknownError(AppointmentError):
    """The calendar could not be used any more while it was changed: it is not known whether that was done."""


class Backend(Protocol):
    """Where the appointments of one line are kept.

    Every method raises `UnreachableError` if the calendar cannot be used, and one that changes something another
    `AppointmentError` if nothing was done.
    """

    async def between(self, begins: datetime, ends: datetime) -> list[Appointment]:
        """Return all that overlaps this time, in order, in the line's time zone; entries of the owner's as well."""

    async def under(self, number: str, begins: datetime, ends: datetime) -> list[Appointment]:
        """Return the appointments of this line under a phone number that overlap this time, in order."""

    async def add(self, appointment: Appointment) -> None:
        """Keep a new appointment."""

    async def move(self, appointment: Appointment, moved: Appointment) -> None:
        """Give an appointment the times of `moved`; raises `ChangedError` if it is not there as it was."""

    async def remove(self, appointment: Appointment) -> None:
        """Delete an appointment; raises `ChangedError` if it is not there as it was."""


def _names(name: str) -> list[str]:
    letters = (letter for letter in unicodedata.normalize("NFKD", name) if not unicodedata.combining(letter))
    return "".join(letter if letter.isalnum() else " " for letter in "".join(letters).casefold()).split()
