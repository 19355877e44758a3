"""A backup that is damaged, incomplete, foreign or too new is refused with one sentence, and nothing is written."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

from agent.backup.archive import CHECKSUM, MANIFEST, ArchiveError, read_archive, write_archive
from agent.storage.schema import open_database, open_folder
from agent.stores import bring_up_to_date

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RELEASE = "0.2.0"
Members = dict[str, tuple[tarfile.TarInfo, bytes]]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """What is to be packed: .env, one line, and a data volume."""
    root = tmp_path / "root"
    line = root / "lines/coffee"
    line.mkdir(parents=True)
    (root / ".env").write_text("DOMAIN=localhost\n")
    (line / "line.toml").write_text("")
    (line / "persona.md").symlink_to("line.toml")
    (root / "lines/secrets.env").write_text("KEY=secret\n")
    (root / "lines/secrets.env").chmod(0o600)
    data = root / "data"
    data.mkdir()
    bring_up_to_date(data)
    record = data / "calls/coffee/2026-11-25/142233-1f2e3d"
    record.mkdir(parents=True)
    (record / "transcript.json").write_text("{}")
    (record / "audio.ogg").write_bytes(bytes(range(256)) * 20_000)
    return root


@pytest.fixture
def packed(root: Path) -> bytes:
    stream = io.BytesIO()
    write_archive(root, RELEASE, stream)
    return stream.getvalue()


def members(packed: bytes) -> Members:
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        return {m.name: (m, file.read() if (file := tar.extractfile(m)) else b"") for m in tar if m.name}


def assembled(found: Members) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for member, content in found.values():
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def signed(found: Members, **changes: Any) -> bytes:
    """Return an archive of these members, with `changes` to its manifest and the checksum that belongs to it."""
    manifest = json.loads(found[MANIFEST][1]) | changes
    text = json.dumps(manifest).encode()
    found[MANIFEST] = found[MANIFEST][0], text
    found[CHECKSUM] = found[CHECKSUM][0], f"{hashlib.sha256(text).hexdigest()}  {MANIFEST}\n".encode()
    return assembled(found)


def added(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", content: bytes = b"x") -> Callable[[bytes], bytes]:
    """Something more is in the archive, and its manifest knows about it."""

    def add(packed: bytes) -> bytes:
        found = members(packed)
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, link
        found[f"added {name}"] = member, content if kind == tarfile.REGTYPE else b""
        checksum = hashlib.sha256(f"-> {link}".encode() if link else content).hexdigest()
        return signed(found, files=json.loads(found[MANIFEST][1])["files"] | {name: checksum})

    return add


def with_folder(name: str) -> Callable[[bytes], bytes]:
    folder = tarfile.TarInfo(name)
    folder.type = tarfile.DIRTYPE
    return lambda packed: assembled({**members(packed), f"added {name}": (folder, b"")})


def without(*names: str) -> Callable[[bytes], bytes]:
    return lambda packed: assembled({name: it for name, it in members(packed).items() if name not in names})


def changed(name: str, content: bytes) -> Callable[[bytes], bytes]:
    return lambda packed: assembled({**(found := members(packed)), name: (found[name][0], content)})


def with_byte(at: Callable[[bytes], int]) -> Callable[[bytes], bytes]:
    """One byte is another."""
    return lambda packed: packed[: at(packed)] + bytes([packed[at(packed)] ^ 1]) + packed[at(packed) + 1 :]


def zipped(packed: bytes) -> bytes:
    return gzip.compress(packed)


def foreign(_: bytes) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("holiday.jpg"))
    return stream.getvalue()


def store(name: str, version: int) -> Callable[[bytes], bytes]:
    return lambda packed: signed(
        found := members(packed), stores=json.loads(found[MANIFEST][1])["stores"] | {name: version}
    )


AUDIO = "data/calls/coffee/2026-11-25/142233-1f2e3d/audio.ogg"
BROKEN: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "empty": (lambda _: b"", "is damaged or incomplete"),
    "zeroes only": (lambda _: bytes(10_240), "is no backup"),
    "text": (lambda _: b"no tar file, but longer than the 512 bytes of a block\n" * 20, "is damaged or incomplete"),
    "compressed": (zipped, "is damaged or incomplete"),
    "another tar file": (foreign, "is no backup of Landline: it does not begin with manifest.json"),
    "cut within the manifest": (lambda packed: packed[:700], "is damaged or incomplete"),
    "cut after the manifest": (lambda packed: packed[:20480], "is damaged or incomplete"),
    "cut within a file": (lambda packed: packed[:-2_000_000], "is damaged or incomplete"),
    "cut between two files": (without(AUDIO), f"is incomplete: {AUDIO} is missing"),
    "several files missing": (without(AUDIO, ".env"), r"is incomplete: \.env is missing|\.env \(and 1 other\)"),
    "no checksum of the manifest": (without(CHECKSUM), "is incomplete: manifest.sha256 is missing"),
    "no manifest": (without(MANIFEST), "is no backup"),
    "another byte in the manifest": (
        with_byte(lambda packed: packed.index(b'"release"') + 13),
        "manifest.json is wrong",
    ),
    "another byte in a file": (with_byte(lambda packed: packed.index(bytes(range(256))) + 9), f"{AUDIO} is wrong"),
    "another content": (changed(".env", b"DOMAIN=elsewhere\n"), r"the checksum of \.env is wrong"),
    "a damaged header": (with_byte(lambda packed: packed.index(b"lines/coffee/line.toml")), "is incomplete|is damaged"),
    "a manifest that is no JSON": (changed(MANIFEST, b"{"), "the checksum of manifest.json is wrong"),
    "a manifest with other keys": (lambda packed: signed(members(packed), files=[1]), "is not one that make backup"),
    "a release that is none": (lambda packed: signed(members(packed), release="new"), "its release is 'new'"),
    "a newer format": (lambda packed: signed(members(packed), format=2, files=0), "has format 2.*git pull"),
    "a newer release": (
        lambda packed: signed(members(packed), release="0.10"),
        "release 0.10, which is newer.*git pull",
    ),
    "a newer ledger": (store("ledger.db", 99), "ledger.db in a version that is newer.*git pull"),
    "a store that is not known": (store("sold/coffee.db", 1), "sold/coffee.db in a version that is newer"),
    "a file that is not in the manifest": (
        lambda packed: signed(found := members(added("data/x")(packed)), files=dict.fromkeys(list(found)[2:-1], "")),
        "no backup has '",
    ),
    "a path upwards": (added("lines/../../etc/passwd"), r"no backup has 'lines/\.\./\.\./etc/passwd'"),
    "an absolute path": (added("/etc/passwd"), "no backup has '/etc/passwd'"),
    "a folder without a name": (with_folder("."), r"no backup has '\.'"),
    "another part": (added("home/x"), "no backup has 'home/x'"),
    "a link to the outside": (added("lines/out", tarfile.SYMTYPE, "../.env"), "no backup has 'lines/out'"),
    "an absolute link": (added("lines/out", tarfile.SYMTYPE, "/etc/passwd"), "no backup has 'lines/out'"),
    "a file below a link": (added("lines/coffee/persona.md/x"), "no backup has 'lines/coffee/persona.md/x'"),
    "a device": (added("data/null", tarfile.CHRTYPE), "no backup has 'data/null'"),
    "a hard link": (added("data/x", tarfile.LNKTYPE, ".env"), "no backup has 'data/x'"),
    "a file twice": (added(AUDIO), "twice"),
    "lines that are a file": (lambda packed: added("lines")(without("lines")(packed)), "no backup has 'lines"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_archive_is_refused_and_none_of_it_gets_out_of_its_folder(
    packed: bytes, name: str, tmp_path: Path
) -> None:
    break_, reason = BROKEN[name]
    broken = break_(packed)
    with pytest.raises(ArchiveError, match=reason):
        read_archive(io.BytesIO(broken), RELEASE)
    before = set(tmp_path.iterdir())
    (tmp_path / "into").mkdir()
    with pytest.raises(ArchiveError, match=reason):
        read_archive(io.BytesIO(broken), RELEASE, "lines", tmp_path / "into")
    assert set(tmp_path.iterdir()) == before | {tmp_path / "into"}


@pytest.mark.parametrize("length", range(0, 5_000_000, 333_333))
def test_an_archive_that_is_cut_anywhere_is_refused(packed: bytes, length: int) -> None:
    assert length < len(packed)
    with pytest.raises(ArchiveError):
        read_archive(io.BytesIO(packed[:length]), RELEASE)


def tree(folder: Path) -> dict[str, tuple[int, float, bytes | str]]:
    return {
        str(path.relative_to(folder)): (
            (path.lstat().st_mode, 0, str(path.readlink()))
            if path.is_symlink()
            else (path.stat().st_mode, path.stat().st_mtime, path.read_bytes())
        )
        for path in folder.rglob("*")
        if (path.is_symlink() or path.is_file()) and not path.name.endswith(("-wal", "-shm"))
    }


def test_what_was_packed_is_unpacked_part_by_part_with_modes_and_times(
    packed: bytes, root: Path, tmp_path: Path
) -> None:
    for part in (".env", "lines", "data"):
        manifest = read_archive(io.BytesIO(packed), RELEASE, part, tmp_path / "into")
        assert [path.name for path in (tmp_path / "into").iterdir()] == [part]
        (tmp_path / "into").rename(tmp_path / f"into-{part}")
        expected = {name: it for name, it in tree(root).items() if name.split("/")[0] == part}
        assert tree(tmp_path / f"into-{part}") == expected
    assert manifest.stores == {
        "ledger.db": 2,
        "outbound.db": 1,
        "calls": 1,
        "noted": 1,
        "outbox": 1,
        "good": 1,
        "desk": 1,
    }
    assert str(manifest).endswith(
        "UTC by release 0.2.0: .env, 1 line (coffee), 1 call record, 0 events and notices to be delivered; "
        "13 files in all"
    )


@pytest.mark.parametrize("release", ["0.2.0", "0.2", "0.1.9", "0.0.10"])
def test_a_backup_of_this_or_an_earlier_release_is_read(root: Path, release: str) -> None:
    stream = io.BytesIO()
    write_archive(root, release, stream)
    stream.seek(0)
    assert read_archive(stream, RELEASE).release == release


def test_a_store_of_an_earlier_release_may_have_no_version(root: Path) -> None:
    (root / "data/ledger.db").unlink()
    open_database(root / "data/ledger.db", []).close()
    stream = io.BytesIO()
    write_archive(root, RELEASE, stream)
    stream.seek(0)
    assert read_archive(stream, RELEASE).stores["ledger.db"] == 0


def test_an_archive_names_nobody(packed: bytes) -> None:
    assert {(m.uid, m.gid, m.uname, m.gname) for m, _ in members(packed).values()} == {(0, 0, "", "")}


def test_folders_are_packed_even_if_they_are_empty(packed: bytes, tmp_path: Path) -> None:
    read_archive(io.BytesIO(packed), RELEASE, "data", tmp_path / "into")
    assert open_folder(tmp_path / "into/data/outbox").is_dir()
