"""Deleting one call, or everything of a caller: all of it, and nothing else."""

from __future__ import annotations

import hmac
import os
import shutil
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.admission.ledger import Ledger
from agent.lines.limits import Limits
from desk.records.delete import delete_caller, delete_calls, going_of_call, unknown_callers
from desk.records.index import Index
from desk.records.search import Search
from tests.unit.desk.made_up import CALLER, named, put_message, put_news, put_note, put_record
from tests.unit.desk.records.test_index import found

if TYPE_CHECKING:
    import pytest

    from desk.records.folders import Folders
    from desk.records.name import CallName

NAME = named()
OTHERS = (  # almost the same call, and almost the same caller
    (named("2026-11-25_142233-1f2e3e"), CALLER + "4"),
    (named("2026-11-25_142234-1f2e3d"), "+1202555012"),
    (named(line="tea"), "+12025550199"),
)
NEWS = (
    ("call-ended-{}.json", "."),
    ("message-taken-{}-1.json", "."),
    ("message-taken-{}-12.json", "failed"),
    ("call-ended-{}-EMAIL.json", "notices"),
    ("message-taken-{}-1-OWNER_2.json", "notices"),
    ("call-ended-{}-EMAIL.json", "failed"),
    (".call-ended-{}.json.0a1b2c", "."),
)


def everything(data: Path) -> set[str]:
    """Name every file of calls, as paths."""
    files = (path for top in ("calls", "noted", "outbox") for path in (data / top).rglob("*"))
    return {path.relative_to(data).as_posix() for path in files if path.is_file()}


def put_all(data: Path, name: CallName = NAME, caller: str = CALLER, words: str = "Yirgacheffe") -> None:
    put_record(data, name, caller=caller, summary=words)
    put_note(data, name, caller=caller)
    (data / "noted" / name.line / name.day / f".{name.call}.json.0a1b2c").write_text(caller)  # its process was killed
    put_message(data, name, 1, number=caller, about=words)
    put_message(data, name, 2, number=caller)
    for news, where in NEWS:
        put_news(data, news.format(name.record), name.line, where)


def test_one_call_goes_and_nothing_else(folders: Folders, index: Index, data: Path) -> None:
    for name, caller in OTHERS:
        put_all(data, name, caller)
    others = everything(data)
    put_all(data, words="Harrar")
    going = going_of_call(folders, NAME)
    assert (len(going.pending), len(going.messages), going.audio_bytes) == (len(NEWS), 2, 4)
    assert found(index, text="Harrar") == [NAME.record]

    assert delete_calls(folders, index, [NAME]).calls == 1
    assert everything(data) == others
    assert going_of_call(folders, NAME).is_nothing
    assert [row.name for row in index.page(Search()).rows] == [
        named("2026-11-25_142234-1f2e3d"),
        named("2026-11-25_142233-1f2e3e"),
        named(line="tea"),
    ]
    assert index.page(Search(text="Harrar")).rows == []


def test_deleting_again_does_nothing(folders: Folders, index: Index, data: Path) -> None:
    put_all(data)
    for _ in range(2):
        assert delete_calls(folders, index, [NAME]).problems == []
    assert everything(data) == set()


def test_no_word_stays_in_the_index_file(folders: Folders, index: Index, data: Path) -> None:
    for number in range(30):
        put_record(data, named(f"2026-11-24_1422{number:02}-aaaaaa"))
    put_all(data, words="xylophonist")
    assert len(found(index, text="xylophonist")) == 1
    assert b"xylophonist" in b"".join(file.read_bytes() for file in (data / "desk").glob("index.db*"))
    delete_calls(folders, index, [NAME])
    assert b"xylophon" not in b"".join(file.read_bytes() for file in (data / "desk").glob("index.db*"))


def test_no_word_stays_of_a_record_that_the_agent_has_deleted(folders: Folders, index: Index, data: Path) -> None:
    put_record(data, named("2026-11-24_142233-aaaaaa"))
    put_record(data, NAME, summary="xylophonist")
    assert len(found(index)) == 2
    shutil.rmtree(folders.record_of(NAME))
    assert len(found(index)) == 1
    assert b"xylophon" not in b"".join(file.read_bytes() for file in (data / "desk").glob("index.db*"))


def test_everything_of_one_caller_on_all_lines(folders: Folders, index: Index, data: Path, lines: Path) -> None:
    for name, caller in OTHERS:
        put_all(data, name, caller)
    put_message(data, named("2026-11-26_101010-cccccc"), number="+12025550199", about="call +12025550123 back")
    others = everything(data)
    put_all(data)
    put_all(data, named("2026-11-20_101010-aaaaaa", "tea"))
    put_message(data, named("2026-11-20_101010-bbbbbb"))
    assert delete_caller(folders, index, lines, CALLER).calls == 3
    assert everything(data) == others
    assert index.of_caller(CALLER) == []


def test_a_withheld_number_is_nobody(folders: Folders, index: Index, data: Path, lines: Path) -> None:
    put_all(data, caller="")
    ledger = Ledger(data, "coffee", "UTC")
    assert ledger.admit("call", "", Limits(), 10).refusal is None
    ledger.end("call")
    with sqlite3.connect(data / "ledger.db") as database:
        database.execute("UPDATE calls SET day = '2026-01-01'")
    before = everything(data)
    assert delete_caller(folders, index, lines, "").calls == 0
    assert everything(data) == before
    assert database.execute("SELECT count(*) FROM calls").fetchone() == (1,)
    database.close()


def test_without_an_index_the_records_are_read(
    folders: Folders, index: Index, data: Path, lines: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_all(data)
    put_message(data, named("2026-11-20_101010-bbbbbb"))
    for name, caller in OTHERS:
        put_all(data, name, caller)

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(Index, "_open", full)
    monkeypatch.setattr(Index, "_is_at_rest", lambda _: False)
    done = delete_caller(folders, index, lines, CALLER)
    assert (done.calls, done.problems) == (2, [])
    assert not [path for path in everything(data) if NAME.call in path and "coffee" in path]


def test_if_the_index_cannot_be_asked_the_records_are_read(
    folders: Folders, index: Index, data: Path, lines: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_all(data)
    assert found(index) == [NAME.record]

    def locked(*_: object) -> list[CallName]:
        raise sqlite3.OperationalError("database is locked")

    monkeypatch.setattr(Index, "of_caller", locked)
    assert delete_caller(folders, index, lines, CALLER).calls == 1


def test_an_index_that_cannot_be_written_is_deleted(
    folders: Folders, index: Index, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_all(data)
    assert found(index) == [NAME.record]

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr("desk.records.scan.forget", full)
    assert delete_calls(folders, index, [NAME]).problems == []
    assert not list((data / "desk").glob("index.db*"))


def test_a_call_that_is_being_written_is_left_alone(folders: Folders, index: Index, data: Path) -> None:
    put_note(data, NAME)
    folders.work_of(NAME).mkdir(parents=True)
    before = everything(data)
    assert unknown_callers(folders) == [NAME]
    done = delete_calls(folders, index, [NAME])
    assert done.calls == 0
    assert done.problems == [f"The call {NAME.path} is still being written: delete it when it is over."]
    assert everything(data) == before


def test_a_call_whose_note_is_yet_to_come_is_left_alone(folders: Folders, index: Index, data: Path) -> None:
    """The agent would write it after the deletion: of a record that has just appeared, and of a call in progress."""
    now = datetime.now(UTC)
    over, goes_on = (named(f"{now - ago:%Y-%m-%d_%H%M%S}-aaaaaa") for ago in (timedelta(hours=2), timedelta(minutes=2)))
    put_record(data, over, ended=(now - timedelta(seconds=1)).isoformat())
    put_message(data, goes_on)
    before = everything(data)
    for name in (over, goes_on):
        assert "is still being written" in delete_calls(folders, index, [name]).problems[0]
    assert everything(data) == before
    for name in (over, goes_on):
        put_note(data, name)
        assert delete_calls(folders, index, [name]).problems == []
    assert everything(data) == set()


def test_a_call_that_was_never_noted_can_be_deleted(folders: Folders, index: Index, data: Path) -> None:
    """A process may have died before it wrote the note."""
    now = datetime.now(UTC)
    over, older = (named(f"{now - timedelta(hours=ago):%Y-%m-%d_%H%M%S}-aaaaaa") for ago in (2, 25))
    put_record(data, over, ended=(now - timedelta(minutes=2)).isoformat())
    put_message(data, older)
    assert delete_calls(folders, index, [over, older]).calls == 2
    assert everything(data) == set()


def test_news_that_is_given_up_meanwhile_goes_as_well(
    folders: Folders, index: Index, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_note(data, NAME)
    news = put_news(data, f"call-ended-{NAME.record}.json")
    (data / "outbox" / "coffee" / "failed").mkdir()
    unlink = Path.unlink

    def given_up_first(path: Path, missing_ok: bool = False) -> None:
        if path == news and news.exists():
            news.rename(news.parent / "failed" / news.name)
        unlink(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", given_up_first)
    assert delete_calls(folders, index, [NAME]).problems == []
    assert everything(data) == set()


def test_a_message_that_is_marked_done_meanwhile_goes_as_well(
    folders: Folders, index: Index, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_note(data, NAME)
    message = put_message(data, NAME)
    rmdir = os.rmdir
    marked: list[Path] = []

    def marked_first(path: str | Path, **given: Any) -> None:
        if not marked:
            marked.append(message / "done")
            marked[0].touch()
        rmdir(path, **given)

    monkeypatch.setattr(os, "rmdir", marked_first)
    assert delete_calls(folders, index, [NAME]).problems == []
    assert everything(data) == set()
    assert marked


def test_a_call_that_ended_this_second_is_one_of_the_callers(
    folders: Folders, index: Index, data: Path, lines: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desk.records.index.LOOKED_EVERY", 60.0)
    put_note(data, named("2026-11-24_150000-bbbbbb"))
    assert len(found(index)) == 1
    put_note(data, NAME)
    assert delete_caller(folders, index, lines, CALLER).calls == 2


def test_one_folder_that_cannot_be_read_keeps_no_other_call(
    folders: Folders, index: Index, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = named("2026-11-24_150000-bbbbbb")
    put_all(data)
    put_all(data, other)
    assert len(found(index)) == 2
    messages_of = type(folders).messages_of

    def refused(folders: Folders, name: CallName) -> list[Path]:
        if name == NAME:
            raise PermissionError(13, "Permission denied")
        return messages_of(folders, name)

    monkeypatch.setattr(type(folders), "messages_of", refused)
    done = delete_calls(folders, index, [other, NAME])
    assert done.calls == 1
    assert done.problems == [
        f"It cannot be read: Permission denied. What is left of the call {NAME.path} can be deleted again."
    ]


def test_what_cannot_be_deleted_is_said_and_can_be_tried_again(
    folders: Folders, index: Index, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_all(data)
    unlink = Path.unlink

    def refused(path: Path, missing_ok: bool = False) -> None:
        if path.suffix == ".json" and path.parent.parent.name == "coffee" and path.parents[2].name == "noted":
            raise PermissionError(13, "Permission denied")
        unlink(path, missing_ok)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", refused)
        done = delete_calls(folders, index, [NAME])
    assert done.calls == 0
    assert "Permission denied" in done.problems[0]
    assert found(index) == [NAME.record]
    assert delete_calls(folders, index, [NAME]).calls == 1
    assert everything(data) == set()


def test_nothing_is_deleted_through_a_link(folders: Folders, index: Index, data: Path, tmp_path: Path) -> None:
    put_all(tmp_path / "elsewhere")
    before = everything(tmp_path / "elsewhere")
    for top in ("calls", "noted", "outbox"):
        (data / top).mkdir()
        (data / top / "coffee").symlink_to(tmp_path / "elsewhere" / top / "coffee")
    assert going_of_call(folders, NAME).is_nothing
    delete_calls(folders, index, [NAME])
    assert everything(tmp_path / "elsewhere") == before


def test_the_ledger_forgets_what_it_need_not_count(folders: Folders, index: Index, data: Path, lines: Path) -> None:
    """Rows of days before are deleted; those of today limit this caller on, and nobody else's are touched."""
    ledger = Ledger(data, "coffee", "Europe/Berlin")
    limits = Limits(calls_per_caller=2)
    for call, caller in (("old", CALLER), ("over", CALLER), ("today", CALLER), ("other", "+12025550199")):
        assert ledger.admit(call, caller, Limits(), 10).refusal is None
        ledger.end(call)
    before = (datetime.now(UTC) - timedelta(days=2)).date().isoformat()
    with sqlite3.connect(data / "ledger.db") as database:
        database.execute("UPDATE calls SET day = ? WHERE call IN ('old', 'other')", (before,))
    database.close()
    assert delete_caller(folders, index, lines, CALLER).problems == []
    with sqlite3.connect(data / "ledger.db") as database:
        left = {call for (call,) in database.execute("SELECT call FROM calls")}
    database.close()
    assert left == {"over", "today", "other"}
    assert ledger.would_refuse(CALLER, limits, 10) == "caller_limit"


def test_a_ledger_that_is_damaged_or_missing_stops_nothing(
    folders: Folders, index: Index, data: Path, lines: Path
) -> None:
    assert delete_caller(folders, index, lines, CALLER).problems == []
    (data / "ledger.key").write_bytes(b"k" * 32)
    (data / "ledger.db").write_bytes(b"damaged" * 1000)
    put_all(data)
    done = delete_caller(folders, index, lines, CALLER)
    assert done.calls == 1
    assert "ledger" in done.problems[0]


def test_the_hash_is_the_agents(data: Path) -> None:
    ledger = Ledger(data, "coffee", "UTC")
    ledger.admit("call", CALLER, Limits(), 10)
    key = (data / "ledger.key").read_bytes()
    with sqlite3.connect(data / "ledger.db") as database:
        kept = database.execute("SELECT caller FROM calls").fetchone()[0]
    database.close()
    assert kept == hmac.digest(key, CALLER.encode(), "sha256").hex()
