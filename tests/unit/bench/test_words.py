"""Which words were heard."""

from tests.bench.turns.words import found


def test_words_are_found_whatever_their_case_and_their_commas() -> None:
    assert found("Hi, I'd like a table.", "hi I'd like a TABLE") == [True] * 5


def test_words_that_were_not_heard_are_missing() -> None:
    assert found("hi I would like a table", "like a table, please") == [False] * 3 + [True] * 3


def test_words_count_in_their_order() -> None:
    assert sum(found("one two three", "three two one")) == 1


def test_nothing_heard_is_nothing_found() -> None:
    assert found("one two", "") == [False, False]
