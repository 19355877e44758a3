"""Phone numbers as people and their spreadsheets write them into files, in the one form that caller IDs have, too.

A number is taken if it is certain which one is meant. Every error completes "row 3 has …".
"""

import re
import unicodedata

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat

from agent.admission.caller_id import parsed
from agent.lines.line import Line
from agent.settings import Settings

E164 = re.compile(r"\+[1-9][0-9]{6,14}")
PREFIX = re.compile(r"\+[1-9][0-9]{0,13}")
PUNCTUATION = re.compile(r"[\s()\[\].\-\u2010-\u2015\u2212/]")
# What may be left out, or be a second number: +44 (0)20 7946 0958, +49 30 123456/57
DOUBTFUL = re.compile(r"/|[(\[]\s*0\s*[)\]]")
# What is left when a spreadsheet takes a number for a quantity or a formula: 1.20E+10, 12025550123.0, -879, ####
SPOILT = re.compile(r"-?\d+([.,]\d+)?E\+?\d+|\d{7,}[.,]0+|-\d+|#.*", re.IGNORECASE)

WITH_COUNTRY = "write it with its country code, as +12025550123"
SPOILT_CURE = "a spreadsheet has changed it, so format the column as text, and enter the number again"
EXTENSION_CURE = "leave out the extension, because caller IDs do not have it"
SEVERAL_CURE = "give each number a row of its own"
PREFIX_CURE = "write it as +1900*"


def country_of(line: Line, settings: Settings) -> str | None:
    """Return the country in which this line's callers need no country code, as an ISO 3166 code.

    It is that of the numbers which the line answers; None if they are in several countries.
    """
    answered = [parsed(number, None) for number in line.numbers or settings.phone_numbers.split(",")]
    codes = {number.country_code for number in answered if number and number.country_code}
    country = phonenumbers.region_code_for_country_code(codes.pop()) if len(codes) == 1 else None
    return country if country in phonenumbers.SUPPORTED_REGIONS else None  # +800 and the like are in no country


def read_number(text: str, country: str | None) -> str:
    """Return the number in E.164 form; without a country code it is one of `country`. A ValueError says what to do."""
    entry = re.sub(r"^00", "+", _tidied(text))
    if SPOILT.fullmatch(entry):
        raise _refused(text, SPOILT_CURE)
    if entry.count("+") > 1:
        raise _refused(text, SEVERAL_CURE)
    found = parsed(entry, country)
    if found and found.extension:
        raise _refused(text, EXTENSION_CURE)
    number = None
    if found and re.fullmatch(r"\+?\d+", PUNCTUATION.sub("", entry)):
        number = _international(entry, found) if entry.startswith("+") else _national(entry, found)
    if not number:
        raise _refused(text, WITH_COUNTRY)
    return number


def read_prefix(text: str, country: str | None) -> str:
    """Return the beginning of numbers, written as `+1900*`, in E.164 form without the star; a ValueError as above."""
    entry = _tidied(text)
    digits = PUNCTUATION.sub("", entry).removesuffix("*")
    if digits.startswith("00"):
        digits = f"+{digits[2:]}"
    elif country and (trunk := phonenumbers.ndd_prefix_for_region(country, True)):
        digits = re.sub(rf"^{trunk}(?=\d)", f"+{phonenumbers.country_code_for_region(country)}", digits)
    if DOUBTFUL.search(entry) or not PREFIX.fullmatch(digits):
        raise ValueError(f"{_shown(text)} where the beginning of numbers is expected: {PREFIX_CURE}")
    return digits


def _tidied(text: str) -> str:
    """Drop what cannot be seen, and what spreadsheets and address books put around a number: '+1…, ="+1…", tel:+1…"""
    entry = "".join(letter for letter in unicodedata.normalize("NFKC", text) if unicodedata.category(letter) != "Cf")
    entry = entry.strip().removeprefix("=").strip("'\"`\u2018\u2019\u201c\u201d ")
    return re.sub(r"^tel:\s*", "", entry, flags=re.IGNORECASE).strip()


def _international(entry: str, found: PhoneNumber) -> str | None:
    """Return a number that begins with a plus. One that the library does not know yet is taken as it is."""
    if DOUBTFUL.search(entry) and not phonenumbers.is_valid_number(found):
        return None
    number = phonenumbers.format_number(found, PhoneNumberFormat.E164)
    return number if E164.fullmatch(number) else None


def _national(entry: str, here: PhoneNumber) -> str | None:
    """Return a number without a plus. A spreadsheet may have dropped it, as it drops zeros, so several may be meant.

    `here` is what the number means to people in the line's country.
    """
    usual = phonenumbers.format_number(here, PhoneNumberFormat.NATIONAL)
    if phonenumbers.is_valid_number(here) and PUNCTUATION.sub("", usual) == PUNCTUATION.sub("", entry):
        return phonenumbers.format_number(here, PhoneNumberFormat.E164)
    meant = {
        phonenumbers.format_number(number, PhoneNumberFormat.E164)
        for number in (here, parsed(f"+{entry}", None))
        if number and phonenumbers.is_valid_number(number)
    }
    return meant.pop() if len(meant) == 1 else None


def _refused(text: str, cure: str) -> ValueError:
    return ValueError(f"{_shown(text)} where a number is expected: {cure}")


def _shown(text: str) -> str:
    """Return enough to find the entry by, but no name and no whole number, because the message may be in a log."""
    entry = _tidied(text) or text.strip()
    if not entry:
        return "nothing"
    if re.search(r"[^\W\d_]", entry) and not SPOILT.fullmatch(entry):
        return "something else"
    return repr(entry if len(entry) <= 4 else f"{entry[:4]}…")
