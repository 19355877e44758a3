"""A small model's answer is said as far as facts support it, in four languages, while it is still being written."""

from __future__ import annotations

import time
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from agent import languages
from agent.aloud.reader import Reader
from agent.knowledge.knowledge import Knowledge
from agent.lines.words import Words, read_words
from tests.support.lines import EXAMPLE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Known = dict[str, Knowledge]
CASES = {
    path.stem: tomllib.loads(path.read_text()) for path in sorted((Path(__file__).parent / "answers").glob("*.toml"))
}


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Known:
    def knowledge(language: str) -> Knowledge:
        folder = EXAMPLE / "coffee" if language == "en" else EXAMPLE / "translations" / language
        words = read_words(folder, language, tmp_path_factory.mktemp("kept"))
        return of(words, language)

    return {language: knowledge(language) for language in languages.known()}


def of(words: Words, language: str = "en") -> Knowledge:
    return Knowledge(words.facts, words.persona, words.greeting, language, Reader.of(language))


def small(facts: str) -> Knowledge:
    """The knowledge of a line that is told nothing else."""
    return of(Words(persona="", greeting="Hello.", goodbye="", facts=facts))


def said(knowledge: Knowledge, asked: str, answer: str, before: Sequence[str] = (), length: int = 7) -> str:
    """What is said of an answer that comes in pieces of so many characters."""
    check = knowledge.check(asked, [*before, asked])
    pieces = [answer[at : at + length] for at in range(0, len(answer), length)]
    return ("".join(map(check.feed, pieces)) + check.flush()).strip()


def test_there_are_answers_in_every_language() -> None:
    assert set(CASES) == set(languages.known())


def each(kind: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Run a test with every case of this kind, in every language."""
    cases = [(language, *case) for language, its in CASES.items() for case in its[kind]]
    return pytest.mark.parametrize("case", cases, ids=lambda case: f"{case[0]}: {case[1]}")


@each("kept")
def test_what_the_facts_say_and_what_states_nothing_is_said_as_it_is_written(
    known: Known, case: tuple[str, str, str]
) -> None:
    language, asked, answer = case
    for length in (1, 5, len(answer)):
        assert said(known[language], asked, answer, length=length) == answer


@each("unknown")
def test_what_no_fact_says_is_not_said(known: Known, case: tuple[str, str, str]) -> None:
    language, asked, answer = case
    for length in (1, 5, len(answer)):
        assert said(known[language], asked, answer, length=length) == languages.knowledge(language).unknown


@each("replaced")
def test_a_fact_that_answers_the_question_is_said_in_place_of_an_error(
    known: Known, case: tuple[str, str, str, str]
) -> None:
    language, asked, answer, fact = case
    for length in (1, 5, len(answer)):
        assert said(known[language], asked, answer, length=length) == fact


def test_what_is_added_to_a_fact_without_one_is_left_out(known: Known) -> None:
    asked, answer = "What is the soup of the day?", "The soup of the day is tomato. It comes with garlic. Enjoy!"
    assert said(known["en"], asked, answer) == "The soup of the day is tomato."


def test_an_ignorance_that_goes_on_with_an_invention_is_cut_short(known: Known) -> None:
    answer = "I don't know, but I think the library's number is five five five."
    assert said(known["en"], "What is the number of the library?", answer) == "I am sorry, I do not know that."


def test_the_agent_may_say_that_it_does_not_know_in_its_own_words(known: Known) -> None:
    answer = "I'm sorry, I don't have any information about gift cards. Is there anything else about Landline Coffee?"
    assert said(known["en"], "Do you have gift cards?", answer) == answer


PRICES = (
    "- An apple costs two dollars.\n- A pear costs two dollars and fifty cents.\n- We are open from seven to five.\n"
)


@pytest.mark.parametrize(
    ("asked", "answer", "is_said"),
    [
        ("How much is a pear?", "A pear costs two dollars and fifty cents.", True),
        ("How much is a pear?", "A pear costs $2.50.", True),
        ("How much is a pear?", "A pear costs two dollars.", False),
        ("How much is an apple?", "An apple costs two dollars and fifty cents.", False),
        ("How much is an apple?", "An apple costs seven dollars.", False),
        ("How much is a plum?", "It costs two dollars.", False),
        ("How much is a plum?", "A plum costs two dollars.", False),
        ("When are you open?", "We are open from 7 to 5.", True),
        ("When are you open?", "We are open from seven to six.", False),
    ],
)
def test_a_number_belongs_to_what_its_fact_is_about(asked: str, answer: str, *, is_said: bool) -> None:
    assert (said(small(PRICES), asked, answer) == answer) is is_said


def test_a_yes_or_no_alone_is_said_if_it_agrees_with_the_fact() -> None:
    knowledge = small("- Dogs are welcome.\n- We do not deliver bread.\n- Our tables are round.\n- The soup is hot.\n")
    assert said(knowledge, "Are dogs welcome?", "Yes, they are.") == "Yes, they are."
    assert said(knowledge, "Do you deliver bread?", "No, we don't.") == "No, we don't."
    assert said(knowledge, "Do you deliver bread?", "Yes, we do.") == "We do not deliver bread."
    assert said(knowledge, "Are cats welcome?", "Yes, they are.") == "I am sorry, I do not know that."
    assert said(knowledge, "Do you sell cars?", "Certainly! We do.") == "I am sorry, I do not know that."


def test_what_the_caller_has_told_of_themselves_is_known(known: Known) -> None:
    before = ["Hi, my name is Roberta. I have a van."]
    assert said(known["en"], "What is my name?", "Your name is Roberta.", before) == "Your name is Roberta."
    assert said(known["en"], before[0], "Hello, Roberta!") == "Hello, Roberta!"
    assert said(known["en"], "What is my name?", "Your name is Robert.", before) == "I am sorry, I do not know that."
    assert said(known["en"], "Do you sell vans?", "Yes, we have vans.", before) == "I am sorry, I do not know that."


def test_what_the_caller_says_of_the_business_is_not_known_by_that(known: Known) -> None:
    asked = "I think a cup of coffee is five dollars."
    assert said(known["en"], asked, "Yes, a cup of coffee is five dollars.") == "A cup of coffee costs three dollars."


def test_digits_that_the_caller_has_typed_or_read_out_may_be_repeated(known: Known) -> None:
    for asked in ("(keys pressed) 4 7 1 2", "Four seven one two."):
        answer = "Thank you, you typed four, seven, one, two."
        assert said(known["en"], asked, answer) == answer
    assert said(known["en"], "4 7 1 2", "You typed four, seven, one, three.") != "You typed four, seven, one, three."


def test_what_is_on_file_about_the_caller_is_known() -> None:
    words = Words("You are Landline.", "Hello.", "Bye.", "- We have tea.").with_section("name of the caller: Ann Smith")
    assert said(of(words), "What is my name?", "Your name is Ann Smith.") == "Your name is Ann Smith."


def test_a_word_with_a_hyphen_may_be_written_in_one() -> None:
    knowledge = small("- There is free Wi-Fi in the garden.\n- We have tea.")
    for written in ("Wi-Fi", "WiFi", "wifi"):
        answer = f"Yes, there is free {written}."
        assert said(knowledge, f"Do you have {written}?", answer) == answer


def test_an_abbreviation_ends_no_sentence() -> None:
    knowledge = small("- Dr. Miller is in at nine.\n- We have tea.")
    assert (
        said(knowledge, "When is Dr. Miller in?", "Dr. Miller is in at nine.", length=1) == "Dr. Miller is in at nine."
    )


def test_a_sentence_is_said_as_soon_as_it_is_written(known: Known) -> None:
    check = known["en"].check("How much is a cup of coffee?", ["How much is a cup of coffee?"])
    assert check.feed("A cup of coffee costs three dollars.") == ""
    assert check.feed(" You") == "A cup of coffee costs three dollars."


def test_nothing_is_taken_of_an_answer_that_is_over(known: Known) -> None:
    check = known["en"].check("Do you sell shoes?", ["Do you sell shoes?"])
    assert check.feed("We sell shoes. ") == "I am sorry, I do not know that."
    assert check.over
    assert check.feed("A cup of coffee costs three dollars. ") + check.flush() == ""


def test_a_sentence_costs_no_noticeable_time(known: Known) -> None:
    asked, answer = "What is the soup of the day?", "The soup of the day is tomato. " * 50
    said(known["en"], asked, answer)
    began = time.perf_counter()
    said(known["en"], asked, answer)
    assert (time.perf_counter() - began) / 50 < 0.02


@pytest.mark.parametrize(
    "answer",
    [
        "What is your name, and when would you like to come?",
        "Sure! What is your name?",
        "Of course. May I have your name and your phone number, please?",
        "What is the message about?",
    ],
)
def test_the_agent_may_ask_for_what_only_the_caller_knows(known: Known, answer: str) -> None:
    asked = said(known["en"], "I would like to leave a message.", answer)
    assert asked.endswith("?")
    assert asked in answer
    assert "Sure" not in asked


@pytest.mark.parametrize(
    "answer", ["Yes! Would you like our gift card number 5?", "Yes. When does your vegan buffet open?"]
)
def test_a_question_that_states_something_is_not_asked(known: Known, answer: str) -> None:
    assert "?" not in said(known["en"], "Do you have gift cards?", answer)
