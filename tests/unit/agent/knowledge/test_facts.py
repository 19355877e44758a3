"""Rows of a Markdown file are facts, and a question finds the one that it is about."""

from __future__ import annotations

import pytest

from agent.aloud.reader import Reader
from agent.knowledge.facts import Facts, rows
from agent.knowledge.terms import Language

TEXT = """\
# The shop

We are at two Mill Lane,
next to the bridge.

## Prices
- An apple costs two dollars.
- A pear costs three dollars,
  and a large one four.
1. Nuts are sold by the pound.
"""


def language() -> Language:
    return Language("en", Reader.of("en"))


def test_a_row_of_a_list_and_a_paragraph_are_facts_under_their_heading() -> None:
    assert list(rows(TEXT)) == [
        ("The shop", "We are at two Mill Lane, next to the bridge."),
        ("Prices", "An apple costs two dollars."),
        ("Prices", "A pear costs three dollars, and a large one four."),
        ("Prices", "Nuts are sold by the pound."),
    ]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("How much are pears?", "A pear costs three dollars, and a large one four."),
        ("Do you have nuts?", "Nuts are sold by the pound."),
        ("Could you tell me whether there is a bridge near you?", "We are at two Mill Lane, next to the bridge."),
        ("How much is a plum?", None),
        ("Who won the cup?", None),
        ("Hello?", None),
    ],
)
def test_the_fact_that_answers_a_question_is_found_if_there_is_one(asked: str, found: str | None) -> None:
    words = language()
    facts, asked_terms = Facts(TEXT, "", words), words.terms(asked)
    fact = facts.best(asked_terms, words.terms(""), frozenset(asked_terms.stems))
    assert (fact and fact.text) == found


def test_what_only_the_persona_says_is_no_answer() -> None:
    words = language()
    asked = words.terms("Are you brief?")
    assert Facts(TEXT, "- Be brief.", words).best(asked, words.terms(""), frozenset()) is None


def test_numbers_are_the_same_in_digits_and_in_words() -> None:
    words = language()
    assert words.terms("It costs $3.50.").stems == words.terms("It costs three dollars and fifty cents.").stems
    assert words.terms("From 7 to 18").amounts == {("seven",), ("eighteen",)}
    assert words.terms("three dollars and fifty cents").amounts == {("three", "fifty")}
