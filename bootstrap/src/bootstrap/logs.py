"""One line an event, for people or for machines."""

import json
import logging
from datetime import UTC, datetime
from typing import TextIO


class TextLine(logging.Formatter):
    """`2026-11-22T09:30:00.123+00:00 INFO    bootstrap: nothing to change`"""

    def format(self, record: logging.LogRecord) -> str:
        line = f"{_when(record)} {record.levelname:7} {record.name.partition('.')[0]}: {record.getMessage()}"
        return line + (f"\n{self.formatException(record.exc_info)}" if record.exc_info else "")


class JsonLine(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        event = {
            "time": _when(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            event["failure"] = self.formatException(record.exc_info)
        return json.dumps(event, ensure_ascii=False)


def set_up(form: str, level: str, stream: TextIO) -> None:
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLine() if form == "json" else TextLine())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)


def _when(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
