"""Digits that name something and count nothing: card and order numbers, postcodes. They are read one by one."""

import re

from agent.aloud.numbers import Numbers
from agent.aloud.reading import Rule, apart, spelled, text_before

LONGEST_CODE = 5  # digits that are read without a pause
AS_ONE_NUMBER = 6  # digits, at most, of a bare number that is read as one number


def rules(numbers: Numbers) -> list[Rule]:
    its = numbers.reading.number
    named = re.compile(rf"(?<!\w)(?:{'|'.join(its['codes'])})[\s:#]*$", re.IGNORECASE)

    def in_groups_of(written: str) -> str:
        groups = (part for group in re.findall(r"\d+", written) for part in numbers.in_groups(group, LONGEST_CODE))
        return ", ".join(map(numbers.digits, groups))

    def read_groups(match: re.Match[str]) -> str:
        return apart(match, in_groups_of(match[0]))

    def read_named(match: re.Match[str]) -> str | None:
        long = match[0].isdigit() and len(match[0]) > AS_ONE_NUMBER
        return read_groups(match) if long or named.search(text_before(match)) else None

    def read_letters_too(match: re.Match[str]) -> str | None:
        if not named.search(text_before(match)):
            return None
        parts = re.findall(r"\d+|[A-Z]+", match[0])
        return ", ".join(in_groups_of(part) if part.isdigit() else spelled(part) for part in parts)

    found: list[Rule] = [
        (re.compile(r"(?<!\w)(?=[A-Z-]*\d)(?=[\d-]*[A-Z])[A-Z\d]+(?:-[A-Z\d]+)*(?![\w-])"), read_letters_too),
        (re.compile(r"(?<![\w.,])\d+(?:[-/]\d+)+(?![\w/-]|[.,]\d)"), read_named),
        (re.compile(r"(?<![\d.,])\d{2,4}(?:[ \u00a0-]\d{2,4}){3,}(?![\w.,]\d|\d)"), read_groups),
        (re.compile(r"(?<![\d.,])\d{3,}(?!\w|[.,:/-]\d|\s?[€$£¥%])"), read_named),
    ]
    if its["postcode"]:
        found.append((re.compile(its["postcode"]), lambda match: numbers.digits(match[0])))
    return found
