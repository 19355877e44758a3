"""Every edit of a line is a version: all its files as they were, in a folder of its own.

versions/<line>/20261125T142233.120Z-1f2e3d4c5b6a/
  version.json      who has edited, and the hash of each file
  persona.md  facts/menu.md  …
"""

import contextlib
import errno
import hashlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from desk.lines import files

NAME = re.compile(r"(\d{8}T\d{6}\.\d{3}Z)-([0-9a-f]{12})")
WRITTEN_AS = "%Y%m%dT%H%M%S.%f"
FACTS_OF_IT = "version.json"
MOST = 200  # of one line
MOST_BYTES = 64 * 1024 * 1024  # of one line
PRIVATE_FOLDER, PRIVATE_FILE = 0o2770, 0o660  # for the agent's group, too, which is that of /data/desk
DESK, HAND = "desk", "hand"


@dataclass(frozen=True, slots=True)
class Version:
    """One version; `hashes` has the hash of each file that it has."""

    id: str
    at: datetime
    by: str  # DESK, or HAND if somebody has edited a file on the host
    hashes: Mapping[str, str] = field(default_factory=dict)

    def changed_since(self, before: "Version | None") -> list[str]:
        """Name the files that differ from an older version; none for the first version."""
        if before is None:
            return []
        every = sorted({*self.hashes, *before.hashes})
        return [name for name in every if self.hashes.get(name) != before.hashes.get(name)]


class Versions:
    """The versions of all lines; `folder` is the desk's own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "versions"

    def note(self, root: Path, line: str, by: str = HAND, at: datetime | None = None) -> str:
        """Keep what is in the line's files now, if that is not the newest version; return its state.

        Of more than 200 versions, or of more than 64 MB, the oldest are deleted.

        Raises:
            OSError: it cannot be kept, such as on a full disk.
        """
        there = dict(files.contents(root, line))
        state = state_of(there)
        newest = next(self.of(line), None)
        if newest is None or newest.id.rpartition("-")[2] != state:
            after = newest.at + timedelta(milliseconds=1) if newest else datetime.min.replace(tzinfo=UTC)
            self._keep(line, there, state, by, max(at or datetime.now(UTC), after))
            self._delete_old(line)
        return state

    def of(self, line: str) -> Iterator[Version]:
        """Yield the versions, newest first; one that cannot be read is left out."""
        for name in reversed(self._names(line)):
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
                told = json.loads((self._folder / line / name / FACTS_OF_IT).read_bytes())
                yield Version(name, _moment(name), str(told["by"]), dict(told["files"]))

    def find(self, line: str, version: str) -> Version | None:
        """Find a version by its id."""
        return next((it for it in self.of(line) if it.id == version), None)

    def contents(self, line: str, version: Version) -> dict[str, bytes]:
        """Read all files of a version.

        Raises:
            OSError: a file of it cannot be read, or is not what it was, such as after a power failure.
        """
        there = {name: self._content(line, version, name) for name in version.hashes if files.is_name(name)}
        if any(files.hash_of(data) != version.hashes[name] for name, data in there.items()):
            raise OSError(errno.EIO, "The version is damaged")
        return there

    def with_hash(self, line: str, name: str, wanted: str) -> bytes | None:
        """Find what was in a file when it had this hash; None if no version knows it."""
        for version in self.of(line):
            if version.hashes.get(name) == wanted and files.is_name(name):
                with contextlib.suppress(OSError):
                    return self._content(line, version, name)
        return None

    def _content(self, line: str, version: Version, name: str) -> bytes:
        return (self._folder / line / version.id / name).read_bytes()

    def _names(self, line: str) -> list[str]:
        try:
            return sorted(it.name for it in (self._folder / line).iterdir() if NAME.fullmatch(it.name))
        except OSError:
            return []

    def _keep(self, line: str, there: Mapping[str, bytes], state: str, by: str, at: datetime) -> None:
        aside = self._folder / line / f".{secrets.token_hex(6)}"
        try:
            write_folder(aside, there)
            told = {"version": 1, "by": by, "files": {name: files.hash_of(data) for name, data in there.items()}}
            write_folder(aside, {FACTS_OF_IT: json.dumps(told).encode()})
            aside.rename(self._folder / line / f"{at.strftime(WRITTEN_AS)[:-3]}Z-{state}")
        finally:
            shutil.rmtree(aside, ignore_errors=True)

    def _delete_old(self, line: str) -> None:
        kept_bytes = 0
        for at, name in enumerate(reversed(self._names(line))):
            folder = self._folder / line / name
            kept_bytes += sum(it.stat().st_size for it in folder.rglob("*") if it.is_file())
            if at >= MOST or (at and kept_bytes > MOST_BYTES):
                shutil.rmtree(folder, ignore_errors=True)


def state_of(there: Mapping[str, bytes]) -> str:
    """Return what tells one state of all a line's files from another."""
    hashes = json.dumps(sorted((name, files.hash_of(data)) for name, data in there.items()))
    return hashlib.sha256(hashes.encode()).hexdigest()[:12]


def write_folder(folder: Path, there: Mapping[str, bytes]) -> None:
    """Write files into a folder that only the desk and the agent can read; an OSError says why not."""
    make_folder(folder)
    for name, data in there.items():
        make_folder((folder / name).parent)
        with os.fdopen(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE), "wb") as file:
            os.fchmod(file.fileno(), PRIVATE_FILE)  # whatever the umask is
            file.write(data)


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it; what is in it has the group of the folder that was there already."""
    for it in (*reversed(folder.parents), folder):
        if not it.exists():
            with contextlib.suppress(FileExistsError):
                it.mkdir(PRIVATE_FOLDER)
                with contextlib.suppress(PermissionError):
                    os.chown(it, -1, it.parent.stat().st_gid)
                it.chmod(PRIVATE_FOLDER)


def _moment(name: str) -> datetime:
    written, _, _ = name.rpartition("-")
    return datetime.strptime(written.removesuffix("Z"), WRITTEN_AS).replace(tzinfo=UTC)
