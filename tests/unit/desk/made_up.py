"""Made-up calls on the disk, as the agent leaves them."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from desk.records.folders import Folders
from desk.records.name import CallName

if TYPE_CHECKING:
    from pathlib import Path

CALLER = "+12025550123"


def named(record: str = "2026-11-25_142233-1f2e3d", line: str = "coffee") -> CallName:
    """Return the name of a call."""
    name = CallName.of_record(line, record)
    assert name
    return name


def transcript_of(name: CallName, /, **more: Any) -> dict[str, Any]:
    """Return the content of a transcript of a short call."""
    return {
        "version": 1,
        "line": name.line,
        "call": "SCL_9aXk2",
        "started": name.began.isoformat(timespec="milliseconds"),
        "ended": name.began.isoformat(timespec="milliseconds"),
        "seconds": 41.3,
        "language": "en",
        "caller": CALLER,
        "name": "Ada",
        "dialled": "+12025550100",
        "direction": "inbound",
        "order": "",
        "outcome": "the caller hung up",
        "turns": [
            {"who": "agent", "text": "Hello, this is the coffee bar.", "start": 0.1, "end": 3.0},
            {"who": "caller", "text": "Do you roast Yirgacheffe?", "start": 4.2, "end": 6.0},
            {
                "who": "agent",
                "text": "Yes, every Tuesday.",
                "start": 7.1,
                "end": 9.0,
                "interrupted": True,
                "latencies": {"transcribed": 0.4, "decided": 0.6, "first_token": 0.7, "first_audio": 1.1},
            },
        ],
        "tool_calls": [{"name": "search_facts", "arguments": {"about": "roast"}, "result": "on Tuesdays", "at": 6.6}],
        "actions": [{"what": "book_table", "outcome": "done", "at": 12.0}],
        "keys": [{"keys": "4711#", "start": 20.1, "end": 22.0}],
        "transfers": [{"to": "Grace", "kind": "warm", "outcome": "busy", "at": name.began.isoformat(), "seconds": 0}],
        "messages": [],
        "outcome_fields": {"values": {"reason": "order", "guests": 4}, "left_out": []},
        "summary": "The caller asked for a roast.",
        "models": {"stt": "openai/whisper", "llm": "openai/gpt", "tts": "openai/voice"},
        **more,
    }


def note_of(name: CallName, /, **more: Any) -> dict[str, Any]:
    """Return the content of the note of that call, which has none of its words."""
    facts = transcript_of(name, turns=[], tool_calls=[], actions=[], keys=[], messages=[], summary=None)
    facts["outcome_fields"] = {"values": None, "left_out": []}
    facts |= {key: value for key, value in more.items() if key in facts}
    return {
        "version": 1,
        "record": name.record,
        "transcript": facts,
        "came_by": "phone",
        "kept": True,
        "rejected": "",
        "draft": "",
        "greeted_after": 0.61,
        "turns": [
            {
                "at": 7.1,
                "transcribed": 0.4,
                "decided": 0.6,
                "first_token": 0.7,
                "first_audio": 1.1,
                "interrupted": False,
            }
        ],
        "tools": [{"name": "search_facts", "seconds": 0.2, "failed": False}],
        "usage": [
            {"kind": "llm", "provider": "openai", "model": "gpt", "requests": 3, "errors": 0, "input_tokens": 812},
        ],
        "cost": {
            "currency": "USD",
            "total": 0.0123,
            "parts": [{"kind": "llm", "provider": "openai", "model": "gpt", "amount": 0.0123}],
        },
        **{key: value for key, value in more.items() if key not in facts},
    }


def put_note(data: Path, name: CallName, /, content: Any = None, **more: Any) -> Path:
    """Write the note of a call; `content` is written instead, as it is if it is bytes."""
    return _write(Folders(data).note_of(name), note_of(name, **more) if content is None else content)


def put_record(data: Path, name: CallName, /, content: Any = None, audio: bytes | None = b"OggS", **more: Any) -> Path:
    """Write the record of a call, and return its folder; `content` is written as its transcript instead."""
    folder = Folders(data).record_of(name)
    _write(folder / "transcript.json", transcript_of(name, **more) if content is None else content)
    if audio is not None:
        _write(folder / "audio.ogg", audio)
    return folder


def put_message(data: Path, name: CallName, /, which: int = 1, **more: Any) -> Path:
    """Write a message that was taken in a call, and return its folder."""
    folder = Folders(data).record_of(name)
    folder = folder.with_name(f"{folder.name}-message-{which}")
    message = {
        "who": "Anna",
        "number": CALLER,
        "about": "the grinder",
        "urgent": True,
        "at": "2026-11-25T14:23:00+00:00",
    }
    _write(folder / "message.json", message | more)
    return folder


def put_news(data: Path, name: str, line: str = "coffee", where: str = ".") -> Path:
    """Write a file into the outbox."""
    return _write(data / "outbox" / line / where / name, {"id": name})


def settle(data: Path) -> None:
    """Make everything look as if it had been written an hour ago, so that a scan believes the folders' times."""
    for path in sorted(data.rglob("*"), reverse=True):
        seen = path.lstat()
        before = seen.st_mtime_ns - 3_600_000_000_000
        os.utime(path, ns=(before, before), follow_symlinks=False)


def _write(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path
