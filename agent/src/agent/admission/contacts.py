"""contacts.csv: the people whom the owner knows, one per row: number, name, notes."""

import csv
from collections.abc import Iterator, Mapping

from agent.admission.caller_id import written

HEADER = ["number", "name", "notes"]
LARGEST = 1_048_576  # bytes, some ten thousand people: the file is read before the first word

Contacts = Mapping[str, tuple[str, str]]  # E.164 number -> name, notes


def parse(text: str) -> Contacts:
    """Return the people in the file; a ValueError names the row, what was found, what was expected and what to do."""
    rows = _rows(text)
    if (first := next(rows, None)) is None:
        return {}
    if first[1] != HEADER:
        raise ValueError(f"line {first[0]} is not the header: make {','.join(HEADER)} the first line")
    people: dict[str, tuple[str, str]] = {}
    lines: dict[str, int] = {}
    for line, row in rows:
        number, name, notes = _fields(line, row)
        if number in lines:
            raise ValueError(f"line {line} has the same number as line {lines[number]}: keep one of them")
        lines[number] = line
        people[number] = name, notes
    return people


def _fields(line: int, row: list[str]) -> tuple[str, str, str]:
    if len(row) != len(HEADER):
        raise ValueError(
            f"line {line} has {len(row)} fields, but {len(HEADER)} are expected ({','.join(HEADER)}): "
            'put text that contains a comma into "…"'
        )
    try:
        return written(row[0]), row[1], row[2]
    except ValueError as problem:
        raise ValueError(f"line {line} has {problem}") from None


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that is not empty, with its place in the file."""
    reader = csv.reader(text.splitlines(keepends=True), strict=True)
    line = 1
    try:
        for row in reader:
            fields = [field.strip() for field in row]
            if any(fields):
                yield line, fields
            line = reader.line_num + 1
    except csv.Error as error:
        raise ValueError(f'line {line} is not CSV ({error}): close each " that opens a text') from None
