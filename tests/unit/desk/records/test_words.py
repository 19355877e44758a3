"""What is typed into the search box."""

from __future__ import annotations

import pytest

from desk.records.words import asked_for, digits_of


@pytest.mark.parametrize(
    "written",
    [
        "+12025550123",
        "+1 (202) 555-0123",
        "001 202 555 0123",
        "1.202.555.0123",
        "+1\u2011202\u2011555\u20110123",
        "+" + "".join(chr(0xFF10 + int(digit)) for digit in "12025550123"),
    ],
)
def test_a_whole_number_in_any_form(written: str) -> None:
    assert digits_of(written) == "12025550123"
    assert asked_for(written) == (["12025550123"], [])


@pytest.mark.parametrize("written", ["(202) 555-0123", "202/555 0123", "0202 555 0123"])
def test_a_national_number_in_any_form(written: str) -> None:
    assert asked_for(written) == (["2025550123"], [])


def test_a_zero_in_parentheses_is_not_dialled() -> None:
    assert digits_of("+49 (0) 30 123456") == "4930123456"
    assert digits_of("030 / 123456") == "30123456"


def test_words_and_numbers_together() -> None:
    assert asked_for('Ada +1 202 555-0123 "roast') == (["12025550123"], ["ada", "roast"])


def test_few_digits_are_a_word() -> None:
    assert asked_for("42") == ([], ["42"])
    assert asked_for("table for 4") == ([], ["table", "for", "4"])


def test_no_words_at_all() -> None:
    assert asked_for('"*" () !') == ([], [])
