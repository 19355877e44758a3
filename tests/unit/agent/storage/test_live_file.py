"""Files that are edited while the line is up: a good one is used at once, of a bad one its last good version."""

import logging
from pathlib import Path

import pytest

from agent.storage.live_file import LiveFile, delete_versions_of_the_release_before


def parse(text: str) -> list[str]:
    if "wrong" in text:
        raise ValueError("row 1 has a wrong word: take it out")
    return text.split()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "lines" / "rules").mkdir(parents=True)
    return tmp_path / "lines" / "rules"


def file(folder: Path, *, may_be_missing: bool = False) -> LiveFile[list[str]]:
    return LiveFile(folder, "words.txt", parse, 100, may_be_missing=may_be_missing, kept=folder.parent / "kept")


def test_what_another_process_has_read_is_the_last_good_version(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    (folder / "words.txt").write_text("one two")
    assert file(folder).read() == ["one", "two"]
    (folder / "words.txt").write_text("wrong")
    assert file(folder).read() == ["one", "two"]
    [record] = caplog.records
    assert record.levelno == logging.ERROR
    assert record.getMessage() == (
        "lines/rules/words.txt row 1 has a wrong word: take it out; the last good version is used"
    )


def test_a_missing_file_is_like_an_empty_one_where_it_may_be_missing(folder: Path) -> None:
    assert file(folder, may_be_missing=True).problems() == []
    assert file(folder, may_be_missing=True).read() == []
    assert file(folder).problems() == [
        "lines/rules/words.txt cannot be read (No such file or directory): put it back, and make it readable by all"
    ]


def test_a_file_that_has_gone_is_no_empty_file(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    (folder / "words.txt").write_text("one")
    file(folder, may_be_missing=True).read()
    (folder / "words.txt").unlink()
    for _ in range(2):
        assert file(folder, may_be_missing=True).read() == ["one"]
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == 2 * [
        (
            logging.WARNING,
            "lines/rules/words.txt is missing; the last good version is used: put it back, or create an empty file",
        )
    ]


def test_a_file_with_nothing_in_it_may_go_without_a_word(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    (folder / "words.txt").write_text("one")
    file(folder, may_be_missing=True).read()
    (folder / "words.txt").write_text("")
    assert file(folder, may_be_missing=True).read() == []
    (folder / "words.txt").unlink()
    assert file(folder, may_be_missing=True).read() == []
    assert caplog.messages == []


def test_a_first_edit_that_is_no_good_leaves_what_was_before_it_which_is_nothing(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert file(folder, may_be_missing=True).read() == []
    (folder / "words.txt").write_text("wrong")
    assert file(folder, may_be_missing=True).unrecoverable_problems() == []
    assert file(folder, may_be_missing=True).read() == []
    assert "the last good version is used" in caplog.text


def test_a_bad_file_without_a_good_version_is_no_empty_file(folder: Path) -> None:
    (folder / "words.txt").write_text("wrong")
    with pytest.raises(ValueError, match="row 1 has a wrong word"):
        file(folder, may_be_missing=True).read()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_a_file_is_read_whichever_system_has_saved_it_and_kept_in_one_form(
    folder: Path, encoding: str, ends: str
) -> None:
    (folder / "words.txt").write_bytes(f"one Grüße{ends}two{ends}".encode(encoding))
    assert file(folder).read() == ["one", "Grüße", "two"]
    assert (folder.parent / "kept/rules/words.txt").read_bytes() == "one Grüße\ntwo\n".encode()


@pytest.mark.parametrize("data", ["one".encode("utf-16-le"), "one".encode("utf-16-be"), b"one\0"])
def test_zero_bytes_are_no_text(folder: Path, data: bytes) -> None:
    (folder / "words.txt").write_bytes(data)
    [problem] = file(folder).problems()
    assert problem.startswith("lines/rules/words.txt row 1 is not UTF-8 at byte ")


def test_a_wrong_letter_is_told_by_its_line(folder: Path) -> None:
    (folder / "words.txt").write_bytes(b"one\ntwo\nGr\xfc\xdfe")
    assert file(folder).problems() == ["lines/rules/words.txt row 3 is not UTF-8 at byte 10: save it as UTF-8"]


def test_without_any_good_version_it_is_an_error(folder: Path) -> None:
    with pytest.raises(ValueError, match=r"lines/rules/words\.txt"):
        file(folder).read()


@pytest.mark.parametrize(("earlier", "expected"), [(None, True), ("one two", False), ("wrong", True)])
def test_a_bad_file_is_unrecoverable_only_without_a_good_version_of_it(
    folder: Path, earlier: str | None, expected: bool
) -> None:
    (folder / "words.txt").write_text("wrong")
    if earlier:
        kept = folder.parent / "kept/rules/words.txt"
        kept.parent.mkdir(parents=True)
        kept.write_text(earlier)
    for bad in (file(folder), file(folder, may_be_missing=True)):
        assert bad.unrecoverable_problems() == (bad.problems() if expected else [])


def test_a_good_file_is_not_unrecoverable(folder: Path) -> None:
    (folder / "words.txt").write_text("one")
    assert file(folder).unrecoverable_problems() == []


def test_a_folder_that_cannot_be_written_keeps_no_version_and_the_file_is_used(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "words.txt").write_text("one")
    (folder.parent / "kept").write_text("a file where the folder should be")
    assert file(folder).read() == ["one"]
    assert file(folder).read(quietly=True) == ["one"]  # by whoever reads it again and again
    [message] = caplog.messages
    assert message.startswith("Could not keep this version of lines/rules/words.txt for later")


def test_a_broken_kept_version_is_replaced_by_the_good_live_file(folder: Path) -> None:
    kept = folder.parent / "kept/rules/words.txt"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"Gr\xfc\xdfe")
    (folder / "words.txt").write_text("one two")
    assert file(folder).read() == ["one", "two"]
    assert kept.read_text() == "one two"


def test_of_a_file_that_is_too_large_no_more_is_read_than_tells_it(folder: Path) -> None:
    with (folder / "words.txt").open("wb") as much:
        much.truncate(1 << 40)  # a terabyte of nothing, which takes no place on the disk
    [problem] = file(folder).problems()
    assert problem == f"lines/rules/words.txt has {1 << 40} bytes, but at most 100 are read: shorten it"


def test_what_a_release_without_lines_has_kept_is_deleted_once(tmp_path: Path) -> None:
    (tmp_path / "kept/rules").mkdir(parents=True)
    (tmp_path / "kept/rules/contacts.csv").write_text("number,name,notes\n+12025550123,Ann Smith,\n")
    for _ in range(2):
        delete_versions_of_the_release_before(tmp_path / "kept")
    assert list(tmp_path.iterdir()) == []
