"""Caller ID in one form, however a carrier writes it."""

import re
from collections.abc import Sequence
from urllib.parse import unquote

import phonenumbers
from phonenumbers import MatchType, NumberParseException, PhoneNumber, PhoneNumberFormat

from agent.admission.caller import Caller

# What carriers send in place of a number that is withheld. The digits, for carriers that must send a number, spell
# ANONYMOUS, BLOCKED, RESTRICTED, UNAVAILABLE, UNKNOWN and PRIVATE on a phone's keys.
WITHHELD = {
    *("", "anonymous", "blocked", "private", "restricted", "unavailable", "unknown", "withheld", "null", "none"),
    *("266696687", "2562533", "7378742833", "86282452253", "8566696", "7748283"),
}
DECORATION = re.compile(r"[ ().\-/\u00a0\u2011]")


def region_of(numbers: Sequence[str]) -> str | None:
    """Return the country of the first of these numbers that has one, as an ISO 3166 code; None if none has."""
    for number in numbers:
        if (found := parsed(number, None)) and (region := phonenumbers.region_code_for_number(found)):
            return region
    return None


def number_dialled(sent: str, numbers: Sequence[str]) -> str:
    """Return which of the line's numbers a carrier means that writes it in its own way; `sent` itself if it is none.

    Carriers leave the + out, write 00 for it, or send the number as it is dialled within its country.
    """
    forms = _forms(DECORATION.sub("", _user_part(sent)))
    same = (MatchType.EXACT_MATCH, MatchType.NSN_MATCH)
    found = (number for number in numbers for form in forms if phonenumbers.is_number_match(form, number) in same)
    return next(found, sent)


def identify(sent: str, region: str | None) -> Caller:
    """Return the caller whom a From header's user part or address names; a number without a country is in `region`."""
    user = _user_part(sent)
    if user.strip("+ ").lower() in WITHHELD:
        return Caller("", anonymous=True)
    number = _phone_number(user, region)
    return Caller(phonenumbers.format_number(number, PhoneNumberFormat.E164) if number else user, anonymous=False)


def _user_part(sent: str) -> str:
    text = unquote(sent).strip().strip('"<>')
    text = re.sub(r"^(sips?|tel):", "", text, flags=re.IGNORECASE)
    return re.split(r"[@;]", text, maxsplit=1)[0].strip()


def _phone_number(user: str, region: str | None) -> PhoneNumber | None:
    """Read a number as dialled in the region, with the 00 that carriers use for the +, or without any + at all."""
    digits = DECORATION.sub("", user)
    if not re.fullmatch(r"\+?\d+", digits):
        return None
    read = [number for form in _forms(digits) if (number := parsed(form, region))]
    return next((number for number in read if phonenumbers.is_valid_number(number)), None) or next(
        (number for number in read if digits.startswith("+") and phonenumbers.is_possible_number(number)), None
    )


def _forms(digits: str) -> list[str]:
    """List what a sent number may mean: itself, and the number with its country code."""
    return [digits, f"+{digits[2:]}" if digits.startswith("00") else f"+{digits.removeprefix('+')}"]


def parsed(text: str, region: str | None) -> PhoneNumber | None:
    """Read a number that begins with a plus, or is written as people in the region dial it; None if it is neither."""
    try:
        return phonenumbers.parse(text, region)
    except NumberParseException:
        return None
