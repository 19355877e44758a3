"""Calls as files for other programs: one call as JSON, and a list of calls as JSON or CSV."""

import csv
import io
import json
from collections.abc import Iterable
from typing import Any

from desk.records.read import Record
from desk.records.search import Row

MOST = 100_000  # calls in one file
COLUMNS = (
    *("line", "record", "began", "seconds", "caller", "name", "dialled", "direction", "came_by", "kept", "rejected"),
    *("outcome", "summary", "messages", "transfers", "cost", "currency"),
)
# What a spreadsheet would take for a formula if a cell began with it.
BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff0b", "\uff0d", "\uff1d", "\uff20")


def of_call(record: Record) -> dict[str, Any]:
    """Return everything that is known of a call, for a JSON file."""
    return {
        "record": record.name.record,
        "line": record.name.line,
        "note": record.note.model_dump(mode="json") if record.note else None,
        "transcript": record.transcript.model_dump(mode="json") if record.transcript else None,
        "messages": [message.model_dump(mode="json") for message in record.messages],
        "problems": record.problems,
    }


def as_json(rows: Iterable[Row]) -> str:
    """Return the list as JSON: an array of objects with the keys of `COLUMNS`."""
    made = [dict(zip(COLUMNS, _values(row), strict=True)) for row in rows]
    return json.dumps(made, ensure_ascii=False, indent=1)


def as_csv(rows: Iterable[Row]) -> str:
    """Return the list as CSV with a row of headings; no cell is a formula to a spreadsheet."""
    made = io.StringIO()
    writer = csv.writer(made)
    writer.writerow(COLUMNS)
    writer.writerows([_harmless(value) for value in _values(row)] for row in rows)
    return made.getvalue()


def _values(row: Row) -> list[Any]:
    return [
        *(row.name.line, row.name.record, row.began.isoformat(timespec="milliseconds"), row.seconds, row.caller),
        *(row.caller_name, row.dialled, row.direction, row.came_by, bool(row.kept), row.rejected, row.outcome),
        *(row.summary, row.messages, row.transfers, row.cost, row.currency),
    ]


def _harmless(value: Any) -> Any:
    """Put an apostrophe before a text that would be a formula; a telephone number is one of those, too."""
    if not isinstance(value, str):
        return "" if value is None else value
    text = value.replace("\x00", "")
    return f"'{text}" if text.lstrip(" ").startswith(BEGINS_A_FORMULA) else text
