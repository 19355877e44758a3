"""The Markdown files: read for each call, checked at the start, and never the end of a line that works."""

import logging
import re
from itertools import pairwise
from pathlib import Path

import pytest

from agent import languages
from agent.lines.words import LARGEST, LARGEST_FACTS, LARGEST_SEARCHED, Words, read_words, word_files
from tests.support.house import ROOT
from tests.support.lines import EXAMPLE, abilities


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
    "a comment without an end": (b"Hello.\n<!-- to be", "row 2 begins a comment that does not end"),
    "missing": (None, "cannot be read (No such file or directory)"),
    "empty": (b" \n\n", "is empty"),
    "not UTF-8": (b"Gr\xfc\xdf Gott", "row 1 is not UTF-8 at byte 2"),
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


@pytest.fixture
def facts(folder: Path) -> Path:
    facts = folder / "facts"
    facts.mkdir()
    (facts / "menu.md").write_text("---\ntitle: Menu\n---\n<!-- May -->\n- We have tea.\n")
    (facts / "address.md").write_text("- We are at two Mill Lane.\n")
    return facts


def test_all_facts_are_told_to_the_model_before_the_rules_of_the_language(
    folder: Path, facts: Path, kept: Path
) -> None:
    words = read_words(folder, "en", kept)
    assert words.facts == "- We are at two Mill Lane.\n\n- We have tea."
    told = languages.knowledge("en").told.strip()
    assert "from these facts only" in told
    assert words.persona == f"persona one\n\n{told}\n\n{words.facts}\n\n{languages.rules('en')}"


def test_a_line_without_facts_is_told_nothing_of_them(folder: Path, facts: Path, kept: Path) -> None:
    for file in facts.iterdir():
        file.write_text("")
    assert read_words(folder, "en", kept) == Words(told("persona one"), "greeting one", "goodbye one")
    assert problems(folder) == []


def test_an_edited_fact_is_used_for_the_next_call_and_a_deleted_one_is_not(
    folder: Path, facts: Path, kept: Path
) -> None:
    read_words(folder, "en", kept)
    (facts / "menu.md").write_text("We have coffee.")
    (facts / "address.md").unlink()
    assert read_words(folder, "en", kept).facts == "We have coffee."


BROKEN_FACTS = {
    "a comment without an end": b"We have tea. <!-- no",
    "not UTF-8": b"Gr\xfc\xdf Gott",
    "too large": b"a" * (LARGEST_SEARCHED + 1),
}


@pytest.mark.parametrize("content", BROKEN_FACTS.values(), ids=BROKEN_FACTS)
def test_broken_facts_keep_their_last_good_version_and_are_left_out_if_there_is_none(
    folder: Path, facts: Path, kept: Path, caplog: pytest.LogCaptureFixture, content: bytes
) -> None:
    read_words(folder, "en", kept)
    (facts / "menu.md").write_bytes(content)
    (facts / "new.md").write_bytes(content)
    assert read_words(folder, "en", kept).facts == "- We are at two Mill Lane.\n\n- We have tea."
    first, second = (record.getMessage() for record in caplog.records)
    assert (first.split()[0], second.split()[0]) == ("lines/coffee/facts/menu.md", "lines/coffee/facts/new.md")
    assert first.endswith("the last good version is used")
    assert second.endswith("its facts are left out")
    assert {problem.split()[0] for problem in problems(folder)} == {first.split()[0], second.split()[0]}


def test_more_facts_than_can_be_searched_are_refused_with_the_file_that_is_too_much(folder: Path, facts: Path) -> None:
    for name in ("a", "b", "c"):
        (facts / f"{name}.md").write_text("a" * (LARGEST_SEARCHED // 2 - 100))
    [problem] = [problem for problem in problems(folder) if "/c.md" in problem]
    assert problem.startswith("lines/coffee/facts/c.md makes the facts of this line longer than 1048576 bytes")
    assert not [problem for problem in problems(folder) if "/a.md" in problem or "/b.md" in problem]


def test_the_largest_facts_are_searched_if_all_together_are_too_many_for_a_model(
    folder: Path, facts: Path, kept: Path
) -> None:
    large, larger = "- Large. " * (LARGEST_FACTS // 18 + 10), "- Larger. " * (LARGEST_FACTS // 18 + 10)
    (facts / "catalog.md").write_text(larger)
    words = read_words(folder, "en", kept)
    assert words.searched == ""  # one of them still fits
    (facts / "archive.md").write_text(large)
    words = read_words(folder, "en", kept)
    assert words.searched == larger.strip()
    assert words.facts == f"- We are at two Mill Lane.\n\n{large.strip()}\n\n- We have tea."
    assert "Larger" not in words.persona
    assert problems(folder) == []


def test_what_an_editor_leaves_beside_a_file_of_facts_is_none(folder: Path, facts: Path, kept: Path) -> None:
    for name in ("menu.md~", ".menu.md", "#menu.md#", "menu.txt"):
        (facts / name).write_text("We have beer.")
    assert "beer" not in read_words(folder, "en", kept).persona


@pytest.mark.parametrize("language", languages.known())
def test_the_example_has_the_same_facts_in_every_language(language: str, kept: Path) -> None:
    example = ROOT / "agent/example"
    folder = example / "coffee" if language == "en" else example / "translations" / language
    rows = read_words(folder, language, kept).facts.splitlines()
    english = read_words(example / "coffee", "en", kept).facts.splitlines()
    assert len(rows) == len(english) > 40
    assert language == "en" or not set(filter(None, rows)) & set(english)


HOURS = {  # as callers hear them: seven, nine, four in the afternoon and six in the evening
    "en": ("seven", "nine", "four", "six"),
    "de": ("sieben", "neun", "sechzehn", "achtzehn"),
    "es": ("siete", "nueve", "cuatro", "seis"),
    "fr": ("sept", "neuf", "seize", "dix-huit"),
}


@pytest.mark.parametrize("language", languages.known())
def test_the_examples_facts_say_the_hours_and_the_length_of_a_booking_that_its_settings_have(
    language: str, kept: Path
) -> None:
    seven, nine, four, six = (rf"\b{word}\b" for word in HOURS[language])
    folder = EXAMPLE / "coffee" if language == "en" else EXAMPLE / "translations" / language
    rows = read_words(folder, language, kept).facts.splitlines()
    weekdays, weekend = next((row, then) for row, then in pairwise(rows) if re.search(f"{seven}.*{six}", row))
    assert re.search(f"{nine}.*{four}", weekend), weekdays
    hours = abilities()["hours"]
    assert {*map(tuple, [hours[day] for day in ("monday", "tuesday", "wednesday", "thursday", "friday")])} == {
        ("07:00-18:00",)
    }
    assert hours["saturday"] == hours["sunday"] == ["09:00-16:00"]
    assert hours["days_off"] == ["12-25", "01-01"]  # "closed on Christmas Day and on New Year's Day"
    assert abilities()["appointments"]["table"]["length"] == 60  # "for one hour"
