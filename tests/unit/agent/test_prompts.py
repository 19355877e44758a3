"""The Markdown files: read for each call, checked at the start, and never the end of a line that works."""

import logging
from pathlib import Path

import pytest

from agent import prompts
from agent.prompts import LARGEST, Prompts, problems, read_prompts


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "prompts"
    folder.mkdir()
    for name in ("persona", "greeting", "goodbye"):
        (folder / f"{name}.md").write_text(f"{name} one\n")
    return folder


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return tmp_path / "kept"


def test_the_files_are_the_words(folder: Path, kept: Path) -> None:
    assert read_prompts(folder, kept) == Prompts("persona one", "greeting one", "goodbye one")


def test_an_edited_file_is_used_for_the_next_call(folder: Path, kept: Path) -> None:
    read_prompts(folder, kept)
    (folder / "greeting.md").write_text("greeting two")
    assert read_prompts(folder, kept).greeting == "greeting two"


def test_an_editors_marks_are_not_spoken(folder: Path, kept: Path) -> None:
    (folder / "greeting.md").write_bytes("\ufeffHello.\r\nWelcome.\r\n".encode())
    assert read_prompts(folder, kept).greeting == "Hello.\nWelcome."


BROKEN = {
    "missing": (None, "cannot be read (No such file or directory)"),
    "empty": (b" \n\n", "is empty"),
    "not UTF-8": (b"Gr\xfc\xdf Gott", "is not UTF-8 at byte 2"),
    "too large": (b"a" * (LARGEST + 1), f"has {LARGEST + 1} bytes, at most {LARGEST}"),
}


def break_(file: Path, content: bytes | None) -> None:
    file.unlink()
    if content is not None:
        file.write_bytes(content)


@pytest.mark.parametrize(("content", "problem"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_keeps_the_last_good_version_and_says_why(
    folder: Path, kept: Path, caplog: pytest.LogCaptureFixture, content: bytes | None, problem: str
) -> None:
    read_prompts(folder, kept)
    (folder / "persona.md").write_text("persona two")
    read_prompts(folder, kept)
    break_(folder / "persona.md", content)
    assert read_prompts(folder, kept) == Prompts("persona two", "greeting one", "goodbye one")
    [record] = caplog.records
    assert record.levelno == logging.ERROR
    assert record.getMessage().startswith("prompts/persona.md ")
    assert problem in record.getMessage()


@pytest.mark.parametrize(("content", "problem"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_a_problem_at_the_start(folder: Path, content: bytes | None, problem: str) -> None:
    assert problems(folder) == []
    break_(folder / "greeting.md", content)
    [found] = problems(folder)
    assert found.startswith("prompts/greeting.md ")
    assert problem in found


@pytest.mark.parametrize("name", ["greeting", "goodbye"])
def test_what_is_spoken_has_no_markup_and_no_digits(name: str) -> None:
    assert problems() == []
    assert not set((prompts.FOLDER / f"{name}.md").read_text()) & set("*#`_[]<>|0123456789")
