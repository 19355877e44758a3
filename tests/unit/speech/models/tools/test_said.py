"""The caller's words as a pattern: what can be copied from them, and that nothing else can."""

import re

import pytest

from speech.models.tools.said import numbers_in, pattern_of

SAID = ("I want a table.", "Tom O'Neil, at 7 (or eight). Press one two pound!")


@pytest.mark.parametrize("value", ["a table", "Tom O'Neil", "Tom O'Neil, at 7", "eight). Press one", "12#", "7812#"])
def test_words_that_follow_one_another_can_be_copied(value: str) -> None:
    assert re.search(pattern_of(SAID), value)


@pytest.mark.parametrize("value", ["", "Tom Neil", "table. Tom", "a table.", "13#", "ton", "Jack White"])
def test_nothing_else_can_be_written(value: str) -> None:
    assert not re.search(pattern_of(SAID), value)


def test_who_has_said_nothing_can_be_quoted_with_nothing() -> None:
    assert re.search(pattern_of([]), "")
    assert not re.search(pattern_of([]), "a")


def test_a_long_text_makes_no_endless_pattern() -> None:
    said = " ".join(f"word{number}" for number in range(400))
    pattern = pattern_of([said])
    assert len(pattern) < 200_000
    assert re.search(pattern, "word398 word399")


def test_numbers_are_understood_in_digits_and_in_words() -> None:
    assert numbers_in(["A table for four, at 19.", "No, for Twelve!"]) == [4, 12, 19]
