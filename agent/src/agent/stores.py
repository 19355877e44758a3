"""Every store on the data volume, with the version that this release knows. Whatever outlives a call is in one of them.

A store is listed here so that it is brought up to date when the agent starts, before a call needs it; so that an older
release refuses to start on it; and so that a backup with a newer version of it is refused.
"""

import logging
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath

from agent.admission import ledger
from agent.appointments import embedded
from agent.outbound import orders
from agent.storage.private_files import DATA, open_up
from agent.storage.schema import (
    StoreError,
    open_database,
    open_folder,
    refuse_newer,
    version_of_database,
    version_of_folder,
)

logger = logging.getLogger(__name__)

DATABASES = "*.db"


@dataclass(frozen=True, slots=True)
class Store:
    """One store: its path below the data folder, or a pattern such as `books/*.db`, and the newest version of it.

    `open` brings the store at a path up to date. It makes one that does not exist, unless the path is a pattern.
    """

    path: str
    version: int
    open: Callable[[Path], object]

    def open_in(self, data: Path) -> None:
        """Bring the store up to date, or each of those that the pattern finds."""
        for path in sorted(data.glob(self.path)) if "*" in self.path else [data / self.path]:
            self.open(path)

    def versions_in(self, data: Path) -> dict[str, int]:
        """Return the versions of those that exist, by path below the data folder; raises as the store does."""
        version_of = version_of_database if PurePath(self.path).match(DATABASES) else version_of_folder
        return {path.relative_to(data).as_posix(): version_of(path) for path in sorted(data.glob(self.path))}


STORES = (
    # With ledger.key, by which it hashes callers' numbers.
    Store("ledger.db", len(ledger.VERSIONS), lambda path: ledger.open_ledger(path).close()),
    # The orders for calls of the agent's own, and the do-not-call list.
    Store("outbound.db", len(orders.VERSIONS), lambda path: open_database(path, orders.VERSIONS).close()),
    # The appointments of each line that keeps them on this host.
    Store(f"{embedded.FOLDER}/*.db", len(embedded.VERSIONS), lambda path: embedded.open_store(path).close()),
    Store("calls", 1, open_folder),  # records; a transcript has a version of its own, too
    Store("noted", 1, open_folder),  # the note of each call, recorded or not; a note has a version of its own, too
    Store("outbox", 1, open_folder),  # events that a webhook is still to receive
    Store("good", 1, open_folder),  # the last good versions of the lines' files
    Store("desk", 1, open_folder),  # what the desk keeps; the agent only makes the folder
)


def problems(data: Path = DATA) -> list[str]:
    """Say which stores a newer release has written; nothing is changed."""
    found = []
    for store in STORES:
        try:
            for path, version in store.versions_in(data).items():
                refuse_newer(data / path, version, store.version)
        except StoreError as error:
            found.append(str(error))
        except (sqlite3.Error, OSError):  # which `bring_up_to_date` logs
            continue
    return found


def bring_up_to_date(data: Path = DATA) -> None:
    """Open every store once, and let the agent's group use them, which the desk belongs to.

    What is wrong with one is logged, because calls are answered in any case.
    """
    for store in STORES:
        try:
            store.open_in(data)
        except (sqlite3.Error, OSError) as error:
            logger.error("The store %s cannot be used: %s", data / store.path, error)
    try:
        open_up(data)
    except OSError as error:
        logger.error("The desk cannot use all that is in %s: %s", data, error)


def versions(data: Path = DATA) -> dict[str, int]:
    """Return the version of every store that exists, by path below the data folder; raises as a store does."""
    return {path: version for store in STORES for path, version in store.versions_in(data).items()}


def newer_than_known(found: Mapping[str, int]) -> list[str]:
    """Name those of these stores (path: version) that this release does not know, or only in an older version."""
    return [path for path, version in found.items() if version > _known_version(path)]


def _known_version(path: str) -> int:
    """Return the newest version of a store that this release knows, or -1; a line, too, may be called `ledger`."""
    return max((it.version for it in STORES if PurePath("/", path).match(f"/{it.path}")), default=-1)
