"""Sounds and calls for the bench's unit tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.bench.sounds import Fragment, Sound


def sound(name: str, kind: str = "turn", *spans: tuple[float, float], held_out: bool = False) -> Sound:
    """Made up; from 0.1 to 1.1 s, if nothing else is said."""
    fragments = tuple(Fragment("words", *span) for span in spans or [(0.1, 1.1)])
    return Sound(name, kind, "nobody", "female", held_out, "words", Path(f"/sounds/{name}.wav"), fragments)


def library() -> list[Sound]:
    counts = {"turn": 7, "pause": 10, "greeting": 3, "barge_in": 2, "noise": 6}
    pauses = [(0.1, 0.6), (1.2, 2.1)]
    return [
        sound(f"{kind}-{number}", kind, *(pauses if kind == "pause" else []), held_out=number % 4 == 0)
        for kind, count in counts.items()
        for number in range(count)
    ]


def record(
    side: str, kind: str, line: list[list[float]], *said: tuple[str, float | None], **more: Any
) -> dict[str, Any]:
    """What is known of a call: the line's spans, and what was said at which second."""
    sayings = [{"sound": f"{name}.wav", "start": start} for name, start in said]
    return {"id": f"{kind}-00-{side}", "side": side, "kind": kind, "invited_at": 1000.0} | {
        "line": line,
        "sayings": sayings,
        **more,
    }
