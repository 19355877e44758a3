"""Numbers as people and their spreadsheets write them: one form where it is certain what is meant, else the cure."""

import pytest

from agent.admission.caller_id import identify
from agent.admission.written_number import country_of, read_number, read_prefix
from tests.unit.agent.fakes import host, line

LONDON, BERLIN, WASHINGTON, ROME = "+442079460958", "+4930123456", "+12025550123", "+390612345678"

TAKEN = {
    "+44 (0)20 7946 0958": (None, LONDON),
    "+44(0)20-7946-0958": (None, LONDON),
    "+44 [0] 20 7946 0958": (None, LONDON),
    "+44 020 7946 0958": (None, LONDON),
    "+49 (0) 30/123456": (None, BERLIN),
    "+370 8 612 34567": (None, "+37061234567"),  # whose trunk prefix was 8
    "+1 1 202 555 0123": (None, WASHINGTON),
    "0049 (0)30 123456": (None, BERLIN),
    "+39 (0)6 1234 5678": (None, ROME),  # whose zero belongs to the number
    "+39 06 1234 5678": (None, ROME),
    "0044 20 7946 0958": (None, LONDON),
    "00442079460958": ("US", LONDON),
    "011 44 20 7946 0958": ("US", LONDON),
    "020 7946 0958": ("GB", LONDON),
    "2079460958": ("GB", LONDON),  # a spreadsheet has dropped the zero
    "442079460958": ("GB", LONDON),  # or the plus
    "030/123456": ("DE", BERLIN),
    "06 1234 5678": ("IT", ROME),
    "2025550123": ("US", WASHINGTON),
    "1-202-555-0123": ("US", WASHINGTON),
    "12025550123": ("DE", WASHINGTON),
    "659 234 5678": ("US", "+16592345678"),  # as Alabama writes it, though +65 9234 5678 is in Singapore
    "+1.202.555.0123": (None, WASHINGTON),
    "+1\u00a0202\u202f555\u20110123": (None, WASHINGTON),
    "\u202a+1 202 555 0123\u202c": (None, WASHINGTON),  # copied from an address book
    "+\u0661 \u0662\u0660\u0662 555 0123": (None, WASHINGTON),
    "+49 30/123456": (None, BERLIN),
    "\uff0b\uff11 202 555 0123": (None, WASHINGTON),
    "'+12025550123": (None, WASHINGTON),
    '="+12025550123"': (None, WASHINGTON),
    "=+12025550123": (None, WASHINGTON),
    "tel:+1-202-555-0123": (None, WASHINGTON),
    "+15555550123": (None, "+15555550123"),  # in no directory, but make call's own
}


@pytest.mark.parametrize("written", TAKEN)
def test_a_number_is_taken_if_it_is_certain_which_one_is_meant(written: str) -> None:
    country, number = TAKEN[written]
    assert read_number(written, country) == number


@pytest.mark.parametrize("number", [number for _, number in TAKEN.values()])
def test_a_caller_with_that_number_has_the_same_form(number: str) -> None:
    assert identify(number, "US").number == number


COUNTRY, SPREADSHEET = "write it with its country code, as +12025550123", "a spreadsheet has changed it, so format the"
REFUSED = {
    "1.20E+10": (SPREADSHEET, "'1.20…'"),
    "1,20E+10": (SPREADSHEET, "'1,20…'"),
    "1.2E+10": (SPREADSHEET, "'1.2E…'"),
    "1.2025550123e10": (SPREADSHEET, "'1.20…'"),
    "'4.42E+11": (SPREADSHEET, "'4.42…'"),
    "12025550123.0": (SPREADSHEET, "'1202…'"),
    "-879": (SPREADSHEET, "'-879'"),  # +1-202-555-0123 as a formula
    "########": (SPREADSHEET, "'####…'"),
    "#NAME?": (SPREADSHEET, "'#NAM…'"),
    "+12025550123/124": (COUNTRY, "'+120…'"),
    "+12025550123 / +12025550124": ("give each number a row of its own", "'+120…'"),
    "+1 202 555 0123 ext. 4": ("leave out the extension", "something else"),
    "+1 202 555 0123 x4": ("leave out the extension", "something else"),
    "17012345678": (COUNTRY, "'1701…'"),  # a German mobile without its zero, or one in North Dakota without its plus
    "+1 (0)202 555 0123": (COUNTRY, "'+1 (…'"),
    "+999 12345678": (COUNTRY, "'+999…'"),
    "+1 202 555 CALL": (COUNTRY, "something else"),
    "Ann +12025550123": (COUNTRY, "something else"),
    "+": (COUNTRY, "'+'"),
    "\u200b": (COUNTRY, r"'\u200b'"),
}


@pytest.mark.parametrize("written", REFUSED)
def test_a_number_is_refused_with_its_cure_and_not_shown_whole(written: str) -> None:
    cure, shown = REFUSED[written]
    with pytest.raises(ValueError, match=" where a number is expected: ") as refused:
        read_number(written, "DE")
    assert str(refused.value).startswith(f"{shown} where a number is expected: {cure}")


def test_a_number_without_its_country_has_to_be_one_of_a_known_country() -> None:
    with pytest.raises(ValueError, match="'2025…' where a number is expected: write it with its country code"):
        read_number("20255501", "US")  # has too few digits
    for written in ("2025550123", "020 7946 0958", "442079460958"):
        with pytest.raises(ValueError, match="country code"):
            read_number(written, None)


@pytest.mark.parametrize(
    ("written", "country", "prefix"),
    [
        ("+1900*", None, "+1900"),
        ("001 900*", None, "+1900"),
        ("'+1 (900)*", None, "+1900"),
        ("0900*", "DE", "+49900"),
        ("09 00*", "GB", "+44900"),
        ("1-900*", "US", "+1900"),
        ("+4*", "DE", "+4"),
    ],
)
def test_the_beginning_of_numbers_is_taken_likewise(written: str, country: str | None, prefix: str) -> None:
    assert read_prefix(written, country) == prefix


@pytest.mark.parametrize(("written", "country"), [("0900*", None), ("900*", "US"), ("0*", "DE"), ("+44 (0)20*", "GB"),
                                                  ("1.2E+10*", "US"), ("+*", "US")])  # fmt: skip
def test_a_beginning_is_refused_with_its_cure(written: str, country: str | None) -> None:
    with pytest.raises(ValueError, match=r"where the beginning of numbers is expected: write it as \+1900\*"):
        read_prefix(written, country)


@pytest.mark.parametrize(
    ("numbers", "phone_numbers", "country"),
    [
        ([], "+12025550100", "US"),
        ([], "+4930123456,+49891234567", "DE"),
        ([], "+4930123456, +12025550100", None),
        ([], "100", None),
        (["+442079460958"], "+12025550100", "GB"),
        (["+442079460958", "+441534456789"], "+12025550100", "GB"),  # Jersey has Britain's country code
        (["+80012345678"], "+12025550100", None),
    ],
)
def test_a_lines_country_is_that_of_all_the_numbers_it_answers(
    numbers: list[str], phone_numbers: str, country: str | None
) -> None:
    assert country_of(line(numbers=numbers), host(phone_numbers=phone_numbers)) == country
