"""Writes one row for each event to standard output, as text or as JSON, and never what a page shows."""

import logging
import re
import sys
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from pythonjsonlogger.json import JsonFormatter

QUIET_LIBRARIES = ("asyncio", "python_multipart", "uvicorn", "aiohttp", "livekit")  # their INFO is of no use here

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


def set_up_logging(level: str, form: str) -> None:
    """Log to standard output: `level` debug, info, warning or error, `form` text or json."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonEvents() if form == "json" else TextEvents())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in QUIET_LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)


class TextEvents(logging.Formatter):
    """`2026-11-22T09:30:00.123+00:00 INFO    desk: Could not read a note`"""

    def format(self, record: logging.LogRecord) -> str:
        text = f"{_time(record)} {record.levelname:7} {record.name.partition('.')[0]}: {record.getMessage()}"
        if record.exc_info:
            text += f"  {failure(record.exc_info)}"
        return " ".join(text.splitlines())


class JsonEvents(JsonFormatter):
    """A JSON object for each event: time, level, logger, message, the fields given as `extra`, and failure."""

    def __init__(self) -> None:
        super().__init__(rename_fields={"exc_info": "failure"}, json_ensure_ascii=False, json_default=str)

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        log_data |= {"time": _time(record), "level": record.levelname.lower(), "logger": record.name}
        log_data["message"] = record.getMessage()
        super().add_fields(log_data, record, message_dict)

    def formatException(self, ei: ExcInfo) -> str:  # noqa: N802 - the library's name
        return failure(ei)


def failure(exc_info: ExcInfo) -> str:
    """Name an exception by its kind and place, `ValueError at stt.py:31`: what a library says may quote a caller."""
    kind, _, traceback = exc_info
    if kind is None:
        return ""
    while traceback and traceback.tb_next:
        traceback = traceback.tb_next
    if traceback is None:
        return kind.__name__
    file = re.split(r"[/\\]", traceback.tb_frame.f_code.co_filename)[-1]
    return f"{kind.__name__} at {file}:{traceback.tb_lineno}"


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
