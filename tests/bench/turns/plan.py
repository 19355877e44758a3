"""Who is called when, and what is said: every side gets the same calls, in turn. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import TYPE_CHECKING, Literal, TypeVar

from tests.bench.sides import NUMBERS, SIDES
from tests.bench.turns.driver.talk import Step, Talk

if TYPE_CHECKING:
    from tests.bench.sounds import Sound

Item = TypeVar("Item")

Kind = Literal["warm-up", "turns", "barge-in", "noise", "greeting", "dictation", "second"]

SAYINGS = 8  # a call of turns
BARGE_INS, INTO_REPLY, INTO_GREETING = 3, 1.0, 0.8
NOISES, NOISE_INTO = 5, 0.5
OVER_GREETING = 0.3
PAIRS, SECOND_AFTER = 8, 2.0  # s between the dialling of a first and a second caller


@dataclass(frozen=True)
class Planned:
    """One call to one side."""

    side: str
    kind: Kind
    talk: Talk
    script: str = "brief"  # how the endpoints are to answer in it, see scripts.py


Group = tuple[Planned, ...]  # calls held at the same time
Place = Callable[[str, str], Planned]  # from a side and the call's id


@dataclass(frozen=True)
class Size:
    """How much of each kind. `pauses` None: all there are."""

    turns: int = 100
    pauses: int | None = None
    barge_ins: int = 12  # calls
    greetings: int = 20
    noise: bool = True
    dictations: bool = True
    second: bool = True
    patience: float = 0.6


FIXED = Size()
# The goals do not bind there, the machine is busy with the models, and what they answer cannot be told beforehand.
EMBEDDED = Size(turns=30, pauses=30, barge_ins=0, noise=False, dictations=False, second=False, patience=1.5)


def plan(sounds: Sequence[Sound], sides: Sequence[str], size: Size, *, together: bool = False) -> list[Group]:
    """ABBA: each second call goes through the sides backwards, so that what drifts in a run drifts for all of them."""
    groups: list[Group] = [(warm_up(side, sounds),) for side in sides]
    for number, (name, place) in enumerate(_calls(sounds, size)):
        calls = [place(side, f"{name}-{side}") for side in (sides if number % 2 == 0 else sides[::-1])]
        groups += [tuple(calls)] if together else [(call,) for call in calls]
    if size.second:
        groups += list(_seconds([side for side in sides if side != "pipecat"]))
    return groups


def at_most(calls: int | None, groups: Sequence[Group]) -> list[Group]:
    """So many groups of each kind a side."""
    counts: Counter[tuple[str, str]] = Counter()
    kept = []
    for group in groups:
        key = group[0].kind, group[0].side
        counts[key] += 1
        if calls is None or counts[key] <= calls:
            kept.append(group)
    return kept


def warm_up(side: str, sounds: Sequence[Sound]) -> Planned:
    """A first call after the start finds cold caches; no figure counts it."""
    return _planned("warm-up", [Step(_file(_of(sounds, "turn")[0]))], "brief", Size().patience)(side, f"warm-up-{side}")


def _calls(sounds: Sequence[Sound], size: Size) -> Iterator[tuple[str, Place]]:
    turns, pauses = _of(sounds, "turn"), _of(sounds, "pause")
    asked = cycle(turns)
    steps = [Step(_file(sound)) for sound in _mixed(list(islice(cycle(turns), size.turns)), pauses[: size.pauses])]
    for number, part in enumerate(_parts(steps, SAYINGS)):
        yield f"turns-{number:02d}", _planned("turns", part, "brief", size.patience)
    # A cycle for each, so that either meets every phrase: how soon one is heard depends on its first sound.
    at_the_greeting, at_a_reply = cycle(_of(sounds, "barge_in")), cycle(_of(sounds, "barge_in"))
    for number in range(size.barge_ins):
        steps = [Step(_file(next(at_the_greeting)), INTO_GREETING)]
        for _ in range(BARGE_INS):
            steps += [Step(_file(next(asked))), Step(_file(next(at_a_reply)), INTO_REPLY)]
        yield f"barge-in-{number:02d}", _planned("barge-in", steps, "long", size.patience)
    noises = _of(sounds, "noise") if size.noise else []
    for number, noise in enumerate(_parts(noises, NOISES)):
        steps = [Step(_file(next(asked)))]  # the first reply is left alone: it shows how long one is
        for clip in noise:
            steps += [Step(_file(next(asked))), Step(_file(clip), NOISE_INTO)]
        yield f"noise-{number:02d}", _planned("noise", steps, "long", size.patience)
    for number, sound in enumerate(_of(sounds, "greeting")[: size.greetings]):
        steps = [Step(_file(sound), OVER_GREETING)]
        yield f"greeting-{number:02d}", _planned("greeting", steps, "unhurried", size.patience)
    read_out = [Step(_file(sound)) for sound in _of(sounds, "dictation")] if size.dictations else []
    for number, part in enumerate(_parts(read_out, SAYINGS)):
        yield f"dictation-{number:02d}", _planned("dictation", part, "brief", size.patience)


def _seconds(sides: Sequence[str]) -> Iterator[Group]:
    """A caller greeted while another is. Not for a side whose calls all go to one room."""
    for number in range(PAIRS):
        for side in sides if number % 2 == 0 else sides[::-1]:
            yield tuple(
                Planned(
                    side,
                    "second",
                    Talk(f"second-{number:02d}-{order}-{side}", NUMBERS[side], (), _caller(place), delay, stay=2.0),
                )
                for place, (order, delay) in enumerate((("first", 0.0), ("other", SECOND_AFTER)))
            )


def _planned(kind: Kind, steps: Sequence[Step], script: str, patience: float) -> Place:
    def place(side: str, name: str) -> Planned:
        talk = Talk(name, NUMBERS[side], tuple(steps), _caller(SIDES.index(side)), patience=patience)
        return Planned(side, kind, talk, script)

    return place


def _caller(place: int) -> str:
    return f"+155555501{20 + place}"


def _of(sounds: Iterable[Sound], kind: str) -> list[Sound]:
    return [sound for sound in sounds if sound.kind == kind]


def _file(sound: Sound) -> str:
    return sound.wav.name


def _mixed(some: Sequence[Sound], others: Sequence[Sound]) -> list[Sound]:
    """Spread evenly over each other, so that each call has its share of both."""
    placed = [((place + 0.5) / len(part), sound) for part in (some, others) for place, sound in enumerate(part)]
    return [sound for _, sound in sorted(placed, key=lambda item: item[0])]


def _parts(items: Sequence[Item], size: int) -> list[Sequence[Item]]:
    return [items[start : start + size] for start in range(0, len(items), size)]
