"""The log: one row for each event, as text for people or as JSON for programs."""

import logging
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from pythonjsonlogger.json import JsonFormatter


def set_up_logging(level: str, form: str, stream: TextIO) -> None:
    """Write the log to `stream`: `level` debug … error, `form` text or json."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLine() if form == "json" else TextLine())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)


class TextLine(logging.Formatter):
    """Formats an event as `2026-11-22T09:30:00.123+00:00 INFO    bootstrap: nothing to change`."""

    def format(self, record: logging.LogRecord) -> str:
        room = record.name.partition(".")[0]
        line = f"{format_time(record)} {record.levelname:7} {room}: {record.getMessage()}"
        if record.exc_info and record.exc_info[1]:
            line += f"  {summarize(record.exc_info[1])}"
        return " ".join(line.splitlines())


class JsonLine(JsonFormatter):
    """Formats an event as one JSON object; an exception's traceback is its field `failure`."""

    def __init__(self) -> None:
        super().__init__(
            ["asctime", "levelname", "name", "message"],
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger", "exc_info": "failure"},
            json_ensure_ascii=False,
        )

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802 - logging's name
        return format_time(record)

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        return log_data | {"level": log_data["level"].lower()}


def format_time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


def summarize(error: BaseException) -> str:
    """Summarize an exception in one phrase: `ValueError: no such room (session.py:31)`."""
    places = traceback.extract_tb(error.__traceback__)
    where = f" ({Path(places[-1].filename).name}:{places[-1].lineno})" if places else ""
    return f"{type(error).__name__}: {error}{where}"
