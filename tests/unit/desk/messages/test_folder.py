"""The messages on the disk: found by name, opened only if shown, and never made by being marked."""

from __future__ import annotations

import json
import os
import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from desk.messages import folder as module
from desk.messages.folder import GoneError, MessageFolder, Place, place_of

if TYPE_CHECKING:
    from pathlib import Path

    from desk.messages.folder import Message

GIVEN = {"who": "Anna", "number": "+12025550177", "about": "The oven is broken.", "urgent": False}


def put(calls: Path, path: str, **changes: Any) -> Place:
    """Write a message as the agent does."""
    place = place_of(path)
    assert place
    folder = calls / path
    folder.mkdir(parents=True)
    at = f"{place.day}T{place.name[:2]}:{place.name[2:4]}:59.000+00:00"
    (folder / "message.json").write_text(json.dumps({**GIVEN, "at": at} | changes))
    return place


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    return tmp_path / "calls"


@pytest.fixture
def folder(calls: Path) -> MessageFolder:
    return MessageFolder(calls)


def who(messages: list[Message]) -> list[str]:
    return [it.who for it in messages]


def test_the_newest_of_all_lines_comes_first(calls: Path, folder: MessageFolder) -> None:
    put(calls, "coffee/2026-11-25/142233-1f2e3d-message-1", who="second")
    put(calls, "coffee/2026-11-25/142233-1f2e3d-message-10", who="fourth")
    put(calls, "coffee/2026-11-25/142233-1f2e3d-message-2", who="third")
    put(calls, "dentist/2026-11-25/142233-0f2e3d-message-1", who="first")
    put(calls, "coffee/2026-11-26/000001-1f2e3d-message-1", who="fifth")
    (calls / "coffee/2026-11-25/142233-1f2e3d").mkdir()  # a call
    (calls / "coffee/.work/2026-11-25_142233-1f2e3d").mkdir(parents=True)
    found = folder.page(folder.lines(), "all", None, 10)
    assert who(found) == ["fifth", "fourth", "third", "second", "first"]
    assert who(folder.page(["dentist"], "all", None, 10)) == ["first"]
    assert found[0].at == datetime(2026, 11, 26, 0, 0, 59, tzinfo=UTC)


def test_pages_follow_each_other_without_a_gap_also_when_one_is_deleted_meanwhile(
    calls: Path, folder: MessageFolder
) -> None:
    for it in range(10):
        put(calls, f"coffee/2026-11-{20 + it // 3}/14220{it}-1f2e3d-message-1", who=str(it))
        put(calls, f"dentist/2026-11-{20 + it // 3}/14220{it}-1f2e3d-message-1", who=f"{it}d")
    before, seen = None, []
    while page := folder.page(folder.lines(), "all", before, 3):
        seen += who(page)
        before = page[-1].place
        shutil.rmtree(calls / before.path)
    assert seen == [f"{it}{of}" for it in range(9, -1, -1) for of in ("d", "")]


def test_one_that_is_done_is_not_to_do_until_that_is_undone(calls: Path, folder: MessageFolder) -> None:
    first = put(calls, "coffee/2026-11-25/142233-1f2e3d-message-1")
    put(calls, "coffee/2026-11-25/152233-1f2e3d-message-1", who="Bert")
    folder.mark(first, done=True)
    folder.mark(first, done=True)
    assert (calls / first.path / "done").read_bytes() == b""
    assert who(folder.page(["coffee"], "open", None, 10)) == ["Bert"]
    assert who(folder.page(["coffee"], "done", None, 10)) == ["Anna"]
    assert folder.read(first).done
    folder.mark(first, done=False)
    folder.mark(first, done=False)
    assert who(folder.page(["coffee"], "open", None, 10)) == ["Bert", "Anna"]


@pytest.mark.parametrize("done", [True, False])
def test_marking_what_has_been_deleted_leaves_nothing_behind(calls: Path, folder: MessageFolder, done: bool) -> None:
    place = put(calls, "coffee/2026-11-25/142233-1f2e3d-message-1")
    shutil.rmtree(calls / place.path)
    with pytest.raises(GoneError):
        folder.mark(place, done=done)
    assert list((calls / "coffee/2026-11-25").iterdir()) == []


def test_a_message_that_is_deleted_while_it_is_marked_leaves_nothing_behind(
    calls: Path, folder: MessageFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = put(calls, "coffee/2026-11-25/142233-1f2e3d-message-1")
    opened = os.open

    def delete_the_file_first(path: Path, *how: int) -> int:
        (calls / place.path / "message.json").unlink()
        return opened(path, *how)

    monkeypatch.setattr(os, "open", delete_the_file_first)
    with pytest.raises(GoneError):
        folder.mark(place, done=True)
    assert not (calls / place.path).exists()


def test_a_message_whose_folder_is_deleted_while_it_is_marked_is_gone(
    calls: Path, folder: MessageFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = put(calls, "coffee/2026-11-25/142233-1f2e3d-message-1")
    opened = os.open

    def delete_the_folder_first(path: Path, *how: int) -> int:
        (calls / place.path).rename(calls / "deleted")
        return opened(path, *how)

    monkeypatch.setattr(os, "open", delete_the_folder_first)
    with pytest.raises(GoneError):
        folder.mark(place, done=True)
    assert not (calls / place.path).exists()


def test_one_that_is_being_written_is_not_shown_yet(calls: Path, folder: MessageFolder) -> None:
    place = put(calls, "coffee/2026-11-25/142233-1f2e3d-message-1")
    (calls / place.path / "message.json").rename(calls / place.path / ".message.json.abc")
    assert folder.page(["coffee"], "all", None, 10) == []
    with pytest.raises(GoneError):
        folder.read(place)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "[" * 5000,
        '{"who": "Anna"}',
        json.dumps({**GIVEN, "at": 3}),
        json.dumps({**GIVEN, "at": "", "number": ["x"]}),
        "\x00\x01",
        json.dumps({**GIVEN, "at": "", "about": "x" * 70_000}),
    ],
)
def test_a_damaged_one_says_so_and_hides_no_other(calls: Path, folder: MessageFolder, text: str) -> None:
    place = put(calls, "coffee/2026-11-25/142233-1f2e3d-message-1")
    put(calls, "coffee/2026-11-25/152233-1f2e3d-message-1", who="Bert")
    (calls / place.path / "message.json").write_text(text)
    other, damaged = folder.page(["coffee"], "all", None, 10)
    assert (other.who, other.problem) == ("Bert", "")
    assert damaged.problem == "This message cannot be read: its file is damaged."
    assert damaged.at == datetime(2026, 11, 25, 14, 22, 33, tzinfo=UTC)


@pytest.mark.parametrize("at", ["", "yesterday", "2026-11-25T14:22:33"])
def test_without_a_time_of_its_own_it_has_that_of_its_call(calls: Path, folder: MessageFolder, at: str) -> None:
    place = put(calls, "coffee/2026-11-25/142233-1f2e3d-message-1", at=at)
    assert folder.read(place).at == datetime(2026, 11, 25, 14, 22, 33, tzinfo=UTC)


def test_a_link_is_not_followed(calls: Path, folder: MessageFolder, tmp_path: Path) -> None:
    put(calls, "coffee/2026-11-25/142233-1f2e3d-message-1")
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret/message.json").write_text(json.dumps({**GIVEN, "at": ""}))
    (calls / "coffee/2026-11-25/152233-1f2e3d-message-1").symlink_to(tmp_path / "secret")
    place = put(calls, "coffee/2026-11-25/162233-1f2e3d-message-1")
    (calls / place.path / "message.json").unlink()
    (calls / place.path / "message.json").symlink_to(tmp_path / "secret/message.json")
    found = folder.page(["coffee"], "all", None, 10)
    assert [(it.place.name, bool(it.problem)) for it in found] == [
        ("162233-1f2e3d-message-1", True),
        ("142233-1f2e3d-message-1", False),
    ]


@pytest.mark.parametrize("link", ["coffee", "coffee/2026-11-25", "coffee/2026-11-25/142233-1f2e3d-message-1"])
def test_nothing_is_read_or_marked_through_a_link(
    calls: Path, folder: MessageFolder, tmp_path: Path, link: str
) -> None:
    place = put(calls, "coffee/2026-11-25/142233-1f2e3d-message-1")
    (calls / link).rename(tmp_path / "elsewhere")
    (calls / link).symlink_to(tmp_path / "elsewhere")
    for done in (True, False):
        with pytest.raises(GoneError):
            folder.mark(place, done=done)
    with pytest.raises(GoneError):
        folder.read(place)
    assert folder.page(["coffee"], "all", None, 10) == []
    assert list((tmp_path / "elsewhere").rglob("done")) == []


def test_one_that_may_not_be_read_says_so_and_hides_no_other(
    calls: Path, folder: MessageFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = put(calls, "coffee/2026-11-25/142233-1f2e3d-message-1")
    put(calls, "coffee/2026-11-25/152233-1f2e3d-message-1", who="Bert")
    stat = os.stat

    def refused(path: Any, **how: Any) -> os.stat_result:
        if place.name in str(path):
            raise PermissionError(13, "Permission denied")
        return stat(path, **how)

    monkeypatch.setattr(os, "stat", refused)
    other, closed = folder.page(["coffee"], "open", None, 10)
    assert (other.who, closed.problem) == ("Bert", "This message cannot be read: Permission denied.")


@pytest.mark.parametrize(
    "path",
    [
        "",
        "coffee",
        "coffee/2026-11-25",
        "coffee/2026-11-25/142233-1f2e3d",
        "../2026-11-25/142233-1f2e3d-message-1",
        "coffee/../142233-1f2e3d-message-1",
        "coffee/2026-11-25/142233-1f2e3d-message-1/..",
        "coffee/2026-11-25/142233-1f2e3d-message-1\n",
        "coffee/2026-11-25/142233-1f2e3d-message-٣",
        "Coffee/2026-11-25/142233-1f2e3d-message-1",
    ],
)
def test_nothing_else_is_the_place_of_a_message(path: str) -> None:
    assert place_of(path) is None


def test_what_a_caller_has_said_is_in_no_log(calls: Path, folder: MessageFolder) -> None:
    message = folder.read(put(calls, "coffee/2026-11-25/142233-1f2e3d-message-1"))
    assert not any(word in repr(message) for word in ("Anna", "+1202", "oven"))


def test_of_ten_thousand_messages_only_those_of_the_page_are_opened(
    calls: Path, folder: MessageFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in range(28):
        for it in range(358):
            place = f"coffee/2026-11-{day + 1:02}/{it // 60 + 8:02}{it % 60:02}00-{it:06x}-message-1"
            (calls / place).mkdir(parents=True)
    for each in calls.glob("coffee/2026-11-1*/*"):
        (each / "message.json").write_text(json.dumps({**GIVEN, "at": ""}))
    opened = []
    real = module._File.model_validate_json

    def count(text: bytes) -> Any:
        opened.append(text)
        return real(text)

    monkeypatch.setattr(module._File, "model_validate_json", count)
    last = place_of("coffee/2026-11-15/103000-000096-message-1")
    page = folder.page(folder.lines(), "open", last, 51)
    assert (len(page), len(opened)) == (51, 51)
