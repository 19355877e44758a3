"""What is on the volume is for the agent's user and its group, whatever umask there is, and whoever has made it."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.storage.private_files import (
    FILE_MODE,
    FOLDER_MODE,
    create,
    make_folder,
    open_up,
    share_with_the_group,
    write,
)
from agent.storage.schema import open_database
from agent.stores import bring_up_to_date


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.fixture
def strict() -> Iterator[None]:
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.mark.usefixtures("strict")
def test_folders_and_files_are_the_groups_under_a_strict_umask_too(tmp_path: Path) -> None:
    write(tmp_path / "one/two/file", "x")
    create(tmp_path / "one/empty")
    assert {mode(tmp_path / "one"), mode(tmp_path / "one/two")} == {FOLDER_MODE}
    assert {mode(tmp_path / "one/two/file"), mode(tmp_path / "one/empty")} == {FILE_MODE}


def test_an_empty_file_is_made_once_and_keeps_what_is_written_into_it(tmp_path: Path) -> None:
    create(tmp_path / "file")
    (tmp_path / "file").write_text("x")
    create(tmp_path / "file")
    assert (tmp_path / "file").read_text() == "x"
    with pytest.raises(FileExistsError):
        create(tmp_path / "file", exist_ok=False)


def test_what_sqlite_makes_beside_a_database_is_the_groups(tmp_path: Path) -> None:
    database = open_database(tmp_path / "books.db", ["CREATE TABLE books (name TEXT)"])
    database.execute("INSERT INTO books VALUES ('one')")
    assert {path.name: mode(path) for path in tmp_path.iterdir()} == dict.fromkeys(
        ("books.db", "books.db-wal", "books.db-shm"), FILE_MODE
    )
    database.close()


def test_what_libraries_and_other_processes_make_is_the_groups(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        share_with_the_group()
        subprocess.run([sys.executable, "-c", "open('made', 'w')"], cwd=tmp_path, check=True)
    finally:
        os.umask(before)
    assert mode(tmp_path / "made") == FILE_MODE


@pytest.fixture
def before(tmp_path: Path) -> Path:
    """A volume as releases before the desk have left it."""
    data = tmp_path / "data"
    record = data / "calls/coffee/2026-11-25/142233-1f2e3d"
    record.mkdir(parents=True)
    for name in ("calls/coffee/2026-11-25/142233-1f2e3d/audio.ogg", "ledger.db", "ledger.db-wal"):
        (data / name).touch(0o600)
    for folder in (data, *(path for path in data.rglob("*") if path.is_dir())):
        folder.chmod(0o700)
    return data


def test_what_older_releases_have_made_is_opened_up(before: Path) -> None:
    open_up(before)
    found = {mode(path) for path in (before, *before.rglob("*")) if path.is_dir()}
    assert found == {FOLDER_MODE}
    assert {mode(path) for path in before.rglob("*") if path.is_file()} == {FILE_MODE}


def test_the_agent_does_so_when_it_starts(before: Path) -> None:
    (before / "ledger.db").unlink()
    bring_up_to_date(before)
    assert mode(before) == FOLDER_MODE
    assert mode(before / "calls/coffee/2026-11-25/142233-1f2e3d/audio.ogg") == FILE_MODE
    assert mode(before / "desk") == FOLDER_MODE


def test_rights_of_others_stay_as_they_are_and_what_is_right_already_is_not_touched(before: Path) -> None:
    (before / "ledger.db").chmod(0o644)
    open_up(before)
    assert mode(before / "ledger.db") == 0o664
    changed = (before / "ledger.db").stat().st_ctime_ns
    open_up(before)
    assert (before / "ledger.db").stat().st_ctime_ns == changed


def test_no_link_is_followed(before: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (outside / "folder").mkdir(parents=True)
    (outside / "file").touch(0o600)
    for path in (outside, outside / "folder"):
        path.chmod(0o700)
    (before / "file").symlink_to(outside / "file")
    (before / "folder").symlink_to(outside)
    open_up(before)
    assert (mode(outside), mode(outside / "folder"), mode(outside / "file")) == (0o700, 0o700, 0o600)


def test_what_belongs_to_somebody_else_is_left_to_them(before: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.storage.private_files.os.geteuid", lambda: os.getuid() + 1)
    open_up(before)
    assert mode(before / "ledger.db") == 0o600


def test_one_file_that_cannot_be_changed_keeps_no_other_from_it_and_is_told_of(
    before: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    change = os.fchmod

    def refuse(file: int, wanted: int) -> None:
        if Path(f"/proc/self/fd/{file}").readlink().name == "audio.ogg":
            raise PermissionError(1, "Operation not permitted")
        change(file, wanted)

    monkeypatch.setattr("agent.storage.private_files.os.fchmod", refuse)
    with pytest.raises(PermissionError):
        open_up(before)
    sound = before / "calls/coffee/2026-11-25/142233-1f2e3d/audio.ogg"
    assert (mode(before / "ledger.db"), mode(sound)) == (FILE_MODE, 0o600)
    (before / "ledger.db").unlink()
    bring_up_to_date(before)
    assert "The desk cannot use all that is in" in caplog.messages[-1]


def test_a_folder_that_somebody_else_has_just_made_is_used_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "chmod", refuse)
    assert make_folder(tmp_path / "one").is_dir()
