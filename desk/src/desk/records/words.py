"""What somebody types into the search box, and what it is compared with: words, and telephone numbers in any form."""

import json
import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from desk.records.read import Record

MOST = 1_000_000  # characters of one call that can be found
SHORTEST_NUMBER = 3  # digits, as the index of digits has groups of three
LOOKS_LIKE_A_NUMBER = re.compile(r"[+(]*\d[\d\s()+./\-\u2010-\u2015]*")
NUMBER_AMONG_WORDS = re.compile(r"(?<!\w)[+(]*\d[\d\s()./\-\u2010-\u2015]{3,}\d(?!\w)")
PARTS_OF_WORDS = ("L", "N", "M", "Co")  # Unicode's categories, as in the index's tokenizer: Hindi's vowels are M


def plain(text: str) -> str:
    """Return a text with each character in its usual form: a full-width 4 becomes 4, and ß ss; accents stay."""
    return unicodedata.normalize("NFKC", text).casefold()


def digits_of(written: str) -> str:
    """Return the digits of a telephone number as they end an international one.

    `+1 (202) 555-0123`, `001 202.555.0123` and `0202 5550123` become 12025550123 and 2025550123: a country code may be
    missing, and the 0 or 00 that is dialled before a number is left out, as is a (0) within one.
    """
    without = re.sub(r"\(\s*0\s*\)", "", plain(written))
    digits = "".join(str(unicodedata.digit(each)) for each in without if each.isdigit())
    if without.lstrip(" (").startswith("+"):
        return digits
    return digits[2:] if digits.startswith("00") else digits.removeprefix("0")


def asked_for(typed: str) -> tuple[list[str], list[str]]:
    """Return the numbers, as digits, and the words that a search is for; every one of them has to be in the call."""
    typed = plain(typed).strip()
    if LOOKS_LIKE_A_NUMBER.fullmatch(typed) and len(digits_of(typed)) >= SHORTEST_NUMBER:
        return [digits_of(typed)], []
    numbers = [digits_of(found) for found in NUMBER_AMONG_WORDS.findall(typed)]
    words = _words_in(NUMBER_AMONG_WORDS.sub(" ", typed))
    return [number for number in numbers if len(number) >= SHORTEST_NUMBER], words


def words_of(record: Record) -> str:
    """Return everything by which a call can be found but its telephone numbers."""
    return plain("\n".join(part for part in _parts(record) if part))[:MOST]


def digits_in(record: Record) -> str:
    """Return the numbers of a call: the caller's, and those to call back; not the line's own."""
    numbers = dict.fromkeys([record.caller, *(message.number for message in record.messages)])
    return " ".join(digits_of(number) for number in numbers if number)


def _words_in(text: str) -> list[str]:
    return "".join(it if unicodedata.category(it).startswith(PARTS_OF_WORDS) else " " for it in text).split()


def _parts(record: Record) -> Iterator[str]:
    facts = record.facts
    if any(it.isalpha() for it in record.caller):  # a name by SIP
        yield record.caller
    yield from (record.caller_name, facts.outcome, facts.summary, record.rejected)
    yield from (turn.text for turn in facts.turns)
    for tool in facts.tool_calls:
        yield from (tool.name, _as_text(tool.arguments), _as_text(tool.result))
    yield from (action.what for action in facts.actions)
    yield from (keys.keys for keys in facts.keys)
    yield from (transfer.to for transfer in facts.transfers)
    for message in record.messages:
        yield from (message.who, message.about)
    yield from (_as_text(value) for value in (facts.outcome_fields.values or {}).values())
    if not facts.tool_calls and record.note:
        yield from (tool.name for tool in record.note.tools)


def _as_text(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
