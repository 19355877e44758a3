"""What is read of a line's folder, whatever somebody has put into it, and how it is written."""

from __future__ import annotations

import codecs
import os
import shutil
import stat
from typing import TYPE_CHECKING, Any

import pytest

from desk.lines import files, writing
from desk.lines.files import FileProblem
from desk.lines.writing import write_all

if TYPE_CHECKING:
    from pathlib import Path


def everything(lines: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in lines.rglob("*") if path.is_file()}


def leftovers(lines: Path) -> list[str]:
    return [path.name for path in lines.rglob(".*")]


def test_every_file_of_the_example_is_listed_and_shown(lines: Path) -> None:
    assert files.names(lines / "coffee") == [
        *("greeting.md", "persona.md", "goodbye.md", "facts/menu.md", "facts/shop.md"),
        *("line.toml", "contacts.csv", "allowed.txt", "blocked.txt", "tools.yaml"),
    ]
    for name in files.names(lines / "coffee"):
        file = files.read(lines, "coffee", name)
        there = lines / "coffee" / name
        assert file.text == (there.read_text() if there.exists() else "")
        assert bool(file.hash) is there.exists()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"caf\xe9", "is no text in UTF-8"),
        (b"one\ntwo\0", "row 2"),
        (b"x" * 16_385, "has 16385 bytes, but at most 16384 are read"),
    ],
)
def test_a_file_that_is_no_text_has_a_sentence_instead(lines: Path, data: bytes, said: str) -> None:
    (lines / "coffee/persona.md").write_bytes(data)
    file = files.read(lines, "coffee", "persona.md")
    assert file.text is None
    assert said in file.problem


def test_a_large_file_is_not_read(lines: Path) -> None:
    with (lines / "coffee/contacts.csv").open("wb") as file:
        file.truncate(10 * 1024 * 1024 * 1024)
    assert "has 10737418240 bytes" in files.read(lines, "coffee", "contacts.csv").problem


def test_what_is_no_file_is_not_waited_for(lines: Path) -> None:
    (lines / "coffee/persona.md").unlink()
    os.mkfifo(lines / "coffee/persona.md")
    (lines / "coffee/goodbye.md").unlink()
    (lines / "coffee/goodbye.md").mkdir()
    for name in ("persona.md", "goodbye.md"):
        assert "is no file" in files.read(lines, "coffee", name).problem


@pytest.mark.parametrize("target", ["../secrets.env", "/etc/hostname", "../../outside", "nowhere", "persona.md", ".."])
def test_a_link_that_leads_out_of_the_lines_is_not_followed(lines: Path, target: str) -> None:
    (lines.parent / "outside").write_text("outside")
    (lines / "coffee/persona.md").unlink()
    (lines / "coffee/persona.md").symlink_to(target)
    file = files.read(lines, "coffee", "persona.md")
    assert file.text is None
    assert "link" in file.problem
    with pytest.raises(FileProblem, match="link"):
        write_all(lines, "coffee", {"persona.md": b"new"})
    assert (lines / "secrets.env").read_text() == "COFFEE_KEY=canary-of-a-secret\n"
    assert (lines.parent / "outside").read_text() == "outside"


def test_a_folder_of_facts_that_leads_elsewhere_is_not_read(lines: Path) -> None:
    outside = lines.parent / "notes"
    outside.mkdir()
    (outside / "private.md").write_text("private")
    for file in (lines / "coffee/facts").iterdir():
        file.unlink()
    (lines / "coffee/facts").rmdir()
    (lines / "coffee/facts").symlink_to(outside)
    assert files.read(lines, "coffee", "facts/private.md").text is None
    with pytest.raises(FileProblem):
        write_all(lines, "coffee", {"facts/new.md": b"new"})
    assert [it.name for it in outside.iterdir()] == ["private.md"]


def test_a_file_that_two_lines_share_by_a_link_stays_shared(lines: Path) -> None:
    (lines / "dentist/facts/menu.md").unlink()
    (lines / "dentist/facts/menu.md").symlink_to("../../coffee/facts/menu.md")
    write_all(lines, "dentist", {"facts/menu.md": b"- Tea: 2.00\n"})
    assert (lines / "dentist/facts/menu.md").is_symlink()
    assert (lines / "coffee/facts/menu.md").read_text() == "- Tea: 2.00\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"one\r\ntwo\r\n", b"one\r\nTWO\r\n"),
        (b"\xef\xbb\xbfone\ntwo\n", b"\xef\xbb\xbfone\nTWO\n"),
        ("one\r\ntwo\r\n".encode("utf-16"), "one\r\nTWO\r\n".encode("utf-16")),
        (b"one\ntwo", b"one\nTWO"),
        (b"one\rtwo\r", b"one\rTWO\r"),
        (b"one\ntwo\r\nthree\n", b"one\nTWO\nthree\n"),
        *(
            (mark + "one\ntwo\n".encode(encoding), mark + "one\nTWO\n".encode(encoding))
            for mark, encoding in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
        ),
    ],
)
def test_an_edit_keeps_the_encoding_and_the_ends_of_rows(lines: Path, before: bytes, after: bytes) -> None:
    (lines / "coffee/persona.md").write_bytes(before)
    file = files.read(lines, "coffee", "persona.md")
    assert file.text is not None
    assert file.written.bytes_of(file.text.replace("two", "TWO")) == after


def test_a_file_keeps_its_mode_and_owner_and_a_hard_link_what_it_had(lines: Path) -> None:
    file = lines / "coffee/persona.md"
    file.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(file, 4321, 1234)
    backup = lines.parent / "backup.md"
    backup.hardlink_to(file)
    before, old = file.stat(), file.read_text()
    write_all(lines, "coffee", {"persona.md": b"new"})
    its = file.stat()
    assert (stat.S_IMODE(its.st_mode), its.st_uid, its.st_gid) == (0o640, before.st_uid, before.st_gid)
    assert (file.read_text(), backup.read_text(), leftovers(lines)) == ("new", old, [])


def test_new_files_can_be_read_by_the_agent_and_removed_ones_are_gone(lines: Path) -> None:
    (lines / "coffee/facts/menu.md").unlink()
    (lines / "coffee/facts/shop.md").unlink()
    (lines / "coffee/facts").rmdir()
    write_all(lines, "coffee", {"facts/tea.md": b"- Tea: 2.00", "tools.yaml": b"[]"})
    assert stat.S_IMODE((lines / "coffee/facts").stat().st_mode) == 0o755
    assert stat.S_IMODE((lines / "coffee/facts/tea.md").stat().st_mode) == 0o644
    write_all(lines, "coffee", {"facts/tea.md": None})
    assert files.fact_names(lines / "coffee") == []


def test_if_one_file_cannot_be_written_none_is(lines: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = everything(lines)
    synced = iter([None, None, OSError(28, "No space left on device")])

    def sync(_: int) -> None:
        if error := next(synced):
            raise error

    monkeypatch.setattr(os, "fsync", sync)
    with pytest.raises(
        FileProblem, match=r"persona.md cannot be written: No space left on device. Nothing was changed"
    ):
        write_all(lines, "coffee", {"greeting.md": b"new", "persona.md": b"new"})
    assert everything(lines) == before


def test_a_folder_of_another_owner_is_said_with_what_to_do(lines: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    monkeypatch.setattr(os, "geteuid", lambda: lines.stat().st_uid + 1)
    with pytest.raises(FileProblem, match=r"belongs to the user with the id \d+.*sudo chown -R \d+:\d+ lines/coffee"):
        write_all(lines, "coffee", {"persona.md": b"new"})


def test_a_folder_of_the_desks_own_user_that_is_write_protected_is_told_otherwise(
    lines: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    monkeypatch.setattr(os, "geteuid", lambda: lines.stat().st_uid)
    with pytest.raises(FileProblem, match=r"^lines/coffee cannot be written, even by its owner.*chmod -R u\+rwX lines"):
        write_all(lines, "coffee", {"persona.md": b"new"})


@pytest.mark.parametrize("broken", [1, 2])
def test_if_one_file_cannot_be_put_in_its_place_those_before_it_are_put_back(
    lines: Path, monkeypatch: pytest.MonkeyPatch, broken: int
) -> None:
    before = everything(lines)
    modes = {path: path.stat().st_mode for path in lines.rglob("*")}
    replace, times = os.replace, iter(range(100))

    def fail_once(*given: Any, **named: Any) -> None:
        if next(times) == broken:
            raise OSError(28, "No space left on device")
        replace(*given, **named)

    monkeypatch.setattr(os, "replace", fail_once)
    changes = {"greeting.md": b"new", "facts/menu.md": None, "facts/tea.md": b"new", "persona.md": b"new"}
    with pytest.raises(FileProblem, match=r"cannot be replaced: No space left on device\. Nothing was changed\.$"):
        write_all(lines, "coffee", changes)
    assert everything(lines) == before
    assert {path: path.stat().st_mode for path in lines.rglob("*")} == modes
    monkeypatch.undo()
    write_all(lines, "coffee", changes)
    assert (lines / "coffee/persona.md").read_text() == (lines / "coffee/facts/tea.md").read_text() == "new"
    assert (leftovers(lines), (lines / "coffee/facts/menu.md").exists()) == ([], False)


def test_what_cannot_be_put_back_is_said(lines: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace, times = os.replace, iter(range(100))

    def fail(*given: Any, **named: Any) -> None:
        if next(times):
            raise OSError(5, "Input/output error")
        replace(*given, **named)

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(FileProblem, match=r"persona.md cannot be replaced.*greeting.md is changed already\.$"):
        write_all(lines, "coffee", {"greeting.md": b"new", "persona.md": b"new"})
    assert leftovers(lines) == []


def test_removing_a_link_leaves_what_it_leads_to(lines: Path) -> None:
    (lines / "dentist/facts/menu.md").unlink()
    (lines / "dentist/facts/menu.md").symlink_to("../../coffee/facts/menu.md")
    write_all(lines, "dentist", {"facts/menu.md": None})
    assert not (lines / "dentist/facts/menu.md").is_symlink()
    assert (lines / "coffee/facts/menu.md").exists()


@pytest.mark.parametrize("name", ["facts/menu.md", "facts/tea.md"])
@pytest.mark.parametrize("data", [b"new", None])
def test_a_folder_that_becomes_a_link_after_it_was_looked_at_is_not_followed(
    lines: Path, monkeypatch: pytest.MonkeyPatch, name: str, data: bytes | None
) -> None:
    outside = lines.parent / "outside"
    outside.mkdir()
    (outside / "menu.md").write_text("private")

    def look_then_exchange(*given: Any) -> Path:
        place = place_of(*given)
        if (lines / "coffee/facts").is_dir() and not (lines / "coffee/facts").is_symlink():
            shutil.rmtree(lines / "coffee/facts")
            (lines / "coffee/facts").symlink_to(outside)
        return place

    place_of = files.place_of
    for module in (files, writing):
        monkeypatch.setattr(module, "place_of", look_then_exchange)
    monkeypatch.setattr(writing, "why_not_writable", lambda *_: "")
    if data is None:
        with pytest.raises(FileProblem, match=r"Nothing was changed\.$"):
            write_all(lines, "coffee", {name: data})
    else:
        with pytest.raises(FileProblem, match=r"cannot be written: Not a directory\. Nothing was changed\.$"):
            write_all(lines, "coffee", {name: data})
    assert [(path.name, path.read_text()) for path in outside.iterdir()] == [("menu.md", "private")]


def test_a_folder_that_becomes_a_link_is_not_read(lines: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = files.place_of(lines, "coffee", "facts/menu.md")
    (lines / "coffee/facts").rename(lines.parent / "outside")
    (lines / "coffee/facts").symlink_to(lines.parent / "outside")
    monkeypatch.setattr(files, "place_of", lambda *_: place)
    assert "cannot be read: Not a directory" in files.read(lines, "coffee", "facts/menu.md").problem


@pytest.mark.parametrize("name", ["facts/menu.md", "facts/Menü & Preise (2).md", "line.toml"])
def test_names_of_a_lines_files(name: str) -> None:
    assert files.is_name(name)


@pytest.mark.parametrize(
    "name",
    ["", "secrets.env", "../secrets.env", "facts/../x.md", "facts/.x.md", "facts/x", "facts/a\n.md", "facts/a/b.md"],
)
def test_other_names(name: str) -> None:
    assert not files.is_name(name)
