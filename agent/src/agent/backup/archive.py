"""Writing a backup's archive, and reading one, of which everything is checked before any of it is used.

It is a tar file: manifest.json, manifest.sha256, .env, lines/…, data/…. It belongs to nobody and names no user.
"""

import hashlib
import io
import json
import os
import posixpath
import re
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Literal

from pydantic import BaseModel, ValidationError

from agent import stores

MANIFEST, CHECKSUM = "manifest.json", "manifest.sha256"
ENV, LINES, DATA = ".env", "lines", "data"
PARTS = (ENV, LINES, DATA)
CHUNK = 1 << 20  # bytes
LARGEST_MANIFEST = 1 << 28  # bytes
RELEASE = re.compile(r"\d+(\.\d+)*")


class ArchiveError(ValueError):
    """A file cannot be restored; the text completes "<file> …"."""


class Manifest(BaseModel):
    """What is in a backup; every file and link has a checksum."""

    format: Literal[1] = 1
    release: str  # of Landline, such as 0.2.0
    made: datetime
    stores: dict[str, int]  # versions, by path below data/
    files: dict[str, str]  # SHA-256 in hexadecimal, by path

    def __str__(self) -> str:
        lines = {parts[1] for parts in self._paths(LINES) if len(parts) > 2}
        records = {parts[:5] for parts in self._paths(DATA) if parts[-1] == "transcript.json" and ".work" not in parts}
        waiting = [
            parts
            for parts in self._paths(DATA)
            if parts[1] == "outbox" and parts[-1].endswith(".json") and parts[-2] != "failed"
        ]
        return (
            f"a backup of {self.made:%d %B %Y, %H:%M} UTC by release {self.release}: .env, "
            f"{_counted(len(lines), 'line')} ({', '.join(sorted(lines))}), {_counted(len(records), 'call record')}, "
            f"{_counted(len(waiting), 'event or notice', 'events and notices')} to be delivered; "
            f"{_counted(len(self.files), 'file')} in all"
        )

    def _paths(self, part: str) -> Iterator[tuple[str, ...]]:
        return (parts for path in self.files if (parts := PurePosixPath(path).parts)[0] == part)


def write_archive(root: Path, release: str, stream: BinaryIO) -> None:
    """Write the parts that are in the folder `root`, which nothing else changes meanwhile."""
    paths = sorted(path for part in PARTS for path in (root / part, *(root / part).rglob("*")) if _is_kept(path))
    files = {
        path.relative_to(root).as_posix(): _checksum(path) for path in paths if path.is_symlink() or path.is_file()
    }
    found = stores.versions(root / DATA)
    manifest = Manifest(release=release, made=datetime.now(UTC), stores=found, files=files)
    text = manifest.model_dump_json(indent=1).encode()
    with tarfile.open(fileobj=stream, mode="w|", format=tarfile.PAX_FORMAT) as tar:
        _add(tar, MANIFEST, text)
        _add(tar, CHECKSUM, f"{hashlib.sha256(text).hexdigest()}  {MANIFEST}\n".encode())
        for path in paths:
            tar.add(path, path.relative_to(root).as_posix(), recursive=False, filter=_of_nobody)


def read_archive(stream: BinaryIO, release: str, part: str = "", into: Path | None = None) -> Manifest:
    """Check a whole archive, and write one of its parts into the folder `into`, which has to be empty.

    `release` is the one that reads it.

    Raises:
        ArchiveError: the archive is damaged, incomplete, not a backup, or of a newer release. Remove `into` then.
        OSError: the part cannot be written.
    """
    seen: dict[str, str] = {}
    try:
        with tarfile.open(fileobj=stream, mode="r|") as tar:
            manifest = _read_manifest(tar)
            _refuse_newer(manifest, release)
            while member := tar.next():
                _refuse_strange(member, seen, manifest)
                to = into / member.name if into and member.name.split("/")[0] == part else None
                seen[member.name] = _unpack(tar, member, to)
    except (tarfile.TarError, EOFError, UnicodeError, OverflowError) as error:
        raise ArchiveError(f"is damaged or incomplete ({error}): restore another backup") from None
    missing = sorted({*manifest.files, ENV, LINES, DATA} - seen.keys())
    if missing:
        raise ArchiveError(f"is incomplete: {_first(missing)} is missing. Restore another backup")
    damaged = sorted(path for path, checksum in manifest.files.items() if seen[path] != checksum)
    if damaged:
        raise ArchiveError(f"is damaged: the checksum of {_first(damaged)} is wrong. Restore another backup")
    return manifest


def is_inside(link: str, target: str) -> bool:
    """Whether a link points to something in the same part of the backup as itself; both paths are those in it."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(link), target)).split("/")[0] == link.split("/")[0]


def _read_manifest(tar: tarfile.TarFile) -> Manifest:
    first = tar.next()
    if first is None or first.name != MANIFEST or not first.isfile() or first.size > LARGEST_MANIFEST:
        raise ArchiveError(f"is no backup of Landline: it does not begin with {MANIFEST}. make backup writes backups")
    text = _content(tar, first)
    second = tar.next()
    if second is None or second.name != CHECKSUM or not second.isfile() or second.size > CHUNK:
        raise ArchiveError(f"is incomplete: {CHECKSUM} is missing. Restore another backup")
    if _content(tar, second).split()[:1] != [hashlib.sha256(text).hexdigest().encode()]:
        raise ArchiveError(f"is damaged: the checksum of {MANIFEST} is wrong. Restore another backup")
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    _refuse_newer_format(found)
    try:
        manifest = Manifest.model_validate(found)
    except ValidationError:
        raise ArchiveError(f"is no backup of Landline: its {MANIFEST} is not one that make backup writes") from None
    if not RELEASE.fullmatch(manifest.release):
        raise ArchiveError(f"is no backup of Landline: its release is {manifest.release!r}")
    return manifest


def _refuse_newer_format(found: object) -> None:
    version = found.get("format") if isinstance(found, dict) else None
    if isinstance(version, int) and version > 1:
        raise ArchiveError(
            f"has format {version}, but this release of Landline reads only format 1: a newer release has written it. "
            "Update Landline (git pull), then run make restore again"
        )


def _refuse_newer(manifest: Manifest, release: str) -> None:
    update = "Update Landline (git pull), then run make restore again"
    if _numbers(manifest.release) > _numbers(release):
        raise ArchiveError(f"was written by release {manifest.release}, which is newer than {release}. {update}")
    if newer := stores.newer_than_known(manifest.stores):
        raise ArchiveError(f"has {_first(newer)} in a version that is newer than this release of Landline. {update}")


def _refuse_strange(member: tarfile.TarInfo, seen: dict[str, str], manifest: Manifest) -> None:
    """Refuse what no backup has, so that nothing is written outside the folders that are restored."""
    parts = PurePosixPath(member.name).parts or (".",)
    ours = parts[0] in PARTS and ".." not in parts and (member.name in manifest.files or member.isdir())
    kind = member.isfile() or member.isdir() or (member.issym() and is_inside(member.name, member.linkname))
    right = member.isfile() if parts == (ENV,) else parts[0] != ENV and (member.isdir() or len(parts) > 1)
    if not (ours and kind and right) or any(str(parent) in manifest.files for parent in PurePosixPath(*parts).parents):
        raise ArchiveError(f"is no backup of Landline: no backup has {member.name!r} in it")
    if member.name in seen:
        raise ArchiveError(f"is damaged: it has {member.name!r} twice. Restore another backup")


def _unpack(tar: tarfile.TarFile, member: tarfile.TarInfo, to: Path | None) -> str:
    """Return the checksum of a file or a link, which is written to `to` if that is given."""
    rights = 0o775 if member.name.split("/")[0] == DATA else 0o755  # what is on the volume is the agent's group's, too
    if member.isdir():
        if to:
            to.mkdir(parents=True, exist_ok=True)
            to.chmod(member.mode & rights | 0o700)
        return ""
    if to:
        to.parent.mkdir(parents=True, exist_ok=True)
    if member.issym():
        if to:
            to.symlink_to(member.linkname)
        return _checksum_of_link(member.linkname)
    checksum = hashlib.sha256()
    source = tar.extractfile(member)
    with (to or Path(os.devnull)).open("xb" if to else "wb") as file:
        while source and (chunk := source.read(CHUNK)):
            checksum.update(chunk)
            file.write(chunk)
    if to:
        to.chmod(member.mode & rights | 0o600)
        os.utime(to, (member.mtime, member.mtime))  # an event is given up three days after it was written
    return checksum.hexdigest()


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    source = tar.extractfile(member)
    return source.read() if source else b""


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), 0o600
    tar.addfile(member, io.BytesIO(content))


def _of_nobody(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


def _is_kept(path: Path) -> bool:
    return path.is_symlink() or path.is_file() or path.is_dir()


def _checksum(path: Path) -> str:
    if path.is_symlink():
        return _checksum_of_link(str(path.readlink()))
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _checksum_of_link(target: str) -> str:
    return hashlib.sha256(f"-> {target}".encode()).hexdigest()


def _numbers(release: str) -> list[int]:
    return [int(number) for number in release.split(".")]


def _first(paths: list[str]) -> str:
    return paths[0] if len(paths) == 1 else f"{paths[0]} (and {_counted(len(paths) - 1, 'other')})"


def _counted(number: int, what: str, several: str = "") -> str:
    return f"{number} {what if number == 1 else several or f'{what}s'}"
