"""Notices tell the line's owner, in the line's language, of a message or of a call that has ended.

A notice is a file for one address, and stays in the outbox until it is delivered, so that none is lost in an outage.
"""

from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from agent import languages
from agent.lines.line import Line
from agent.records.folders import Folders
from agent.records.transcript import Message, Transcript
from agent.storage.private_files import write


class Notice(BaseModel):
    """What is sent to one address; its shape in a file."""

    version: Literal[1] = 1
    to: str  # the address's name in lines/secrets.env
    title: str  # one row
    text: str


def post_message(event: str, message: Message, transcript: Transcript, line: Line, folders: Folders) -> None:
    """Leave a notice about a message for each of the line's addresses."""
    words = languages.message_words(line.language)
    title = words.urgent_title if message.urgent else words.title
    rows = [
        *((words.who, message.who or words.unknown), (words.number, message.number or words.unknown)),
        *((words.about, message.about), (words.urgent, words.yes if message.urgent else words.no)),
        *((words.taken, _moment(message.at, line)), (words.line, line.name)),
        (words.caller, transcript.caller or words.unknown),
    ]
    _post(event, title.format(who=message.who or message.number or words.nobody), rows, line, folders)


def post_call(record: str, transcript: Transcript, line: Line, folders: Folders) -> None:
    """Leave a notice about a call that has ended for each of the line's addresses."""
    words = languages.message_words(line.language)
    fields = transcript.outcome_fields
    rows = [
        *((words.caller, transcript.caller or words.unknown), (words.who, transcript.name or words.unknown)),
        *((words.line, line.name), (words.began, _moment(transcript.started, line))),
        *((words.seconds, f"{transcript.seconds:.0f}"), (words.outcome, transcript.outcome)),
        *((name, _shown(value, words)) for name, value in (fields.values or {}).items()),
        *((words.about, f"{message.about} ({message.who})") for message in transcript.messages),
        *([(words.summary, transcript.summary)] if transcript.summary else []),
    ]
    title = words.call_title.format(who=transcript.name or transcript.caller or words.nobody)
    _post(f"call-ended-{record}", title, rows, line, folders)


def _post(event: str, title: str, rows: list[tuple[str, str]], line: Line, folders: Folders) -> None:
    text = "\n".join(f"{heading}: {_in_one_row(value)}" for heading, value in rows)
    for name in line.messages.addresses:
        notice = Notice(to=name, title=_in_one_row(title), text=text)
        write(folders.notices / f"{event}-{name}.json", notice.model_dump_json())


def _in_one_row(text: str) -> str:
    return " ".join(text.split())


def _shown(value: str | float | bool | None, words: languages.MessageWords) -> str:
    if isinstance(value, bool):
        return words.yes if value else words.no
    return words.unknown if value is None else str(value)


def _moment(written: str, line: Line) -> str:
    """Return an ISO 8601 time as a clock at the line's place shows it."""
    return f"{datetime.fromisoformat(written).astimezone(ZoneInfo(line.timezone)):%Y-%m-%d %H:%M}"
