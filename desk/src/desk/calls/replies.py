"""The gap before each reply, split into its stages, and the sentences of a turn with the time of each."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from desk.records.read import Record
from desk.records.shapes import Latencies, NotedTurn, Turn

# (the field, what it is called, what happens until then)
STAGES = (
    ("transcribed", "Transcribed", "the caller's last words are known as text"),
    ("decided", "Decided", "it is decided that the caller has finished"),
    ("first_token", "First token", "the language model begins to answer"),
    ("first_audio", "First audio", "the caller hears the first sound of the answer"),
)
SENTENCE_END = re.compile(r"(?<=[.!?…])\s+")


@dataclass(frozen=True, slots=True)
class Stage:
    name: str
    seconds: float | None  # that it took after the stage before it; None: not known


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply of the agent; `heard` is the caller's last sound before it, in seconds, None if that is not known."""

    heard: float | None
    stages: list[Stage]
    gap: float | None  # seconds from the caller's last sound to the first sound of the reply
    interrupted: bool


@dataclass(frozen=True, slots=True)
class Sentence:
    text: str
    start: float
    end: float


def replies_of(record: Record) -> list[Reply]:
    """Return the replies whose times are known: from the transcript, or from the note of a call that was not kept."""
    if record.transcript:
        return [_of_turn(turn, turn.latencies) for turn in record.transcript.turns if turn.latencies]
    noted = record.note.turns if record.note else []
    return [Reply(turn.at, _stages(turn), turn.first_audio, turn.interrupted) for turn in noted]


def _of_turn(turn: Turn, latencies: Latencies) -> Reply:
    gap = latencies.first_audio
    heard = None if gap is None else round(turn.start - gap, 2)
    return Reply(heard, _stages(latencies), gap, turn.interrupted)


def _stages(latencies: Latencies | NotedTurn) -> list[Stage]:
    """Split a gap. What was ready before the stage before it, as with an answer prepared in advance, took no time."""
    stages, until = [], 0.0
    for field, name, _ in STAGES:
        reached: float | None = getattr(latencies, field)
        stages.append(Stage(name, None if reached is None else round(max(0.0, reached - until), 3)))
        until = max(until, reached or 0.0)
    return stages


def sentences_of(turn: Turn) -> Iterator[Sentence]:
    """Split a turn into sentences. When each was said is not known: a longer one is taken to have lasted longer."""
    texts = [text for text in SENTENCE_END.split(turn.text.strip()) if text] or [turn.text]
    letters = sum(len(text) for text in texts) or 1
    at, lasted = turn.start, max(0.0, turn.end - turn.start)
    for text in texts:
        until = at + lasted * len(text) / letters
        yield Sentence(text, round(at, 2), round(until, 2))
        at = until
