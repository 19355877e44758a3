"""What came of each thing said in a call, from where both sides spoke. Pure; times are seconds since the INVITE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.bench.sounds import Sound

REPLY_WITHIN = 6.0  # s; no reply by then counts as one that came then
# s. Hearing, thinking and speaking cannot follow the last sound so soon: the reply was to what came before a pause, and
# only began to sound after it. People leave about as much between turns.
FORESTALLED = 0.2
BROKE_OFF = 0.5  # s; shorter than that, and followed by more, is no reply but the beginning of one
STOPPED_WITHIN = 3.0  # s; a line that talks on past a barge-in counts as stopping then
BREATH = 0.4  # s of silence inside a reply; a longer one ends it
# s. An agent that falls silent at a sound, and then goes on where it was, has listened, as people do. One that takes
# longer than this, or starts anew, or never goes on, was cut by the sound.
GOES_ON_WITHIN = 1.5

Span = tuple[float, float]


@dataclass(frozen=True)
class Said:
    """One thing said, and when its first and its last sound were."""

    sound: Sound
    first: float
    last: float


@dataclass(frozen=True)
class Turn:
    """A sentence, and the line's answer to it."""

    said: Said
    gap: float | None  # None: nothing that could be called one, see the two below
    cut_off: bool = False  # the line began to speak before the sentence had ended, or answered only a part of it
    disturbed: bool = False  # the line was speaking when the sentence began; it says nothing of anything
    false_start: bool = False  # the line made a sound, fell silent and began again; the gap is to what it went on with
    unanswered: bool = False


def sayings(record: Mapping[str, Any], sounds: Mapping[str, Sound]) -> list[Said | None]:
    """One a step of the talk, None for what could not be said."""
    return [
        None if entry["start"] is None else _said(entry["start"], sounds[entry["sound"]])
        for entry in record.get("sayings", [])
    ]


def spans(record: Mapping[str, Any]) -> list[Span]:
    return [(start, end) for start, end in record.get("line", [])]


def turn(said: Said, line: list[Span], until: float = float("inf")) -> Turn:
    """`until`: the first sound of what was said next; a reply from then on is not to this."""
    if any(start <= said.first < end for start, end in line):
        return Turn(said, None, disturbed=True)
    if any(said.first < start < said.last + FORESTALLED for start, _ in line):
        return Turn(said, None, cut_off=True)
    replies = [span for span in line if said.last <= span[0] < until]
    lasting = [span for span in replies if span[1] - span[0] >= BROKE_OFF] or replies
    gap = min(lasting[0][0] - said.last if lasting else REPLY_WITHIN, REPLY_WITHIN)
    return Turn(said, gap, false_start=lasting != replies, unanswered=gap == REPLY_WITHIN)


def stopped_after(said: Said, line: list[Span]) -> float | None:
    """From the first sound of a barge-in to the line silent; None if the line was not speaking then."""
    running = [end for start, end in line if start <= said.first < end]
    return min(running[0] - said.first, STOPPED_WITHIN) if running else None


def reply_length(said: Said, line: list[Span]) -> float | None:
    """Of a reply that nobody disturbed."""
    reply = [end - start for start, end in _joined(line) if start >= said.last]
    return reply[0] if reply else None


def falsely_cut(noise: Said, line: list[Span], whole: float) -> bool | None:
    """Whether less was heard of the reply, after a noise, than the `whole` of an undisturbed one."""
    running = [(start, end) for start, end in _joined(line, GOES_ON_WITHIN) if start <= noise.first < end]
    if not running:
        return None
    first, last = running[0]
    return sum(end - start for start, end in line if first <= start and end <= last) < whole - BREATH


def _said(start: float, sound: Sound) -> Said:
    return Said(sound, start + sound.fragments[0].start, start + sound.fragments[-1].end)


def _joined(line: list[Span], within: float = BREATH) -> list[Span]:
    joined: list[Span] = []
    for start, end in line:
        if joined and start - joined[-1][1] <= within:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined
