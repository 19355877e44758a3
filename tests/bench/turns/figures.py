"""From what is known of each call to the samples behind the figures. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.bench.turns import judging

if TYPE_CHECKING:
    from tests.bench.sounds import Sound
    from tests.bench.turns.statistics import Calls

Record = Mapping[str, Any]  # driver.record.record(), with `side`, `kind` and the endpoints' `requests`
Sounds = Mapping[str, "Sound"]  # by their file's name
REQUESTS = ("stt", "llm", "tts")


@dataclass(frozen=True)
class Sampler:
    """Which calls give samples of something, and how."""

    of: str
    kinds: tuple[str, ...]
    take: Callable[[Record, Sounds], list[float]]


def samples(records: Sequence[Record], sounds: Sounds) -> dict[str, dict[str, list[Sequence[float]]]]:
    """What was sampled -> side -> the samples of each call. A call that was not answered has none."""
    found: dict[str, dict[str, list[Sequence[float]]]] = defaultdict(lambda: defaultdict(list))
    for record in records:
        for sampler in SAMPLERS:
            if record["kind"] in sampler.kinds and record.get("line") and (taken := sampler.take(record, sounds)):
                found[sampler.of][record["side"]].append(taken)
    for side, ratios in _second_callers(records).items():
        found["second"][side] = [[ratio] for ratio in ratios]
    return {name: dict(sides) for name, sides in found.items()}


def turns(record: Record, sounds: Sounds, kind: str) -> list[judging.Turn]:
    """The sentences of one kind in a call, with what came of them."""
    line = judging.spans(record)
    judged = [judging.turn(said, line, until) for said, until in _said(record, sounds)]
    return [turn for turn in judged if turn.said.sound.kind == kind]


def _gaps(kind: str) -> Callable[[Record, Sounds], list[float]]:
    return lambda record, sounds: [turn.gap for turn in turns(record, sounds, kind) if turn.gap is not None]


def _cut_off(kind: str, held_out: bool | None = None) -> Callable[[Record, Sounds], list[float]]:
    return lambda record, sounds: [
        float(turn.cut_off)
        for turn in turns(record, sounds, kind)
        if not turn.disturbed and held_out in (None, turn.said.sound.held_out)
    ]


def _false_starts(record: Record, sounds: Sounds) -> list[float]:
    return [float(turn.false_start) for kind in ("turn", "pause") for turn in turns(record, sounds, kind)]


def _unanswered(record: Record, sounds: Sounds) -> list[float]:
    return [float(turn.unanswered) for turn in turns(record, sounds, "turn")]


def _greeting(record: Record, _: Sounds) -> list[float]:
    return [record["line"][0][0]]


def _barge_in(place: slice) -> Callable[[Record, Sounds], list[float]]:
    """Of the phrases at these places among the call's steps: the first is spoken over the greeting."""

    def take(record: Record, sounds: Sounds) -> list[float]:
        line = judging.spans(record)
        said = [entry for entry in judging.sayings(record, sounds)[place] if entry and entry.sound.kind == "barge_in"]
        stopped = [judging.stopped_after(entry, line) for entry in said]
        return [seconds for seconds in stopped if seconds is not None]

    return take


def _false_cuts(record: Record, sounds: Sounds) -> list[float]:
    line, said = judging.spans(record), judging.sayings(record, sounds)
    whole = judging.reply_length(said[0], line) if said and said[0] else None
    if whole is None:
        return []
    noises = [entry for entry in said if entry and entry.sound.kind == "noise"]
    cuts = [judging.falsely_cut(entry, line, whole) for entry in noises]
    return [float(cut) for cut in cuts if cut is not None]


def _requests(kind: str) -> Callable[[Record, Sounds], list[float]]:
    """Between the beginnings of an ordinary sentence and of what is said after it."""

    def take(record: Record, sounds: Sounds) -> list[float]:
        asked = [item["at"] - record["invited_at"] for item in record.get("requests", []) if item["kind"] == kind]
        return [
            float(sum(said.first <= at < until for at in asked))
            for said, until in _said(record, sounds)
            if said.sound.kind == "turn" and "requests" in record
        ]

    return take


def _words(record: Record, _: Sounds) -> list[float]:
    return list(map(float, record.get("words_heard", [])))


ALL = ("turns", "barge-in", "noise", "greeting")
SAMPLERS = (
    Sampler("gap", ("turns",), _gaps("turn")),
    Sampler("gap, pause", ("turns",), _gaps("pause")),
    Sampler("cut off", ("turns",), _cut_off("pause")),
    Sampler("cut off, held out", ("turns",), _cut_off("pause", held_out=True)),
    Sampler("cut off, ordinary", ("turns",), _cut_off("turn")),
    Sampler("cut off, dictated", ("dictation",), _cut_off("dictation")),
    Sampler("gap, dictated", ("dictation",), _gaps("dictation")),
    Sampler("false start", ("turns",), _false_starts),
    Sampler("unanswered", ("turns",), _unanswered),
    Sampler("greeting", ALL, _greeting),
    Sampler("barge-in", ("barge-in",), _barge_in(slice(1, None))),
    Sampler("barge-in, greeting", ("barge-in",), _barge_in(slice(0, 1))),
    Sampler("false cut", ("noise",), _false_cuts),
    Sampler("words", ("greeting",), _words),
    *(Sampler(kind, ("turns",), _requests(kind)) for kind in REQUESTS),
)


def single(value: float) -> Calls:
    """A figure that is measured once."""
    return [[value]]


def _said(record: Record, sounds: Sounds) -> list[tuple[judging.Said, float]]:
    """What was said in a call, each with the time at which something else was."""
    said = [entry for entry in judging.sayings(record, sounds) if entry]
    ends = [*(entry.first for entry in said), float("inf")][1:]
    return list(zip(said, ends, strict=False))


def _second_callers(records: Iterable[Record]) -> dict[str, list[float]]:
    """First greeting audio of a caller while another is greeted, to that of the other."""
    firsts = {
        record["id"]: record["line"][0][0] for record in records if record["kind"] == "second" and record.get("line")
    }
    ratios: dict[str, list[float]] = defaultdict(list)
    for name, seconds in firsts.items():
        first = firsts.get(name.replace("-other-", "-first-"))
        if "-other-" in name and first:
            ratios[name.rsplit("-", 1)[1]].append(seconds / first)
    return ratios
