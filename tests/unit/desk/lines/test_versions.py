"""Versions of a line, drafts, and what differs between two."""

from __future__ import annotations

import os
import shutil
import stat
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from desk.lines import differences, drafts, versions
from desk.lines.differences import of_files, of_texts
from desk.lines.drafts import Drafts
from desk.lines.versions import DESK, HAND, Versions

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 25, 14, 22, 33, 120_000, UTC)


@pytest.fixture
def kept(data: Path) -> Versions:
    return Versions(data / "desk")


def test_an_edit_is_a_version_and_looking_again_is_none(lines: Path, kept: Versions) -> None:
    kept.note(lines, "coffee", HAND, NOW)
    kept.note(lines, "coffee", DESK, NOW + timedelta(hours=1))
    [first] = kept.of("coffee")
    assert (first.at, first.by) == (NOW, HAND)
    (lines / "coffee/facts/menu.md").unlink()
    (lines / "coffee/persona.md").write_text("You are Ada.")
    kept.note(lines, "coffee", DESK, NOW + timedelta(hours=1))
    second, first = kept.of("coffee")
    assert (second.by, second.changed_since(first)) == (DESK, ["facts/menu.md", "persona.md"])
    assert kept.contents("coffee", second)["persona.md"] == b"You are Ada."
    assert "facts/menu.md" in kept.contents("coffee", first)
    assert kept.find("coffee", first.id) == first
    assert kept.find("dentist", first.id) is None


def test_a_version_can_be_read_by_the_desk_and_the_agent_alone(lines: Path, kept: Versions, data: Path) -> None:
    kept.note(lines, "coffee")
    modes = {
        stat.S_IMODE(path.stat().st_mode) & 0o777 for path in (data / "desk/versions").rglob("*") if path.is_file()
    }
    folders = {
        stat.S_IMODE(path.stat().st_mode) & 0o777 for path in (data / "desk/versions").rglob("*") if path.is_dir()
    }
    assert (modes, folders) == ({0o660}, {0o770})


def test_secrets_and_files_that_cannot_be_read_are_no_part_of_a_version(
    lines: Path, kept: Versions, data: Path
) -> None:
    (lines / "coffee/persona.md").unlink()
    (lines / "coffee/persona.md").symlink_to("../secrets.env")
    (lines / "coffee/contacts.csv").write_bytes(b"x" * 2_000_000)
    (lines / "coffee/tools.yaml").write_bytes(b"\xff\xfe\x00")
    kept.note(lines, "coffee")
    [version] = kept.of("coffee")
    assert "tools.yaml" in version.hashes
    assert not {"persona.md", "contacts.csv"} & version.hashes.keys()
    assert not any(b"canary" in path.read_bytes() for path in (data / "desk").rglob("*") if path.is_file())


def test_two_edits_at_the_same_moment_keep_their_order(lines: Path, kept: Versions) -> None:
    for text in ("one", "two", "one"):
        (lines / "coffee/persona.md").write_text(text)
        kept.note(lines, "coffee", DESK, NOW)
    texts = [kept.contents("coffee", version)["persona.md"] for version in kept.of("coffee")]
    assert texts == [b"one", b"two", b"one"]


def test_of_too_many_versions_the_oldest_are_deleted(
    lines: Path, kept: Versions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(versions, "MOST", 3)
    for at in range(5):
        (lines / "coffee/persona.md").write_text(f"{at}")
        kept.note(lines, "coffee", DESK, NOW + timedelta(hours=at))
    assert [kept.contents("coffee", it)["persona.md"] for it in kept.of("coffee")] == [b"4", b"3", b"2"]
    monkeypatch.setattr(versions, "MOST_BYTES", 1)
    (lines / "coffee/persona.md").write_text("5")
    kept.note(lines, "coffee", DESK, NOW + timedelta(hours=5))
    assert [kept.contents("coffee", it)["persona.md"] for it in kept.of("coffee")] == [b"5"]


def test_a_damaged_version_is_left_out(lines: Path, kept: Versions, data: Path) -> None:
    kept.note(lines, "coffee")
    for name in (
        "20261125T142233.120Z-1f2e3d4c5b6a",
        "20261125T142233.121Z-1f2e3d4c5b6a",
        "20261399T142233.120Z-1f2e3d4c5b6a",
    ):
        (data / "desk/versions/coffee" / name).mkdir()
    (data / "desk/versions/coffee/20261125T142233.121Z-1f2e3d4c5b6a/version.json").write_text("[]")
    assert len(list(kept.of("coffee"))) == 1


def test_a_full_disk_leaves_no_half_version(lines: Path, kept: Versions, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fchmod", full)
    with pytest.raises(OSError, match="No space"):
        kept.note(lines, "coffee")
    assert list(kept.of("coffee")) == []


def test_a_draft_is_the_whole_line_with_the_edit(lines: Path, data: Path) -> None:
    made = Drafts(data / "desk")
    draft = made.make(lines, "coffee", {"persona.md": b"You are Ada.", "facts/menu.md": None}, {"persona.md": "abc"})
    folder = data / "desk/drafts" / draft
    assert (folder / "coffee/persona.md").read_text() == "You are Ada."
    assert (folder / "coffee/line.toml").read_text() == (lines / "coffee/line.toml").read_text()
    assert not (folder / "coffee/facts/menu.md").exists()
    assert [path.name for path in folder.iterdir() if path.is_dir()] == ["coffee"]
    found = made.find("coffee", draft)
    assert found
    assert (found.base, found.texts["persona.md"]) == ({"persona.md": "abc"}, "You are Ada.")
    assert made.find("dentist", draft) is None
    assert made.find("coffee", "../../versions") is None


def test_a_draft_is_deleted_after_a_day_and_of_too_many_the_oldest(
    lines: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Drafts(data / "desk")
    old, new = (made.make(lines, "coffee", {}, {}) for _ in range(2))
    yesterday = time.time() - drafts.LASTS - 1
    os.utime(data / "desk/drafts" / old, (yesterday, yesterday))
    assert made.find("coffee", old) is None
    made.delete_old()
    assert [path.name for path in (data / "desk/drafts").iterdir()] == [new]
    monkeypatch.setattr(drafts, "MOST", 2)
    for _ in range(4):
        made.make(lines, "coffee", {}, {})
    assert len(list((data / "desk/drafts").iterdir())) == 3  # two, and the one that was made after counting
    shutil.rmtree(data / "desk/drafts")
    made.delete_old()


def signs(before: str, after: str) -> list[str]:
    return [f"{row.sign}{row.text}" for row in of_texts("persona.md", before, after).rows]


def test_rows_that_differ_are_shown_with_three_around_them() -> None:
    old = [f"row {at}" for at in range(1, 31)]
    new = [*old[:9], "ten", *old[10:19], *old[20:]]
    assert signs("\n".join(old), "\n".join(new)) == [
        *("6 rows are the same", "row 7", "row 8", "row 9", "-row 10", "+ten", "row 11", "row 12", "row 13"),
        *("3 rows are the same", "row 17", "row 18", "row 19", "-row 20", "row 21", "row 22", "row 23"),
        "7 rows are the same",
    ]
    assert signs("a", "a") == []


def test_places_are_those_in_each_text() -> None:
    rows = of_texts("x", "a\nb\nc", "a\nnew\nb\nC").rows
    assert [(row.kind, row.text, row.old, row.new) for row in rows] == [
        ("same", "a", 1, 1),
        ("new", "new", None, 2),
        ("same", "b", 2, 3),
        ("old", "c", 3, None),
        ("new", "C", None, 4),
    ]


def test_texts_that_are_too_long_are_not_compared_row_by_row() -> None:
    long = "\n".join(str(at) for at in range(differences.MOST_ROWS + 1))
    assert "too many" in of_texts("contacts.csv", "", long).told
    assert len(of_texts("contacts.csv", long, f"{long}\nmore").rows) == 5


def test_files_that_are_new_removed_or_no_text_are_said() -> None:
    found = of_files({"a.md": b"a", "b.md": b"b", "d.md": b"d\n"}, {"b.md": b"\xff", "c.md": b"c", "d.md": b"d\r\n"})
    assert [(it.name, it.told) for it in found] == [
        ("a.md", "This file is removed."),
        ("b.md", "It is no text in UTF-8, so its rows cannot be compared."),
        ("c.md", "This file is new."),
        ("d.md", "Only the ends of its rows or its encoding differ."),
    ]
