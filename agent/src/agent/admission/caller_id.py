"""Caller ID in one form, however a carrier writes it; and numbers in the files that people write."""

import re
from collections.abc import Sequence
from urllib.parse import unquote

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat

from agent.admission.caller import Caller

# What stands in place of a number that is withheld. The digits are ANONYMOUS, BLOCKED, RESTRICTED, UNAVAILABLE, UNKNOWN
# and PRIVATE on a phone's keys, which carriers send where a number has to be.
WITHHELD = {
    *("", "anonymous", "blocked", "private", "restricted", "unavailable", "unknown", "withheld", "null", "none"),
    *("266696687", "2562533", "7378742833", "86282452253", "8566696", "7748283"),
}
E164 = re.compile(r"\+[1-9]\d{6,14}")
PREFIX = re.compile(r"\+[1-9]\d{0,13}\*")
DECORATION = re.compile(r"[ ().\-/\u00a0\u2011]")


def region_of(numbers: Sequence[str]) -> str | None:
    """Return the country of the first of these numbers that has one, as ISO 3166 code; None when none has."""
    for number in numbers:
        if (parsed := _parsed(number, None)) and (region := phonenumbers.region_code_for_number(parsed)):
            return region
    return None


def identify(sent: str, region: str | None) -> Caller:
    """The caller by what the From header has, a user part or an address; a number without a country is `region`'s."""
    user = _user_part(sent)
    if user.strip("+ ").lower() in WITHHELD:
        return Caller("", anonymous=True)
    number = _phone_number(user, region)
    return Caller(phonenumbers.format_number(number, PhoneNumberFormat.E164) if number else user, anonymous=False)


def written(text: str) -> str:
    """A number that somebody wrote down, in E.164 form; a ValueError that completes "line 3 has …"."""
    number = DECORATION.sub("", text)
    if not E164.fullmatch(number):
        raise ValueError(f"{_shown(text)} where a number is expected: write it with its country, as +12025550123")
    return number


def written_prefix(text: str) -> str:
    """The beginning of numbers, as `+1900*`, without the star; a ValueError as above."""
    prefix = DECORATION.sub("", text)
    if not PREFIX.fullmatch(prefix):
        raise ValueError(f"{_shown(text)} where the beginning of numbers is expected: write it as +1900*")
    return prefix.removesuffix("*")


def _user_part(sent: str) -> str:
    text = unquote(sent).strip().strip('"<>')
    text = re.sub(r"^(sips?|tel):", "", text, flags=re.IGNORECASE)
    return re.split(r"[@;]", text, maxsplit=1)[0].strip()


def _phone_number(user: str, region: str | None) -> PhoneNumber | None:
    """As dialled in the region; with the 00 that carriers put for the +; and without any + at all."""
    digits = DECORATION.sub("", user)
    if not re.fullmatch(r"\+?\d+", digits):
        return None
    forms = [digits, f"+{digits[2:]}"] if digits.startswith("00") else [digits, f"+{digits.removeprefix('+')}"]
    read = [number for form in forms if (number := _parsed(form, region))]
    return next((number for number in read if phonenumbers.is_valid_number(number)), None) or next(
        (number for number in read if digits.startswith("+") and phonenumbers.is_possible_number(number)), None
    )


def _parsed(text: str, region: str | None) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(text, region)
    except NumberParseException:
        return None


def _shown(text: str) -> str:
    """Enough to find it by, and not a person's name or whole number: the sentence may be in a log."""
    if not text.strip():
        return "nothing"
    start = text.strip()[:4]
    return "something else" if re.search(r"[^\W\d_]", text) else f"{start + '…' if len(text) > 4 else start!r}"
