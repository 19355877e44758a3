"""The files on the data volume are replaced wholly or not at all, and can be put back until that is settled."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from agent.backup.archive import ArchiveError, write_archive
from agent.backup.data_folder import put_back, replace_data, settle
from agent.storage.private_files import write

RELEASE = "0.2.0"


@pytest.fixture
def packed(tmp_path: Path) -> io.BytesIO:
    root = tmp_path / "root"
    write(root / ".env", "")
    (root / "lines").mkdir()
    for name in ("calls/coffee/new", "both", "new"):
        write(root / "data" / name, "new")
    stream = io.BytesIO()
    write_archive(root, RELEASE, stream)
    stream.seek(0)
    return stream


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for name in ("calls/coffee/old", "both", "old/one"):
        write(tmp_path / "data" / name, "old")
    return tmp_path / "data"


NEW = {"calls/coffee/new": "new", "both": "new", "new": "new"}
OLD = {"calls/coffee/old": "old", "both": "old", "old/one": "old"}


def files(data: Path) -> dict[str, str]:
    return {str(path.relative_to(data)): path.read_text() for path in data.rglob("*") if path.is_file()}


def test_everything_is_replaced_and_what_was_replaced_is_deleted_when_that_is_settled(
    packed: io.BytesIO, data: Path
) -> None:
    replace_data(packed, RELEASE, data)
    assert files(data) == NEW | {f".replaced/{name}": text for name, text in OLD.items()}
    settle(data)
    assert files(data) == NEW


def test_what_an_older_release_has_packed_for_its_user_alone_is_the_groups_afterwards(
    tmp_path: Path, data: Path
) -> None:
    root = tmp_path / "older"
    (root / "lines").mkdir(parents=True)
    for name in (".env", "data/calls/coffee/new"):
        write(root / name, "new")
        (root / name).chmod(0o600)
    (root / "data/calls").chmod(0o700)
    stream = io.BytesIO()
    write_archive(root, RELEASE, stream)
    replace_data(io.BytesIO(stream.getvalue()), RELEASE, data)
    assert (data / "calls/coffee/new").stat().st_mode & 0o777 == 0o660
    assert (data / "calls").stat().st_mode & 0o7777 == 0o2770


def test_everything_can_be_put_back_even_after_the_agent_has_written_something(packed: io.BytesIO, data: Path) -> None:
    replace_data(packed, RELEASE, data)
    write(data / "since", "new")
    put_back(data)
    assert files(data) == OLD


def test_putting_back_or_settling_what_was_not_replaced_changes_nothing(data: Path) -> None:
    put_back(data)
    settle(data)
    assert files(data) == OLD


def test_a_damaged_archive_changes_nothing(packed: io.BytesIO, data: Path) -> None:
    broken = packed.getvalue().replace(b"new", b"now", 9)
    with pytest.raises(ArchiveError):
        replace_data(io.BytesIO(broken), RELEASE, data)
    assert files(data) == OLD


@pytest.mark.parametrize("succeeding", range(12))
def test_a_process_that_is_killed_at_any_rename_leaves_what_can_be_put_back(
    packed: io.BytesIO, data: Path, monkeypatch: pytest.MonkeyPatch, succeeding: int
) -> None:
    rename, done = Path.rename, 0

    def killed(path: Path, to: Path) -> Path:
        nonlocal done
        if done == succeeding:
            raise KeyboardInterrupt
        done += 1
        return rename(path, to)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", killed)
        patch.setattr("agent.backup.data_folder.shutil.rmtree", lambda *_, **__: None)
        if succeeding < 7:  # three entries move away, one folder is renamed, three entries take their place
            with pytest.raises(KeyboardInterrupt):
                replace_data(packed, RELEASE, data)
        else:
            replace_data(packed, RELEASE, data)
    put_back(data)
    assert files(data) == OLD


def test_an_interrupted_restore_is_undone_by_the_next_one_first(packed: io.BytesIO, data: Path) -> None:
    replace_data(packed, RELEASE, data)
    packed.seek(0)
    replace_data(packed, RELEASE, data)
    assert files(data) == NEW | {f".replaced/{name}": text for name, text in OLD.items()}
