"""The people of a line, as its owner writes them."""

import pytest

from agent.lines.line import parse
from agent.storage.live_file import FileError

TWO = """
[[people]]
name = "Anna"
number = "+12025550111"
when = "Complaints."

[[people]]
name = "the kitchen"
number = "100"
when = "Questions on dishes."
kind = "cold"
"""


def test_people_are_a_list_and_what_is_left_out_has_its_default() -> None:
    anna, kitchen = parse(TWO, "coffee", {}).people
    assert (anna.name, anna.number, anna.when, anna.kind) == ("Anna", "+12025550111", "Complaints.", "warm")
    assert (anna.when_closed, anna.ringing, anna.is_given) == (False, 25, False)
    assert (kitchen.number, kitchen.kind) == ("100", "cold")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (('"100"', '"112"'), "row 9 has people.number = '112', which is an emergency number"),
        (('"100"', '"call me maybe"'), "row 9 has people.number = 'call me maybe', which should be a number with its"),
        (('"+12025550111"', '"tel:+12025550111"'), "row 4 has people.number = 'tel:+12025550111', which should be"),
        (('when = "Questions on dishes."\n', ""), "row 7 has no people.when, which people needs"),
        (('"the kitchen"', '"anna"'), "row 2 has people in which 'Anna' is the name of two people"),
        (('"cold"', '"hot"'), "row 11 has people.kind = 'hot', which should be 'warm' or 'cold'"),
        (("kind =", "kinds ="), "row 11 has people.kinds, which is not a setting; did you mean people.kind?"),
        (('"Complaints."', '"Complaints.\\nAnd more."'), "which should be one row of text"),
        (('kind = "cold"', "ringing = 600"), "row 11 has people.ringing = 600, which should be less than or equal"),
        (('kind = "cold"', 'monday = ["9-5"]'), "row 11 has people.monday = '9-5', which should be a time of day"),
    ],
)
def test_a_mistake_is_told_with_its_place(change: tuple[str, str], told: str) -> None:
    with pytest.raises(FileError) as error:
        parse(TWO.replace(*change), "coffee", {})
    assert told in str(error.value)


def test_people_that_are_no_list_of_tables_are_refused() -> None:
    with pytest.raises(FileError, match=r"should be tables: write \[\[people\]\]"):
        parse("people = 3", "coffee", {})
