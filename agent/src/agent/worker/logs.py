"""One line an event, as text or as JSON, and no line that tells who called.

A room's name contains the caller's number, and livekit-agents attaches it to many records; others carry identities
and transcripts. So only the fields named here are written, and what looks like a number is masked in every line.
"""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Any

# Ids that match our lines to the server's and the gateway's, what says how something went, and a turn's timeline.
FIELDS = (
    *("call_id", "room_id", "job_id", "reason", "error", "seconds", "retry_count"),
    *("spoke_until", "transcribed", "decided", "first_token", "first_audio"),
)
STANDARD = {*vars(logging.makeLogRecord({})), "message", "asctime"}
NUMBER = re.compile(r"call-_\S+|(?<![\d.])\+?\d{7,15}(?!\d)|\+\d[\d ()-]{6,18}\d")
MASK = "<number>"
# What is heard of libraries unless everything is wanted; "livekit" itself is the SDK's native part, whose warnings are
# about its own handles.
LIBRARIES = {
    "livekit": "ERROR",
    "livekit.agents": "WARNING",
    "livekit.plugins": "WARNING",
    "httpx": "WARNING",
    "httpx2": "WARNING",
    "openai": "WARNING",
}


def set_up_logging(level: str, form: str) -> None:
    """Write the log to standard output: `level` debug … error, `form` text or json.

    Lines below INFO are written as they come, with every field: what callers say is among them.
    """
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLine() if form == "json" else TextLine())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    if root.level > logging.DEBUG:
        for name, at_least in LIBRARIES.items():
            logging.getLogger(name).setLevel(max(root.level, logging.getLevelName(at_least)))


class Line(logging.Formatter):
    """What both forms share: the fields that are written, and the mask."""

    def when(self, record: logging.LogRecord) -> str:
        return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")

    def fields(self, record: logging.LogRecord) -> dict[str, Any]:
        names = FIELDS if record.levelno >= logging.INFO else [name for name in vars(record) if name not in STANDARD]
        given = {name: getattr(record, name, None) for name in names}
        return {name: value for name, value in given.items() if value not in (None, "")}

    def message(self, record: logging.LogRecord) -> str:
        """The event itself; a record that comes from a call's process has its traceback in the message, too."""
        return record.getMessage().removesuffix(record.exc_text or "").rstrip()

    def failure(self, record: logging.LogRecord) -> str:
        """The traceback, or nothing."""
        return self.formatException(record.exc_info) if record.exc_info else record.exc_text or ""

    def masked(self, record: logging.LogRecord, line: str) -> str:
        return line if record.levelno < logging.INFO else NUMBER.sub(MASK, line)


class TextLine(Line):
    """`2026-11-22T09:30:00.123+00:00 INFO    agent: call answered  room_id=RM_… job_id=AJ_…`"""

    def format(self, record: logging.LogRecord) -> str:
        parts = [f"{self.when(record)} {record.levelname:7} {record.name.partition('.')[0]}: {self.message(record)}"]
        parts += [f"{name}={value}" for name, value in self.fields(record).items()]
        if failure := self.failure(record):
            parts.append(_last_line(failure))
        return self.masked(record, " ".join("  ".join(parts).splitlines()))


class JsonLine(Line):
    """The same as one JSON object a line, a failure with its whole traceback."""

    def format(self, record: logging.LogRecord) -> str:
        event = {
            "time": self.when(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self.message(record),
            **self.fields(record),
        }
        if failure := self.failure(record):
            event["failure"] = failure
        return self.masked(record, json.dumps(event, default=str, ensure_ascii=False))


def _last_line(traceback: str) -> str:
    """`ValueError: no such room (session.py:31)`"""
    lines = traceback.strip().splitlines()
    places = re.findall(r'File ".*?([^/\\"]+)", line (\d+)', traceback)
    return f"{lines[-1]} ({places[-1][0]}:{places[-1][1]})" if places else lines[-1]
