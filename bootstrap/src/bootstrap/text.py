"""What the raw text of a variable may hold, and how it is shown in an error."""

import unicodedata
from collections.abc import Callable

QUOTES = "\"'`‘’“”«»"  # noqa: RUF001 - typographic quotes come with copied text
SHOWN_ERRORS = 5


def shown(text: str) -> str:
    """`text` for an error message: every unusual character escaped, long text cut."""
    return ascii(text if len(text) <= 60 else text[:57] + "...")


def check_text(text: str) -> str:
    """Refuse what a person cannot see: because of it LiveKit would match no call, or every call."""
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
    """Entries separated by commas, each parsed; all that is wrong, duplicates too, in one ValueError."""
    entries = [entry.strip(" ") for entry in text.split(",")]
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
            wrong.append(f"{shown(entry)} repeats {shown(parsed[value])} (both are {value}); keep one")
        parsed[value] = entry
    if wrong:
        more = [f"and {len(wrong) - SHOWN_ERRORS} more"] if len(wrong) > SHOWN_ERRORS else []
        raise ValueError("; ".join(wrong[:SHOWN_ERRORS] + more))
    return tuple(parsed)
