"""How carriers write a called number. LiveKit compares what a trunk has with the user part of the To header.

It compares text, except that it drops spaces, hyphens and brackets from a number, and puts a + in front of it.
"""

import re
from collections.abc import Callable, Mapping, Sequence

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat

from bootstrap.text import check_text, parse_entries, quote

MOST = 100
EXAMPLE = "write what the carrier sends before the @ of the To header, such as 2025550100 or 100"
NUMBER = re.compile(r"\+?[0-9]+")
NAME = re.compile(r"[A-Za-z0-9\-_.!~*+=;%]{1,64}")  # an extension, or a number with parameters: compared as it is


def _format(number: PhoneNumber, form: int) -> str:
    return re.sub(r"[^0-9+]", "", phonenumbers.format_number(number, form))


# What a trunk provider's file may name in `number_forms`.
FORMS: Mapping[str, Callable[[PhoneNumber], str]] = {
    "e164": lambda number: _format(number, PhoneNumberFormat.E164),
    "no_plus": lambda number: _format(number, PhoneNumberFormat.E164).removeprefix("+"),
    "international_00": lambda number: _format(number, PhoneNumberFormat.E164).replace("+", "00"),
    "international_011": lambda number: _format(number, PhoneNumberFormat.E164).replace("+", "011"),
    "national": lambda number: _format(number, PhoneNumberFormat.NATIONAL),  # 2025550100, 030123456
    "national_without_prefix": phonenumbers.national_significant_number,  # 2025550100, 30123456
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
    number = re.sub(r"[ \-()]", "", entry)
    if NUMBER.fullmatch(number):
        return number
    if not NAME.fullmatch(entry):
        raise ValueError(f"{quote(entry)} {_explain(entry)}; {EXAMPLE}")
    return entry


def _explain(entry: str) -> str:
    if not entry:
        return "is an empty entry"
    if re.match(r"(tel|sips?):", entry, re.IGNORECASE):
        return "begins with tel: or sip:, which LiveKit does not compare"
    if "@" in entry:
        return "has an @ and a host, which LiveKit does not compare"
    if strange := re.search(r"[^A-Za-z0-9\-_.!~*+=;%]", entry):
        return f"holds {strange[0]!a}, which is not part of a number or an extension"
    return f"has {len(entry)} characters; at most 64 are accepted"


def as_compared(form: str) -> str:
    """Return a form as LiveKit compares it: two forms for which this is the same are one."""
    number = re.sub(r"[ \-()]", "", form)
    return f"+{number.removeprefix('+')}" if NUMBER.fullmatch(number) else form
