"""One line an event on standard output, as text or as JSON. No line has a caller's words in it."""

import json
import logging
import re
import sys
from datetime import UTC, datetime


def set_up_logging(level: str, form: str) -> None:
    """`level` debug … error, `form` text or json."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLine() if form == "json" else TextLine())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in ("faster_whisper", "asyncio", "python_multipart", "uvicorn"):
        logging.getLogger(name).setLevel(logging.WARNING)


class TextLine(logging.Formatter):
    """`2026-11-22T09:30:00.123+00:00 INFO    speech: chat status=200 messages=3 took=2.1`"""

    def format(self, record: logging.LogRecord) -> str:
        line = f"{_when(record)} {record.levelname:7} {record.name.partition('.')[0]}: {record.getMessage()}"
        return " ".join(f"{line}  {_last_line(self, record)}".splitlines()).rstrip()


class JsonLine(logging.Formatter):
    """The same as one JSON object a line; a request's facts are fields of their own."""

    def format(self, record: logging.LogRecord) -> str:
        event = {
            "time": _when(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "facts", {}),
        }
        if record.exc_info:
            event["failure"] = _last_line(self, record)
        return json.dumps(event, default=str, ensure_ascii=False)


def _last_line(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    """`ValueError at stt.py:31`, or nothing: a library's own words may quote a caller's."""
    if not record.exc_info or record.exc_info[0] is None:
        return ""
    places = re.findall(r'File ".*?([^/\\"]+)", line (\d+)', formatter.formatException(record.exc_info))
    return f"{record.exc_info[0].__name__} at {':'.join(places[-1])}" if places else record.exc_info[0].__name__


def _when(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
