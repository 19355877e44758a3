"""Finding calls."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from desk.clock import UTC_ZONE
from desk.records import scan
from desk.records.index import Index
from desk.records.search import Place, Search, select
from tests.unit.desk.made_up import CALLER, named, note_of, put_message, put_note, put_record, settle

if TYPE_CHECKING:
    from pathlib import Path

    from desk.records.folders import Folders

NAME = named()
PATIENT = 60.0  # seconds; the scan of a few files takes far less


def found(index: Index, **search: object) -> list[str]:
    assert index.refresh(PATIENT).whole
    return [row.name.record for row in index.page(Search(**search)).rows]  # type: ignore[arg-type]


def test_a_call_with_record_and_note_appears_once(index: Index, data: Path) -> None:
    put_record(data, NAME)
    put_note(data, NAME)
    put_message(data, NAME)
    put_record(data, named("2026-11-25_150000-aaaaaa"))  # of an older release
    put_note(data, named("2026-11-24_150000-bbbbbb"), kept=False)
    put_message(data, named("2026-11-23_150000-cccccc"))
    assert found(index) == [
        "2026-11-25_150000-aaaaaa",
        NAME.record,
        "2026-11-24_150000-bbbbbb",
        "2026-11-23_150000-cccccc",
    ]


def test_a_call_in_progress_is_not_listed(index: Index, data: Path) -> None:
    work = data / "calls" / "coffee" / ".work" / NAME.record
    work.mkdir(parents=True)
    (work / "draft.json").write_text("{}")
    assert found(index) == []
    assert index.is_empty()


@pytest.mark.parametrize(
    "typed",
    [
        *("+1 (202) 555-0123", "202.555.0123", "5550123", "0202 5550123", "001 202 555 0123"),
        *("ada", "ADA", "Yirgacheffe", "yirga", "Yirga roast", "hung up", "Tuesdays", "4711", "grace", "book_table"),
        "Ada 202-555-0123",
    ],
)
def test_a_call_is_found_by(index: Index, data: Path, typed: str) -> None:
    put_record(data, NAME)
    put_note(
        data,
        named("2026-11-24_150000-bbbbbb"),
        caller="+12025550199",
        name="Bob",
        outcome="busy",
        tools=[],
        transfers=[],
    )
    assert found(index, text=typed) == [NAME.record]


@pytest.mark.parametrize(
    "typed", ["Ada Yirgacheffe decaf", '"*"', "!", "NEAR(a b)", 'x" OR said:"a', "+12025550199", "a' OR '1'='1"]
)
def test_nothing_is_found_by(index: Index, data: Path, typed: str) -> None:
    put_record(data, NAME)
    assert found(index, text=typed) == []


def test_accents_do_not_matter(index: Index, data: Path) -> None:
    put_record(data, NAME, name="Zoë Müller")
    assert found(index, text="zoe muller") == [NAME.record]
    assert found(index, text="Müller") == [NAME.record]


@pytest.mark.parametrize(
    "typed",
    ["Hauptstraße", "HAUPTSTRASSE", "Hauptstrasse", "हिन्दी", "नमस्ते", "l'été", "ete", "σοφος", "front.desk", "ﬁne"],
)
def test_words_of_any_language_are_found(index: Index, data: Path, typed: str) -> None:
    said = "Ich wohne in der Hauptstraße. हिन्दी, नमस्ते! L'été. ΣΟΦΟΣ, fine."
    put_record(data, NAME, caller="front.desk", turns=[{"who": "caller", "text": said, "start": 0, "end": 1}])
    assert found(index, text=typed) == [NAME.record]
    assert found(index, text=f"{typed} decaf") == []


def test_filters(index: Index, data: Path) -> None:
    tea = named("2026-11-26_101010-dddddd", "tea")
    put_record(data, NAME)
    put_note(data, tea, came_by="browser", kept=False, outcome="the agent hung up")
    put_note(data, named("2026-11-20_101010-eeeeee"), rejected="busy", kept=False)
    assert found(index, line="tea") == [tea.record]
    assert found(index, came_by="browser") == [tea.record]
    assert found(index, outcome="the agent hung up") == [tea.record]
    assert found(index, kept="yes") == [NAME.record]
    assert found(index, rejected="yes") == ["2026-11-20_101010-eeeeee"]
    assert found(index, rejected="no", kept="no") == [tea.record]
    assert index.outcomes() == ["the agent hung up", "the caller hung up"]
    assert index.lines() == ["coffee", "tea"]


def test_days_are_those_of_each_line(index: Index, data: Path, lines: Path) -> None:
    """Of two calls at the same moment, 23:30 UTC, the one in Berlin is on the next day."""
    (lines / "tea").mkdir()
    (lines / "tea" / "line.toml").write_text('timezone = "America/New_York"\n')
    berlin, new_york = named("2026-07-01_233000-aaaaaa"), named("2026-07-01_233000-aaaaaa", "tea")
    put_record(data, berlin)
    put_record(data, new_york)
    assert index.refresh(PATIENT).whole

    def on(day: date) -> list[str]:
        return [row.name.line for row in index.page(Search(since=day, until=day)).rows]

    assert on(date(2026, 7, 1)) == ["tea"]
    assert on(date(2026, 7, 2)) == ["coffee"]
    assert on(date(2026, 7, 3)) == []
    for day in (date.min, date.max):
        assert on(day) == []
    assert len(index.page(Search(since=date(33, 1, 1))).rows) == 2
    assert len(index.page(Search(since=date.min, until=date.max)).rows) == 2


def test_pages_go_there_and_back(index: Index, data: Path) -> None:
    names = [named(f"2026-11-{day:02}_120000-aaaaaa", line) for day in range(1, 4) for line in ("coffee", "tea")]
    for name in names:
        put_note(data, name)
    assert index.refresh(PATIENT).whole
    expected = [(name.record, name.line) for name in sorted(names, key=lambda it: (it.record, it.line), reverse=True)]

    first = index.page(Search(), size=2)
    second = index.page(Search(), Place.read(first.older), size=2)
    third = index.page(Search(), Place.read(second.older), size=2)
    shown = [(row.name.record, row.name.line) for page in (first, second, third) for row in page.rows]
    assert shown == expected
    assert (first.newer, third.older) == ("", "")
    assert index.page(Search(), Place.read(third.newer), size=2).rows == second.rows
    again = index.page(Search(), Place.read(second.newer), size=2)
    assert (again.rows, again.newer) == (first.rows, "")


@pytest.mark.parametrize(
    "written", ["", "older", "older.2026-11-25_142233-1f2e3d.", "x.2026-11-25_142233-1f2e3d.coffee"]
)
def test_a_place_that_is_none(written: str) -> None:
    assert Place.read(written) is None


def test_the_scan_looks_only_at_days_that_have_changed(
    index: Index, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in range(1, 9):
        put_record(data, named(f"2026-11-{day:02}_120000-aaaaaa"))
    settle(data)
    assert len(found(index)) == 8

    read_days: list[str] = []
    read_day = scan.read_day

    def noted(database: sqlite3.Connection, folders: Folders, line: str, day: str, looks: str) -> bool:
        read_days.append(day)
        return read_day(database, folders, line, day, looks)

    monkeypatch.setattr(scan, "read_day", noted)
    assert len(found(index)) == 8
    assert read_days == []
    put_note(data, named("2026-11-03_130000-bbbbbb"))
    assert len(found(index)) == 9
    assert read_days == ["2026-11-03"]


def test_a_file_that_is_replaced_or_deleted_is_noticed(index: Index, data: Path, folders: Folders) -> None:
    put_record(data, NAME)
    note = put_note(data, named("2026-11-24_150000-bbbbbb"), outcome="before")
    assert found(index, text="Yirgacheffe") == [NAME.record]
    assert found(index, text="before") == ["2026-11-24_150000-bbbbbb"]
    put_note(data, named("2026-11-24_150000-bbbbbb"), outcome="afterwards")
    assert found(index, text="afterwards") == ["2026-11-24_150000-bbbbbb"]
    assert found(index, text="before") == []
    note.unlink()
    note.parent.rmdir()
    shutil.rmtree(folders.record_of(NAME))
    assert found(index) == []


def test_a_half_written_note_is_listed_and_read_again(index: Index, data: Path, folders: Folders) -> None:
    put_note(data, NAME, b'{"version"')
    assert index.refresh(PATIENT).whole
    row = index.page(Search()).rows[0]
    assert "half written" in row.problem
    assert row.began == NAME.began
    folders.note_of(NAME).write_text(json.dumps(note_of(NAME)))  # without a new time of its folder
    assert index.refresh(PATIENT).whole
    assert index.page(Search()).rows[0].problem == ""


def test_links_are_not_listed(index: Index, data: Path, tmp_path: Path) -> None:
    put_record(tmp_path / "elsewhere", NAME)
    (data / "calls" / "coffee").mkdir(parents=True)
    (data / "calls" / "coffee" / NAME.day).symlink_to(tmp_path / "elsewhere" / "calls" / "coffee" / NAME.day)
    assert found(index) == []


@pytest.mark.parametrize("damage", [b"this is no database" * 500, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_index_is_made_anew(index: Index, data: Path, damage: bytes) -> None:
    put_record(data, NAME)
    assert found(index) == [NAME.record]
    file = data / "desk" / "index.db"
    for left in file.parent.glob("index.db-*"):
        left.unlink()
    file.write_bytes(damage)
    assert found(index, text="Yirgacheffe") == [NAME.record]


def test_damage_in_the_middle_is_found_at_the_start(index: Index, folders: Folders, lines: Path, data: Path) -> None:
    for day in range(1, 29):
        put_record(data, named(f"2026-11-{day:02}_120000-aaaaaa"))
    assert len(found(index)) == 28
    file = data / "desk" / "index.db"
    with sqlite3.connect(file) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    database.close()
    content = bytearray(file.read_bytes())
    content[4096 : 4096 * 4] = b"\xab" * 4096 * 3
    file.write_bytes(content)
    again = Index(folders, lines, file)
    assert len(found(again)) == 28


def test_an_index_of_another_release_is_made_anew(index: Index, data: Path) -> None:
    put_record(data, NAME)
    assert found(index) == [NAME.record]
    with sqlite3.connect(data / "desk" / "index.db") as database:
        database.execute("ALTER TABLE calls DROP COLUMN draft")
        database.execute("PRAGMA user_version = 999")
    database.close()
    assert found(index) == [NAME.record]


def test_while_nothing_can_be_written_what_is_known_is_shown(
    index: Index, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_record(data, NAME)
    assert found(index) == [NAME.record]
    put_record(data, named("2026-11-26_150000-aaaaaa"))

    def full(*_: object) -> bool:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr("desk.records.scan.read_day", full)
        state = index.refresh(PATIENT)
        assert not state.whole
        assert "the disk is full" in state.why
        assert [row.name for row in index.page(Search()).rows] == [NAME]
    assert len(found(index)) == 2


def test_an_index_that_cannot_be_written_beside_is_read_as_it_is(
    index: Index, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a full disk SQLite cannot make the files that it needs beside an index in order to share it."""
    put_record(data, NAME)
    assert found(index) == [NAME.record]
    put_record(data, named("2026-11-26_150000-aaaaaa"))

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as patch:
        patch.setattr(Index, "_open", full)
        patch.setattr("desk.records.index.LITTLE", 10**18)
        assert "because the disk is full" in index.refresh(PATIENT).why
        assert [row.name for row in index.page(Search()).rows] == [NAME]
    assert len(found(index)) == 2


def test_a_folder_that_cannot_be_made_is_an_error_of_the_index(folders: Folders, lines: Path, data: Path) -> None:
    (data / "file").touch()
    index = Index(folders, lines, data / "file" / "index.db")
    assert "the desk's folder on the data volume cannot be written" in index.refresh(PATIENT).why
    with pytest.raises(sqlite3.OperationalError):
        index.page(Search())


def test_a_day_that_cannot_be_read_does_not_hide_the_others(
    index: Index, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_record(data, NAME)
    put_record(data, named("2026-11-26_150000-aaaaaa"))
    read_day = scan.read_day

    def refused(database: sqlite3.Connection, folders: Folders, line: str, day: str, looks: str) -> bool:
        if day == "2026-11-26":
            raise PermissionError(13, "Permission denied")
        return read_day(database, folders, line, day, looks)

    monkeypatch.setattr(scan, "read_day", refused)
    assert "cannot be read (Permission denied)" in index.refresh(PATIENT).why
    assert [row.name for row in index.page(Search()).rows] == [NAME]


def test_what_is_deleted_while_it_is_read_stops_nothing(
    index: Index, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_record(data, NAME, summary="Yirgacheffe", audio=None)
    monkeypatch.setattr("desk.records.folders.Folders.audio_of", lambda self, name: self.record_of(name) / "gone.ogg")
    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.exists", lambda _: True)
        assert found(index) == [NAME.record]


def test_no_page_waits_long_for_an_index_that_another_process_has_locked(
    index: Index, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_record(data, NAME)
    assert found(index) == [NAME.record]
    monkeypatch.setattr("desk.records.index.WAITED", 0.01)
    with closing(sqlite3.connect(data / "desk" / "index.db", isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("PRAGMA user_version = 1")  # which locks it
        connect: Any = sqlite3.connect
        patience: list[float] = []

        def noted(*given: Any, timeout: float = 5.0, **more: Any) -> sqlite3.Connection:
            patience.append(timeout)
            made: sqlite3.Connection = connect(*given, timeout=min(timeout, 0.01), **more)
            return made

        monkeypatch.setattr(sqlite3, "connect", noted)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            index.page(Search())
    assert patience == [0.01]
    assert index.page(Search()).rows


def test_one_strange_day_does_not_hide_the_others(index: Index, data: Path) -> None:
    put_record(data, NAME, summary="\x00" * 100, name="\u202e<b>\x1b[31m")
    put_record(data, named("2026-11-26_150000-aaaaaa"))
    assert len(found(index)) == 2


def test_calls_of_a_caller(index: Index, data: Path) -> None:
    put_record(data, NAME)
    put_note(data, named("2026-11-25_142233-1f2e3d", "tea"))
    put_note(data, named("2026-11-24_150000-bbbbbb"), caller="+120255501234")
    assert index.refresh(PATIENT).whole
    assert index.of_caller(CALLER) == [named(line="tea"), NAME]


@pytest.mark.parametrize(
    "search",
    [
        Search(),
        Search(line="coffee"),
        Search(outcome="the caller hung up"),
        Search(since=date(2026, 1, 1), until=date(2026, 12, 31)),
    ],
)
@pytest.mark.parametrize(
    "place", ["", "older.2026-01-14_120000-000000.coffee", "newer.2026-01-14_120000-000000.coffee"]
)
def test_a_page_reads_its_own_rows_and_no_others(index: Index, data: Path, search: Search, place: str) -> None:
    """10,000 calls: as many steps of SQLite's machine as for 200, without sorting."""
    put_record(data, NAME)
    assert index.refresh(PATIENT).whole
    with sqlite3.connect(data / "desk" / "index.db") as database:
        columns = [row[1] for row in database.execute("PRAGMA table_info(calls)")]
        chosen = {"id": "n", "record": "printf('2026-01-%02d_%06d-%06x', 1 + n / 400, n % 400, n)"}
        # Every other call has another line and another outcome.
        chosen["line"] = chosen["outcome"] = "CASE n % 2 WHEN 0 THEN {} ELSE 'x' END"
        values = ", ".join(
            chosen[name].format({"line": "'coffee'", "outcome": "'the caller hung up'"}.get(name, ""))
            if name in chosen
            else f"(SELECT {name} FROM calls WHERE record = '{NAME.record}')"  # noqa: S608
            for name in columns
        )
        made = "WITH RECURSIVE made(n) AS (SELECT 10 UNION ALL SELECT n + 1 FROM made WHERE n < 10010)"
        database.execute(f"{made} INSERT INTO calls SELECT {values} FROM made")  # noqa: S608
        steps = 0

        def count() -> int:
            nonlocal steps
            steps += 10
            return 0

        sql, given = select(search, {"coffee": UTC_ZONE, "x": UTC_ZONE}, Place.read(place), 51)
        plan = " ".join(row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {sql}", given))
        assert "TEMP B-TREE" not in plan, plan
        database.set_progress_handler(count, 10)
        assert len(database.execute(sql, given).fetchall()) == 51
        assert steps < 51 * 120, plan
    database.close()
