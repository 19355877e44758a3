"""Made-up notes of calls."""

from __future__ import annotations

import json
import secrets
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


def note(started: str = "2026-11-25T14:22:33+00:00", **changes: Any) -> dict[str, Any]:
    """The note of a call with one reply, which was heard, thought and spoken by models of OpenAI's."""
    return {
        "version": 1,
        "record": "2026-11-25_142233-1f2e3d",
        "transcript": {
            "version": 1,
            "line": "coffee",
            "started": started,
            "seconds": 90.0,
            "outcome": "goodbye",
            "models": {"stt": "openai/hears", "llm": "openai/thinks", "tts": "openai/speaks"},
        },
        "came_by": "phone",
        "kept": True,
        "rejected": "",
        "draft": "",
        "greeted_after": 0.61,
        "turns": [
            {
                "at": 3.2,
                "transcribed": 0.2,
                "decided": 0.5,
                "first_token": 0.9,
                "first_audio": 1.2,
            }
        ],
        "interruptions": 2,
        "tools": [],
        "usage": [
            {"kind": "llm", "provider": "openai", "model": "thinks", "requests": 2, "errors": 1, "input_tokens": 1000}
        ],
        "cost": {"currency": "USD", "total": 0.01, "parts": []},
        **changes,
    }


def write(data: Path, given: dict[str, Any] | str, line: str = "coffee", started: str = "") -> Path:
    """Write a note where the agent does; a string is written as it is."""
    moment = started or (given["transcript"]["started"] if isinstance(given, dict) else "2026-11-25T14:22:33+00:00")
    at = datetime.fromisoformat(moment)
    folder = data / "noted" / line / f"{at:%Y-%m-%d}"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{at:%H%M%S}-{secrets.token_hex(3)}.json"
    path.write_text(given if isinstance(given, str) else json.dumps(given))
    return path
