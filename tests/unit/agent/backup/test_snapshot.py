"""A snapshot of the data volume is of one moment, whatever the agent writes meanwhile."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from pathlib import Path

import pytest

from agent.appointments.embedded import open_store
from agent.backup import snapshot
from agent.backup.archive import ArchiveError
from agent.backup.snapshot import take_snapshot
from agent.storage.private_files import make_folder, write
from agent.stores import bring_up_to_date


@pytest.fixture
def data(tmp_path: Path) -> Path:
    data = tmp_path / "data"
    data.mkdir()
    bring_up_to_date(data)
    return data


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and path.name != ".version"}


def test_it_has_every_file_but_what_is_temporary(data: Path) -> None:
    kept = [
        "calls/coffee/2026-11-25/142233-1f2e3d/audio.ogg",
        "calls/coffee/.work/2026-11-25_1/heard.ogg",
        "good/coffee/facts/menu.md",
        "ledger.db.v1",
        "desk/sessions.json",
        "ledger.key",
        "noted/coffee/2026-11-25/142233-1f2e3d.json",
        "outbox/coffee/b.json",
        "outbox/coffee/failed/a.json",
    ]
    left_out = [
        ".replaced/calls/x",
        ".snapshot-old/data/sold.db",
        "calls/.version.0a1b2c",
        "desk/drafts/0a1b/coffee/line.toml",
        "desk/index.db",
        "desk/index/words",
        "desk/session.0a1b2c3d",
        "desk/session.key",
        "good/coffee/.line.toml.0a1b2c",
    ]
    for name in [*kept, *left_out]:
        write(data / name, name)
    open_store(make_folder(data / "appointments") / "coffee.db").close()
    take_snapshot(data, data / ".snapshot-new/data")
    databases = {"ledger.db", "outbound.db", "appointments/coffee.db"}
    assert files(data / ".snapshot-new/data") == {*kept, *databases}


def test_files_cost_no_room_and_only_the_records_of_calls_in_progress_are_copied(data: Path) -> None:
    write(data / "calls/coffee/.work/1/heard.ogg", "x")
    write(data / "calls/coffee/2026-11-25/1/audio.ogg", "x")
    take_snapshot(data, data / ".snapshot/data")
    with (data / "calls/coffee/.work/1/heard.ogg").open("a") as sound:
        sound.write("y")
    assert (data / ".snapshot/data/calls/coffee/.work/1/heard.ogg").read_text() == "x"
    assert (data / ".snapshot/data/calls/coffee/2026-11-25/1/audio.ogg").stat().st_nlink == 2


def test_a_file_system_without_hard_links_is_copied(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def link(*_: object) -> None:
        raise PermissionError("no hard links")

    write(data / "good/coffee/line.toml", "x")
    monkeypatch.setattr("agent.backup.snapshot.os.link", link)
    take_snapshot(data, data / ".snapshot/data")
    assert (data / ".snapshot/data/good/coffee/line.toml").read_text() == "x"


@pytest.mark.real_time
def test_a_record_that_moves_meanwhile_is_in_it_exactly_once(data: Path, tmp_path: Path) -> None:
    calls, stop = data / "calls/coffee", threading.Event()
    (calls / "2026-11-25").mkdir(parents=True)
    for number in range(300):
        write(calls / f".work/2026-11-25_{number}/heard.ogg", str(number))

    def finish_calls() -> None:
        for number in range(300):
            (calls / f".work/2026-11-25_{number}").rename(calls / f"2026-11-25/{number}")
            if stop.is_set():
                return
            time.sleep(0.0005)

    moving = threading.Thread(target=finish_calls)
    moving.start()
    try:
        take_snapshot(data, tmp_path / "snapshot")
    finally:
        stop.set()
        moving.join()
    there = sorted(int(path.read_text()) for path in (tmp_path / "snapshot").rglob("*.ogg"))
    assert there == list(range(300))


def test_a_volume_that_never_stands_still_is_given_up(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "BETWEEN", 0)
    looks = iter(range(1000))
    monkeypatch.setattr(snapshot, "_look", lambda _: {Path(f"{next(looks)}"): 0})
    with pytest.raises(ArchiveError, match="changed all the time: try again"):
        take_snapshot(data, tmp_path / "snapshot")


@pytest.mark.real_time
def test_a_database_that_is_being_written_to_is_whole(data: Path, tmp_path: Path) -> None:
    """Each transaction adds two rows, so that half of one would be seen."""
    stop = threading.Event()
    with contextlib.closing(sqlite3.connect(data / "ledger.db")) as database:
        database.execute("CREATE TABLE pairs (number INTEGER)")

    def add_pairs() -> None:
        with contextlib.closing(sqlite3.connect(data / "ledger.db", timeout=10, isolation_level=None)) as database:
            while not stop.is_set():
                database.execute("BEGIN IMMEDIATE")
                database.execute("INSERT INTO pairs VALUES (1)")
                database.execute("INSERT INTO pairs VALUES (2)")
                database.execute("COMMIT")

    adding = threading.Thread(target=add_pairs)
    adding.start()
    try:
        for number in range(5):
            take_snapshot(data, tmp_path / f"{number}")
    finally:
        stop.set()
        adding.join()
    for number in range(5):
        with contextlib.closing(sqlite3.connect(tmp_path / f"{number}/ledger.db")) as copy:
            assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert copy.execute("SELECT count(*) % 2 FROM pairs").fetchone() == (0,)


def test_a_damaged_database_is_named(data: Path) -> None:
    (data / "ledger.db").write_bytes(b"no database at all, but long enough to be looked at as one" * 20)
    with pytest.raises(ArchiveError, match=r"data/ledger\.db cannot be copied: file is not a database"):
        take_snapshot(data, data / ".snapshot")
