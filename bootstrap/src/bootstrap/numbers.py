"""Phone numbers in E.164 (+ and 7 to 15 digits), as the trunk compares them.

LiveKit drops spaces, hyphens and brackets before it compares, and nothing else: a number with a dot or a letter
in it is stored without complaint and never matches a call. Whatever LiveKit would not normalise is an error here.
"""

import re
from collections.abc import Sequence

from bootstrap.text import check_text, parse_entries, parse_list, quote

MOST = 1000
EXAMPLE = "write it like +12025550100"
E164 = re.compile(r"\+[1-9][0-9]{6,14}")
TRUNK_ZERO = re.compile(r"\( *0 *\)")  # as in +44 (0)20 7946 0958; in Italy, the zero belongs to the number
ROUNDED = re.compile(r"[0-9]+(?:[.,][0-9]+)?E\+?[0-9]+", re.IGNORECASE)


def parse(text: str) -> tuple[str, ...]:
    """Parse comma-separated numbers into E.164, in the order given."""
    return parse_list(text, MOST, parse_one)


def parse_all(entries: Sequence[str]) -> tuple[str, ...]:
    """Parse numbers into E.164, in the order given."""
    return parse_entries(entries, MOST, lambda entry: parse_one(check_text(entry)))


def parse_one(entry: str) -> str:
    if TRUNK_ZERO.search(entry):
        raise ValueError(f"{quote(entry)} holds a zero in brackets; write the number as it is dialled from abroad")
    number = strip_punctuation(entry)
    if not E164.fullmatch(number):
        raise ValueError(f"{quote(entry)} {explain(number)}; {EXAMPLE}")
    return number


def strip_punctuation(number: str) -> str:
    """Drop what LiveKit ignores when it compares numbers."""
    return re.sub(r"[ \-()]", "", number)


def explain(number: str) -> str:
    """Say why `number`, already without spaces, hyphens and brackets, is not E.164."""
    digits = number.removeprefix("+")
    if not number:
        return "is an empty entry (a comma too many?)"
    if ROUNDED.fullmatch(number):
        return "has been rounded by a spreadsheet (enter all its digits)"
    if number.startswith("tel:"):
        return "begins with tel:"
    if ";" in number or "+" in digits:
        return "is more than one number, or a number with parameters (separate numbers with commas)"
    if strange := re.search(r"[^0-9]", digits):
        return f"holds {strange[0]!a}, which is not a digit 0-9"
    if number.startswith("00"):
        return "begins with 00 instead of +"
    if not number.startswith("+"):
        return "has no + and country code"
    if digits.startswith("0"):
        return "has a country code that begins with 0"
    return f"has {len(digits)} digits instead of 7 to 15"
