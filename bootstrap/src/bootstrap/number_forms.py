"""How carriers write a called number. LiveKit compares what a trunk has with the user part of the To header.

It compares text, except that it drops spaces, hyphens and brackets from a number, and puts a + in front of it.
"""

import re
from collections.abc import Callable, Mapping, Sequence

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, national_significant_number

from bootstrap.numbers import strip_punctuation
from bootstrap.text import check_text, parse_entries, quote

MOST = 100
EXAMPLE = "write what the carrier sends before the @ of the To header, such as 2025550100 or 100"
NUMBER = re.compile(r"\+?[0-9]+")
WRITTEN_NUMBER = re.compile(r"\+?[0-9\- ()]+")  # what LiveKit takes for a number, and text otherwise
STRANGE = re.compile(r"[^A-Za-z0-9\-_.!~*+=;%]")  # what neither an extension nor a number with parameters has
LONGEST = 64  # characters

# What a trunk provider's file may name in `number_forms`.
FORMS: Mapping[str, Callable[[PhoneNumber], str]] = {
    "international_00": lambda number: f"00{number.country_code}{national_significant_number(number)}",
    "international_011": lambda number: f"011{number.country_code}{national_significant_number(number)}",
    "national": lambda number: re.sub("[^0-9]", "", phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)),
    "national_without_prefix": national_significant_number,
}


def forms_of(number: str, kinds: Sequence[str]) -> list[str]:
    """Write a number in E.164 form as each of these kinds; [] if its country code does not exist."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return []
    return [FORMS[kind](parsed) for kind in kinds]


def parse_all(entries: Sequence[str]) -> tuple[str, ...]:
    """Parse what a line is also dialled as, in the order given."""
    return parse_entries(entries, MOST, lambda entry: parse_one(check_text(entry)))


def parse_one(entry: str) -> str:
    number = strip_punctuation(entry)
    if NUMBER.fullmatch(number):
        return number
    if problem := _problem(entry):
        raise ValueError(f"{quote(entry)} {problem}; {EXAMPLE}")
    return entry


def _problem(entry: str) -> str | None:
    if not entry:
        return "is an empty entry"
    if re.match(r"(tel|sips?):", entry, re.IGNORECASE):
        return "begins with tel: or sip:, which LiveKit does not compare"
    if "@" in entry:
        return "has an @ and a host, which LiveKit does not compare"
    if strange := STRANGE.search(entry):
        return f"holds {strange[0]!a}, which is not part of a number or an extension"
    return f"has {len(entry)} characters; at most {LONGEST} are accepted" if len(entry) > LONGEST else None


def as_compared(form: str) -> str:
    """Return a form as LiveKit compares it: two forms for which this is the same are one."""
    return f"+{strip_punctuation(form).removeprefix('+')}" if WRITTEN_NUMBER.fullmatch(form) else form
