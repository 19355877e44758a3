"""The owner's rules: who is known, who is let in, and how much. Files that anyone can edit while the line is up."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from agent.admission import contacts, limits, lists
from agent.admission.contacts import Contacts
from agent.admission.limits import Limits
from agent.admission.lists import Lists, Numbers
from agent.storage.live_file import KEPT, LiveFile

T = TypeVar("T")

FOLDER = Path(__file__).parents[3] / "rules"


def read_contacts(folder: Path = FOLDER, kept: Path = KEPT) -> Contacts:
    """contacts.csv for one call; of a file that is no good, its last good version. The same holds for the others."""
    return _contacts(folder, kept).read()


def read_lists(folder: Path = FOLDER, kept: Path = KEPT) -> Lists:
    """blocked.txt and allowed.txt."""
    return Lists(blocked=_list("blocked", folder, kept).read(), allowed=_list("allowed", folder, kept).read())


def read_limits(folder: Path = FOLDER, kept: Path = KEPT) -> Limits:
    """limits.toml."""
    return _limits(folder, kept).read()


def keep_good_versions(folder: Path = FOLDER, kept: Path = KEPT) -> None:
    """Read all of them once, so that there is something to fall back to."""
    for file in _files(folder, kept):
        file.read()


def problems(folder: Path = FOLDER) -> list[str]:
    """What is wrong with the files, a sentence each."""
    return [problem for file in _files(folder, KEPT) if (problem := file.problem())]


def hopeless(folder: Path = FOLDER, kept: Path = KEPT) -> list[str]:
    """The same of those that have no good version to fall back to."""
    return [problem for file in _files(folder, kept) if (problem := file.hopeless())]


def _files(folder: Path, kept: Path) -> list[LiveFile[Contacts] | LiveFile[Numbers] | LiveFile[Limits]]:
    listed = [_list(name, folder, kept) for name in ("blocked", "allowed")]
    return [_contacts(folder, kept), *listed, _limits(folder, kept)]


def _contacts(folder: Path, kept: Path) -> LiveFile[Contacts]:
    return _file("contacts.csv", contacts.parse, contacts.LARGEST, folder, kept)


def _list(name: str, folder: Path, kept: Path) -> LiveFile[Numbers]:
    return _file(f"{name}.txt", lists.parse, lists.LARGEST, folder, kept)


def _limits(folder: Path, kept: Path) -> LiveFile[Limits]:
    return _file("limits.toml", limits.parse, limits.LARGEST, folder, kept)


def _file(name: str, parse: Callable[[str], T], largest: int, folder: Path, kept: Path) -> LiveFile[T]:
    return LiveFile(folder, name, parse, largest, may_be_missing=True, kept=kept)  # nobody known, blocked or limited
