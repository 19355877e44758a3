"""Writing the log: one row for each record, as text or as JSON, without saying who called or what was said.

A room's name contains the caller's number, and livekit-agents attaches it to many log records; others have identities
and transcripts. So only the fields named here are written, and whatever looks like a phone number is masked in every
row. An exception's text may quote a caller, as pydantic's and JSON's do, so only its kind and its place are written.
Therefore `logger.exception` may be used everywhere.
"""

import builtins
import itertools
import logging
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pythonjsonlogger.json import JsonFormatter

# Ids that match our log to the server's and the gateway's, how something went, and a turn's timeline.
FIELDS = (
    *("line", "call_id", "room_id", "job_id", "reason", "error", "seconds", "retry_count"),
    *("spoke_until", "transcribed", "decided", "first_token", "first_audio"),
)
STANDARD = {*vars(logging.makeLogRecord({})), "message", "asctime"}
NUMBER = re.compile(r"call-_\S+|(?<![\d.])\+?\d{7,15}(?!\d)|\+\d[\d ()-]{6,18}\d")
MASK = "<number>"
SPOKEN = re.compile(r"(no audio frames were pushed for text): .*", re.DOTALL)  # livekit-agents quotes the answer
# Python's own exceptions whose texts name files, modules and types, but contain no data.
QUOTE_NOBODY = (OSError, ImportError, AttributeError, NameError, TypeError, MemoryError)
OWN_CODE = f"{Path(__file__).parents[1]}/"
FRAMES_SHOWN = 3  # of our own code, the innermost first
TRACEBACK = re.compile(r"(?:Exception Group )?Traceback \(most recent call last\):\n")
GROUP_MARGIN = re.compile(r"^ *(?:\+-\+-.*|[+|] )", re.MULTILINE)
FRAME = re.compile(r' *File "(.*)", line (\d+)')
EXCEPTION = re.compile(r"([A-Za-z_][\w.]*)(?:: (.*))?")
# The levels of libraries, unless LOG_LEVEL is debug. "livekit" itself is the SDK's native part, whose warnings are
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

    Records below INFO are written unchanged, with every field, and so they contain what callers say.
    """
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLine() if form == "json" else TextLine())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    if root.level > logging.DEBUG:
        for name, at_least in LIBRARIES.items():
            logging.getLogger(name).setLevel(max(root.level, logging.getLevelName(at_least)))


class TextLine(logging.Formatter):
    """`2026-11-22T09:30:00.123+00:00 INFO    agent: Call answered  room_id=RM_… job_id=AJ_…`"""

    def format(self, record: logging.LogRecord) -> str:
        parts = [f"{_time(record)} {record.levelname:7} {record.name.partition('.')[0]}: {_message(record)}"]
        parts += [f"{name}={value}" for name, value in _fields(record).items()]
        if failure := _failure(record):
            parts.append(failure)
        return _masked(record, " ".join("  ".join(parts).splitlines()))


class JsonLine(JsonFormatter):
    """One JSON object per row, with the same facts as the text."""

    def __init__(self) -> None:
        super().__init__(json_default=str, json_ensure_ascii=False)

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        """Choose what is written: the library's own choice is every field that a record has."""
        log_data |= {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
            **_fields(record),
        }
        if failure := _failure(record):
            log_data["failure"] = failure

    def format(self, record: logging.LogRecord) -> str:
        return _masked(record, super().format(record))


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    if record.levelno < logging.INFO:
        given = {name: value for name, value in vars(record).items() if name not in STANDARD}
    else:
        given = {name: getattr(record, name, None) for name in FIELDS}
        error = given["error"]  # libraries give an exception, or its text
        given["error"] = _described(type(error), str(error)) if isinstance(error, BaseException) else None
    return {name: value for name, value in given.items() if value not in (None, "")}


def _message(record: logging.LogRecord) -> str:
    """Return the message without the traceback, which a record from a call's process has in its message, too."""
    message = record.getMessage().removesuffix(record.exc_text or "").rstrip()
    if record.levelno >= logging.INFO:
        message = SPOKEN.sub(r"\1", message)
    # asyncio writes the task and its exception below its first row, and they contain what the exception quotes.
    return message.partition("\n")[0] if record.name == "asyncio" and record.levelno >= logging.INFO else message


def _failure(record: logging.LogRecord) -> str:
    """Describe the exception, if there is one: below INFO by its traceback, else by its kinds and places alone."""
    traceback = logging.Formatter().formatException(record.exc_info) if record.exc_info else record.exc_text or ""
    return traceback if record.levelno < logging.INFO else _summary(traceback)


def _summary(traceback: str) -> str:
    """`OSError: No space left on device (records/finalize.py:53), after TimeoutError (admission/slot.py:90)`.

    The summary is made from the traceback's text, which is all that comes from a call's process. What an exception says
    is left out unless its kind is known to quote nobody.
    """
    if "Exception Group" in traceback:
        traceback = GROUP_MARGIN.sub("", traceback)
    raised = [block for block in TRACEBACK.split(traceback) if block.strip()]
    return ", after ".join(map(_one_failure, reversed(raised)))


def _one_failure(block: str) -> str:
    lines = block.splitlines()
    frames = list(itertools.takewhile(lambda line: line.startswith("  "), lines))
    found = EXCEPTION.fullmatch("".join(lines[len(frames) : len(frames) + 1]))
    kind, text = found.groups("") if found else ("an error", "")
    places = [(path, line) for frame in frames for path, line in FRAME.findall(frame)]
    own = [(path.removeprefix(OWN_CODE), line) for path, line in places if path.startswith(OWN_CODE)]
    shown = own[: -FRAMES_SHOWN - 1 : -1] or [(Path(path).name, line) for path, line in places[-1:]]
    where = f" ({' < '.join(f'{path}:{line}' for path, line in shown)})" if shown else ""
    return _described(getattr(builtins, kind, None), text, kind) + where


def _described(kind: object, text: str, name: str = "") -> str:
    """Return an exception's kind, and what it says if that kind quotes nobody."""
    name = name or getattr(kind, "__name__", "")
    quotes_nobody = isinstance(kind, type) and issubclass(kind, QUOTE_NOBODY)
    return f"{name}: {text}" if text and quotes_nobody else name


def _masked(record: logging.LogRecord, line: str) -> str:
    return line if record.levelno < logging.INFO else NUMBER.sub(MASK, line)
