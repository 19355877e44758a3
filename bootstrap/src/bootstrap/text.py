"""Checks on the text of a setting, and how such text is quoted in an error message."""

import unicodedata
from collections.abc import Callable, Sequence

QUOTES = "\"'`‘’“”«»"  # noqa: RUF001 - typographic quotes come with copied text
MOST_ERRORS = 5  # reported for one list


def quote(text: str) -> str:
    """Quote `text` for an error message: unusual characters are escaped, long text is cut."""
    return ascii(text if len(text) <= 60 else text[:57] + "...")


def check_text(text: str) -> str:
    """Reject what a person cannot see: it would make LiveKit match no call, or every call."""
    for place, char in enumerate(text, start=1):
        if char in QUOTES:
            raise ValueError(f"holds a quote ({char!a}) at character {place}; remove it")
        if char != " " and unicodedata.category(char)[0] in "CZ":
            name = unicodedata.name(char, "a control character").lower()
            raise ValueError(f"holds {char!a} ({name}) at character {place}; remove it")
    if text != text.strip(" "):
        raise ValueError("begins or ends with a space; remove it")
    return text


def parse_list(text: str, at_most: int, parse: Callable[[str], str]) -> tuple[str, ...]:
    """Parse entries that are separated by commas, as `parse_entries` does."""
    return parse_entries([entry.strip(" ") for entry in text.split(",")], at_most, parse)


def parse_entries(entries: Sequence[str], at_most: int, parse: Callable[[str], str]) -> tuple[str, ...]:
    """Parse each entry. One ValueError names every wrong entry and every duplicate."""
    if len(entries) > at_most:
        raise ValueError(f"has {len(entries)} entries; at most {at_most} are accepted")
    parsed: dict[str, str] = {}
    wrong: list[str] = []
    for entry in entries:
        try:
            value = parse(entry)
        except ValueError as error:
            wrong.append(str(error))
            continue
        if value in parsed:
            wrong.append(f"{quote(entry)} repeats {quote(parsed[value])} (both are {value}); keep one")
        parsed[value] = entry
    if wrong:
        more = [f"and {len(wrong) - MOST_ERRORS} more"] if len(wrong) > MOST_ERRORS else []
        raise ValueError("; ".join(wrong[:MOST_ERRORS] + more))
    return tuple(parsed)
