"""Who is known and who is let in on a line: files in its folder that anyone can edit while the line is up."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from agent.admission import contacts, lists
from agent.admission.contacts import Contacts
from agent.admission.lists import Lists, Numbers
from agent.lines.folder import LinesFolder
from agent.storage.live_file import KEPT, LiveFile

T = TypeVar("T")


def read_contacts(folder: Path, kept: Path = KEPT) -> Contacts:
    """Read contacts.csv for one call. If it is faulty, its last good version is used."""
    return _contacts(folder, kept).read()


def read_lists(folder: Path, kept: Path = KEPT) -> Lists:
    """Read blocked.txt and allowed.txt for one call, in the same way."""
    return Lists(blocked=_list("blocked", folder, kept).read(), allowed=_list("allowed", folder, kept).read())


def owner_files(folder: Path, kept: Path = KEPT) -> list[LiveFile[Contacts] | LiveFile[Numbers]]:
    """List the files, so that they can be judged, or read once so that each has a good version to fall back to."""
    return [_contacts(folder, kept), *(_list(name, folder, kept) for name in ("blocked", "allowed"))]


def all_owner_files(lines: LinesFolder) -> list[LiveFile[Contacts] | LiveFile[Numbers]]:
    """List the files of every line of the host."""
    return [file for name in lines.names() for file in owner_files(lines.path / name)]


def _contacts(folder: Path, kept: Path) -> LiveFile[Contacts]:
    return _file("contacts.csv", contacts.parse, contacts.LARGEST, folder, kept)


def _list(name: str, folder: Path, kept: Path) -> LiveFile[Numbers]:
    return _file(f"{name}.txt", lists.parse, lists.LARGEST, folder, kept)


def _file(name: str, parse: Callable[[str], T], largest: int, folder: Path, kept: Path) -> LiveFile[T]:
    return LiveFile(folder, name, parse, largest, may_be_missing=True, kept=kept)  # then it lists nobody
