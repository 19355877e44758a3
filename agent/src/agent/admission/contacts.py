"""contacts.csv: the people whom the owner knows, one per row: number, name, notes.

Spreadsheets write such a file with commas, semicolons or tabs, as the computer's region has it. The header shows which
it is, and which column is which.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from agent.admission.written_number import read_number
from agent.languages import bare, contact_columns

HEADER = ("number", "name", "notes")
SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "|"}
# Excel's own row before the header, which says what separates the fields.
NAMED_SEPARATOR = re.compile(r'\A\s*"?sep=."?[,;\t]*(?=\n|$)', re.IGNORECASE)
EMPTY = re.compile(r'[\s",;|]*')  # what is left of a table that somebody has emptied
LARGEST = 1_048_576  # bytes, some ten thousand people: the file is read before the first word

Contacts = Mapping[str, tuple[str, str]]  # E.164 number -> name, notes


@dataclass(frozen=True, slots=True)
class _Table:
    """How the rows below the header are read."""

    separator: str
    header: list[str]  # as it is written
    columns: Mapping[str, int]  # where number, name and notes are


def parse(text: str, country: str | None = None) -> Contacts:
    """Return the people in the file; a number without a country code is one of `country`, an ISO 3166 code.

    Raises:
        ValueError: it names the row, what was found, what was expected and what to do.
    """
    text = NAMED_SEPARATOR.sub("", text)
    if EMPTY.fullmatch(text):
        return {}
    table = _table(text)
    rows = _rows(text, table.separator)
    next(rows)  # the header
    people: dict[str, tuple[str, str]] = {}
    places: dict[str, int] = {}
    for place, row in rows:
        number, name, notes = _fields(place, row, table, country)
        if number in places:
            raise ValueError(f"row {place} has the same number as row {places[number]}: keep one of them")
        places[number] = place
        people[number] = name, notes
    return people


def _table(text: str) -> _Table:
    """Find out how the file is laid out: by its separator, the header has a column for each of the three."""
    known = contact_columns()
    for separator in SEPARATORS:
        with suppress(ValueError):  # a " in the wrong place, as this separator sees it
            place, header = next(_rows(text, separator))
            while not header[-1]:
                header.pop()
            found = [known.get(bare(word), "") for word in header]
            if set(HEADER) <= set(found):
                break
    else:
        empty = EMPTY.match(text)
        place = empty[0].count("\n") + 1 if empty else 1
        raise ValueError(f"row {place} is not the header: make {','.join(HEADER)} the first row")
    for column in HEADER:
        if len(several := [word for word, it in zip(header, found, strict=True) if it == column]) > 1:
            raise ValueError(
                f"row {place} has {len(several)} columns for the {column} ({', '.join(several)}): keep one of them"
            )
    return _Table(separator, header, {column: found.index(column) for column in HEADER})


def _fields(place: int, row: list[str], table: _Table, country: str | None) -> tuple[str, str, str]:
    expected = len(table.header)
    if any(row[expected:]) or len(row) < expected:  # more fields are empty when a spreadsheet pads its rows
        separator = SEPARATORS[table.separator]
        missing = f"write a {separator} between two fields, even if one of them is empty"
        cure = missing if len(row) < expected else f'put text that contains a {separator} into "…"'
        found = "1 field" if len(row) == 1 else f"{len(row)} fields"
        raise ValueError(f"row {place} has {found}, but {expected} are expected ({','.join(table.header)}): {cure}")
    number, name, notes = (row[table.columns[column]] for column in HEADER)
    try:
        return read_number(number, country), name, notes
    except ValueError as problem:
        raise ValueError(f"row {place} has {problem}") from None


def _rows(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that is not empty, with its place in the file."""
    reader = csv.reader(io.StringIO(text), delimiter=separator, strict=True)
    place = 1
    try:
        for row in reader:
            fields = [field.strip() for field in row]
            if any(fields):
                yield place, fields
            place = reader.line_num + 1
    except csv.Error as error:
        raise ValueError(f'row {place} is not CSV ({error}): close each " that opens a text') from None
