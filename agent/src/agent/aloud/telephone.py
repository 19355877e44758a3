"""Phone numbers, read digit by digit in groups, with a pause between them: "plus four nine, three zero, …"."""

import re

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat

from agent.aloud.numbers import Numbers
from agent.aloud.reading import Rule, text_before

CANDIDATE = re.compile(r"(?<![\w.,/-])(?:\+|\()?\d(?:[\d ()./\u00a0\u202f\u2011–-]*\d)?(?![\w%€$£]|[.,/-]\d)")  # noqa: RUF001
DIGITS = range(6, 16)
NANP = "US"  # a code of a region where seven digits, three and four, are a number without its area code
LONGEST_WITH_PAIRS = 3  # digits that are read as one number where numbers are read in pairs


def rules(numbers: Numbers, region: str) -> list[Rule]:
    its = numbers.reading.telephone
    named = re.compile(rf"(?:{'|'.join(its['named'])})[^\d.!?;]{{0,12}}\s*$", re.IGNORECASE)
    american = phonenumbers.country_code_for_region(region) == phonenumbers.country_code_for_region(NANP)

    _warm(region)

    def read(match: re.Match[str]) -> str | None:
        written = match[0]
        if not is_number(match):
            return None
        number = _parsed(written, region)
        plain = re.fullmatch(r"\+?\d+", written)
        if plain and number:
            form = PhoneNumberFormat.INTERNATIONAL if written.startswith("+") else PhoneNumberFormat.NATIONAL
            written = phonenumbers.format_number(number, form)
        groups = re.findall(r"\d+", re.sub(r"(?<=\d)\s*\(0\)", " ", written))
        spoken = ", ".join(part for group in groups for part in read_group(group))
        return f"{numbers.reading.number['plus']} {spoken}" if match[0].startswith("+") else spoken

    def is_number(match: re.Match[str]) -> bool:
        written = match[0]
        if written in its["short"]:
            return bool(named.search(text_before(match)))
        count = sum(map(str.isdigit, written))
        if count not in DIGITS or (re.fullmatch(numbers.pattern, written) and not re.search(r"\s|^\d+$", written)):
            return False
        if written.startswith("+") or named.search(text_before(match)):
            return True
        if american and re.fullmatch(r"\d{3}[-.\u2011]\d{4}", written):
            return True
        if re.fullmatch(r"[1-9]\d{1,3}([-/–])\d{2,4}", written):  # noqa: RUF001 - from one number to another
            return False
        if written.isdigit() and not (american and len(written) == 10) and not written.startswith("0"):
            return False
        number = _parsed(written, region)
        return bool(number and phonenumbers.is_valid_number(number)) or (
            # Numbers that are kept for examples are valid nowhere.
            bool(american and number and re.fullmatch(r"(?:1[-. ])?(?:\(\d{3}\) ?|\d{3}[-. ])\d{3}[-. ]\d{4}", written))
        )

    def read_group(group: str) -> list[str]:
        if not its["pairs"]:
            return [numbers.digits(part) for part in numbers.in_groups(group)]
        first = len(group) if len(group) <= LONGEST_WITH_PAIRS else 2 + len(group) % 2
        return [read_pair(part) for part in (group[:first], *re.findall(r"\d\d", group[first:]))]

    def read_pair(digits: str) -> str:
        rest = digits.lstrip("0")
        zeros = numbers.digits(digits[: len(digits) - len(rest)])
        return " ".join(filter(None, (zeros, rest and numbers.cardinal(int(rest)))))

    return [(CANDIDATE, read)]


def _warm(region: str) -> None:
    """Have the library load what it knows of a country now, and not during a call."""
    if example := phonenumbers.example_number(region):
        phonenumbers.is_valid_number(phonenumbers.parse(str(example.national_number), region))
        phonenumbers.format_number(example, PhoneNumberFormat.NATIONAL)


def _parsed(written: str, region: str) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(written, region)
    except NumberParseException:
        return None
