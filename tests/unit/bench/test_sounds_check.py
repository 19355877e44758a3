"""Word errors where one writes figures and the other spells."""

import pytest

from tests.bench.sounds.check.words import errors


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("My number is five five five, zero one two.", "My number is 555-012."),
        ("It's Friday the twenty third of June.", "It's Friday, the 23rd of June."),
        ("We arrive on Monday the eleventh.", "We arrive on Monday, the 11th."),
        ("That's spelled M, O, O, R, E.", "That's spelled M-O-O-R-E."),
        ("My name is, um, Sarah.", "My name is Sarah."),
        ("It's K, A, T, H.", "It's KATH."),
        ("in two thousand and nineteen", "in two thousand nineteen"),
    ],
)
def test_the_same_words_written_otherwise_are_no_errors(said: str, heard: str) -> None:
    assert errors(said, heard)[0] == 0


@pytest.mark.parametrize(
    ("said", "heard", "wrong"),
    [
        ("a table for four people", "a table for five people", 1),
        ("a table for four people", "table for four people", 1),
        ("a table for four people", "a table for four nice people", 1),
        ("my code is nine nine one", "my code is 981", 1),
        ("hello", "", 1),
    ],
)
def test_other_words_are_errors(said: str, heard: str, wrong: int) -> None:
    assert errors(said, heard) == (wrong, len(said.split()))
