"""How the bench judges what the line has answered."""

from __future__ import annotations

import re

import pytest

from tests.bench.knowledge.by_phone import answers
from tests.bench.knowledge.command import figures
from tests.bench.knowledge.questions import Question, judge, load
from tests.stack.outcome import Outcome

PRICE = Question("How much is a cup of coffee?", r"\bthree dollars")
NOTHING = Question("Do you sell sandwiches?", None)


def test_half_of_sixty_questions_have_an_answer_and_a_third_is_held_out() -> None:
    everything, held_out = load("all"), load("held-out")
    assert (len(everything), len(held_out)) == (60, 20)
    assert sum(question.right is not None for question in everything) == 30
    assert sum(question.right is not None for question in held_out) == 10
    assert len({question.text for question in everything}) == 60
    assert not {question.text for question in load("tuning")} & {question.text for question in held_out}


def test_no_pattern_is_so_wide_that_every_answer_is_right() -> None:
    for question in load("all"):
        assert question.right is None or not re.search(question.right, "i am sorry i cannot tell you that")


@pytest.mark.parametrize(
    ("question", "answer", "is_right"),
    [
        (PRICE, "A cup of coffee costs three dollars.", True),
        (PRICE, "A cup of coffee costs $3.", True),
        (PRICE, "A cup of coffee costs $4.", False),
        (PRICE, "I am sorry, I do not know that.", False),
        (NOTHING, "I am sorry, I do not know that.", True),
        (NOTHING, "I'm sorry, I don't know that.", True),
        (NOTHING, "No, we do not have sandwiches.", False),
        (NOTHING, "", False),
    ],
)
def test_an_answer_is_right_by_what_it_says(question: Question, answer: str, *, is_right: bool) -> None:
    assert judge(question, answer).is_right is is_right


@pytest.mark.parametrize(
    ("question", "answer", "not_told"),
    [
        (PRICE, "A cup of coffee costs three dollars.", []),
        (PRICE, "A cup of coffee costs $9.", ["nine dollars"]),
        (PRICE, "It costs three dollars and fifty cents, from nine to four on Sunday.", []),
        (NOTHING, "Ask Thomas for them, or call Anna Becker.", ["thomas"]),
        (Question("Who won in 1998?", None), "In 1998, it was France.", ["france"]),
        (NOTHING, "We are closed on New Year's Day, as I said.", []),
    ],
)
def test_numbers_and_names_that_nobody_has_told_the_line_are_found(
    question: Question, answer: str, not_told: list[str]
) -> None:
    assert judge(question, answer).not_told == not_told


def test_the_figures_count_each_kind() -> None:
    judged = [judge(PRICE, "Three dollars."), judge(PRICE, "Nine dollars."), judge(NOTHING, "I do not know.")]
    assert figures(judged) == {
        "right by the facts": "1 of 2",
        "honestly not known": "1 of 1",
        "numbers or names to be read": "1 of 3",
    }


def test_an_answer_by_phone_is_what_the_line_said_until_the_next_question() -> None:
    said = [(0.5, "Hello."), (5.0, "It is"), (6.0, "three."), (14.0, "I do not know.")]
    conversation = [{"who": "line", "start": start, "end": start + 1, "text": text} for start, text in said]
    report = {"turns": [{"end": 4.0}, {"end": 12.0}], "conversation": conversation}
    assert answers(Outcome(0, report, ""), 3) == ["It is three.", "I do not know.", ""]
