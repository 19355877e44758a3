"""Who is known and who is let in on a line: files in its folder that anyone can edit while the line is up.

In them, a number without a country code is one of `country`, which `written_number.country_of` returns for a line.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from agent.admission import contacts, lists
from agent.admission.contacts import Contacts
from agent.admission.lists import Lists, Numbers
from agent.storage.live_file import KEPT, LiveFile

T = TypeVar("T")


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
    return [
        _contacts(folder, kept, country),
        *(_list(name, folder, kept, country) for name in ("blocked", "allowed")),
    ]


def _contacts(folder: Path, kept: Path, country: str | None) -> LiveFile[Contacts]:
    return _file("contacts.csv", partial(contacts.parse, country=country), contacts.LARGEST, folder, kept)


def _list(name: str, folder: Path, kept: Path, country: str | None) -> LiveFile[Numbers]:
    return _file(f"{name}.txt", partial(lists.parse, country=country), lists.LARGEST, folder, kept)


def _file(name: str, parse: Callable[[str], T], largest: int, folder: Path, kept: Path) -> LiveFile[T]:
    return LiveFile(folder, name, parse, largest, may_be_missing=True, kept=kept)  # then it lists nobody
