"""The Markdown files: read for each call, checked at the start, and never the end of a line that works."""

import logging
from pathlib import Path

import pytest

from agent import languages
from agent.lines.words import LARGEST, Words, read_words, word_files
from tests.support.house import ROOT


def problems(folder: Path) -> list[str]:
    return [problem for file in word_files(folder) for problem in file.problems()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "lines" / "coffee"
    folder.mkdir(parents=True)
    for name in ("persona", "greeting", "goodbye"):
        (folder / f"{name}.md").write_text(f"{name} one\n")
    return folder


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return tmp_path / "kept"


def told(persona: str, language: str = "en") -> str:
    """What the model is told: the persona, and what it has to know of the line."""
    return f"{persona}\n\n{languages.rules(language)}"


def test_the_files_are_the_words(folder: Path, kept: Path) -> None:
    assert read_words(folder, "en", kept) == Words(told("persona one"), "greeting one", "goodbye one")


def test_an_edited_file_is_used_for_the_next_call(folder: Path, kept: Path) -> None:
    read_words(folder, "en", kept)
    (folder / "greeting.md").write_text("greeting two")
    assert read_words(folder, "en", kept).greeting == "greeting two"


def test_an_editors_marks_are_not_spoken(folder: Path, kept: Path) -> None:
    (folder / "greeting.md").write_bytes("\ufeffHello.\r\nWelcome.\r\n".encode())
    assert read_words(folder, "en", kept).greeting == "Hello.\nWelcome."


def test_front_matter_and_comments_are_neither_spoken_nor_for_the_model(folder: Path, kept: Path) -> None:
    (folder / "greeting.md").write_text("---\ntitle: Greeting\n---\nHello.<!-- warmly -->\n")
    (folder / "persona.md").write_text("<!-- reviewed in May -->\nBe brief.\n")
    words = read_words(folder, "en", kept)
    assert (words.persona, words.greeting) == (told("Be brief."), "Hello.")


BROKEN = {
    "only notes": (b"<!-- to be written -->\n", "is empty"),
    "a comment without an end": (b"Hello.\n<!-- to be", "line 2 begins a comment that does not end"),
    "missing": (None, "cannot be read (No such file or directory)"),
    "empty": (b" \n\n", "is empty"),
    "not UTF-8": (b"Gr\xfc\xdf Gott", "line 1 is not UTF-8 at byte 2"),
    "too large": (b"a" * (LARGEST + 1), f"has {LARGEST + 1} bytes, but at most {LARGEST} are read"),
}


def break_(file: Path, content: bytes | None) -> None:
    file.unlink()
    if content is not None:
        file.write_bytes(content)


@pytest.mark.parametrize(("content", "problem"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_keeps_the_last_good_version_and_says_why(
    folder: Path, kept: Path, caplog: pytest.LogCaptureFixture, content: bytes | None, problem: str
) -> None:
    read_words(folder, "en", kept)
    (folder / "persona.md").write_text("persona two")
    read_words(folder, "en", kept)
    break_(folder / "persona.md", content)
    assert read_words(folder, "en", kept) == Words(told("persona two"), "greeting one", "goodbye one")
    [record] = caplog.records
    assert record.levelno == logging.ERROR
    assert record.getMessage().startswith("lines/coffee/persona.md ")
    assert problem in record.getMessage()


@pytest.mark.parametrize(("content", "problem"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_a_problem_at_the_start(folder: Path, content: bytes | None, problem: str) -> None:
    assert problems(folder) == []
    break_(folder / "greeting.md", content)
    [found] = problems(folder)
    assert found.startswith("lines/coffee/greeting.md ")
    assert problem in found


def test_an_english_persona_is_followed_by_a_hint_at_the_keypad_and_nothing_else() -> None:
    assert "(keys pressed) 1 2 3 4" in languages.rules("en")
    assert len(languages.rules("en").splitlines()) == 1


@pytest.mark.parametrize("language", languages.known())
def test_a_language_that_is_shipped_has_words_of_its_own(language: str, kept: Path) -> None:
    example = ROOT / "agent/example"
    words = read_words(example / "coffee" if language == "en" else example / "translations" / language, language, kept)
    english = read_words(example / "coffee", "en", kept)
    assert language == "en" or not {words.greeting, words.goodbye} & {english.greeting, english.goodbye}
    assert "(keys pressed) 1 2 3 4" in words.persona
    for spoken in (words.greeting, words.goodbye):
        assert not set(spoken) & set("*#`_[]<>|0123456789")
