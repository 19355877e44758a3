"""Who is known and who is let in on a line: files in its folder that anyone can edit while the line is up.

In them, a number without a country code is one of `country`, which `written_number.country_of` returns for a line.
"""

from functools import partial
from pathlib import Path

from agent.admission import contacts, lists
from agent.admission.contacts import Contacts
from agent.admission.lists import Lists, Numbers
from agent.storage.live_file import KEPT, LiveFile


def read_contacts(folder: Path, kept: Path = KEPT, *, country: str | None = None) -> Contacts:
    """Read contacts.csv for one call. If it is faulty, its last good version is used."""
    return _contacts(folder, kept, country).read()


def read_lists(folder: Path, kept: Path = KEPT, *, country: str | None = None) -> Lists:
    """Read blocked.txt and allowed.txt for one call, in the same way."""
    blocked, allowed = (_list(name, folder, kept, country).read() for name in ("blocked", "allowed"))
    return Lists(blocked=blocked, allowed=allowed)


def owner_files(
    folder: Path, kept: Path = KEPT, *, country: str | None = None
) -> list[LiveFile[Contacts] | LiveFile[Numbers]]:
    """List the files, so that they can be judged, or read once so that each has a good version to fall back to."""
    both = (_list(name, folder, kept, country) for name in ("blocked", "allowed"))
    return [_contacts(folder, kept, country), *both]


def _contacts(folder: Path, kept: Path, country: str | None) -> LiveFile[Contacts]:
    parse = partial(contacts.parse, country=country)
    return LiveFile(folder, "contacts.csv", parse, contacts.LARGEST, may_be_missing=True, kept=kept)


def _list(name: str, folder: Path, kept: Path, country: str | None) -> LiveFile[Numbers]:
    parse = partial(lists.parse, country=country)
    return LiveFile(folder, f"{name}.txt", parse, lists.LARGEST, may_be_missing=True, kept=kept)
