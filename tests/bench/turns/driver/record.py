"""What is kept of a call: where each side spoke, raw enough that a figure can be defined anew without a new call."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from phone.report.measure import measure
from phone.report.observation import observe
from phone.sound.listening import speech

if TYPE_CHECKING:
    from phone.wire.rtp import Playback
    from tests.bench.turns.driver.caller import Held


def record(held: Held) -> dict[str, Any]:
    """Times are seconds since the INVITE, and `invited_at` is that moment as seconds since the epoch.

    `line` are the spans in which the line spoke (`phone.sound.listening`: pauses under 0.3 s are inside), each
    [start, end]. `sayings` has one entry a step: `sound` (the file), and `start`, when its first sample was sent; null
    if it could not be said. Runs in the loop of the call.
    """
    if held.call is None:
        refused = held.refused
        status, phrase = (refused.status, str(refused)) if refused else (None, "")
        return {"id": held.talk.id, "invited_at": time.time(), "status": status, "phrase": phrase}
    seen, zero = observe(held.call), held.call.progress.invited
    counters = seen.counters
    return {
        "id": held.talk.id,
        "invited_at": round(time.time() - asyncio.get_running_loop().time() + zero, 3),
        "status": seen.status,
        "phrase": seen.phrase,
        "answered": _rounded(seen.answered),
        "line": [[_rounded(span.start), _rounded(span.end)] for span in speech(seen.line.pcm)],
        "sayings": [
            {"sound": step.sound, "start": _rounded(playback.started - zero if playback and playback.started else None)}
            for step, playback in zip(held.talk.steps, _padded(held), strict=True)
        ],
        "longest_hole": _rounded(measure(seen).longest_hole),
        "ended": _rounded(seen.ended.at if seen.ended else None),
        "ended_by": seen.ended.by if seen.ended else None,
        "ran_out": held.ran_out,
        "packets_sent": counters.sent,
        "packets_late": counters.sent_late,
        "worst_send_delay": _rounded(counters.worst_send_delay),
    }


def _padded(held: Held) -> list[Playback | None]:
    """A call that ran out of time has steps it never came to."""
    return held.said + [None] * (len(held.talk.steps) - len(held.said))


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), 3)
