"""`python -m tests.bench capacity`: more and more callers at once, until an agent does not serve them well."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tests.bench.capacity import levels
from tests.bench.footprint import cpu_seconds
from tests.bench.sides import NUMBERS, stage
from tests.bench.sounds import load
from tests.bench.turns import figures, run
from tests.bench.turns.command import SET
from tests.bench.turns.driver.talk import Step, Talk
from tests.bench.turns.goals import NAMES, Figure, Goal, Verdict, judge
from tests.bench.turns.line import bench_line
from tests.bench.turns.phone import Phone
from tests.bench.turns.results import FOLDER, MixedError, Results
from tests.bench.turns.statistics import mean
from tests.bench.turns.table import aligned, goals_table

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from tests.bench.sides import Stage
    from tests.bench.sounds import Sound

SIDES = ("ours", "article")
TURNS = 4  # a caller
STAGGER = 0.7  # s between two callers' dialling
ATTEMPTS = 2  # a level that is not held is tried once more, on either side
MOST_ATTEMPTS = 4  # with those in which the phone itself was late
CANDIDATES, A_CALL = 16, 8  # sentences that are tried first, and how many in a call
FIGURE = Figure("calls at once within the limits", "", "calls", mean)
GOAL = Goal(FIGURE.name, 1.5, ("article",), at_least=True)


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    capacity = commands.add_parser("capacity", help="how many callers at once ours and the article's agent serve well")
    capacity.add_argument("--most", type=int, default=levels.STEPS[-1], help="callers at once (%(default)s)")
    capacity.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help=SET)
    capacity.add_argument("--fresh", action="store_true", help="forget what a run before has measured")
    capacity.set_defaults(main=main)


def main(given: argparse.Namespace) -> int:
    sounds = {sound.wav.name: sound for sound in load()}
    results = Results("capacity")
    if given.fresh:
        results.forget()
    try:
        _measure(given, sounds, results)
    except MixedError as mixed:
        sys.exit(f"{mixed}. --fresh forgets them.")
    return 0 if _tell(results, sounds).held else 1


def _measure(given: argparse.Namespace, sounds: Mapping[str, Sound], results: Results) -> None:
    steps = [step for step in levels.STEPS if step <= given.most]
    if not any(_callers_next(results, sounds, side, steps) for side in SIDES):
        return
    # The machine is to say no, not the setting.
    open_to_all = [f"MAX_CONCURRENT_CALLS={levels.STEPS[-1]}", *given.set]
    with (
        bench_line(open_to_all) as line,
        stage(line) as up,
        Phone(line, next(iter(sounds.values())).wav.parent) as phone,
    ):
        images = run.images(up, SIDES)
        results.must_be(settings=given.set, **{f"image of {side}": images[side] for side in SIDES})
        if "sentences" not in results.about():
            results.note(sentences=_sentences(phone, sounds))
        backwards = False
        while sides := [side for side in SIDES if _callers_next(results, sounds, side, steps)]:
            for side in sides[::-1] if backwards else sides:
                callers = _callers_next(results, sounds, side, steps)
                results.add([_at_once(up, phone, side, callers, results.about()["sentences"])])
                print(_row(levels.level(results.records()[-1], sounds)), file=sys.stderr, flush=True)  # noqa: T201
            backwards = not backwards


def _callers_next(results: Results, sounds: Mapping[str, Sound], side: str, steps: Sequence[int]) -> int:
    """How many callers to try next; 0: this side is done."""
    runs = [levels.level(one, sounds) for one in results.records() if one["side"] == side]
    for callers in steps:
        tried = [one for one in runs if one.callers == callers]
        if any(not one.exceeded for one in tried):
            continue
        counted = [one for one in tried if not one.phone_late]
        return callers if len(counted) < ATTEMPTS and len(tried) < MOST_ATTEMPTS else 0
    return 0


def _sentences(phone: Phone, sounds: Mapping[str, Sound]) -> list[str]:
    candidates = [name for name, sound in sounds.items() if sound.kind == "turn"][:CANDIDATES]
    gaps: dict[str, list[float]] = {name: [] for name in candidates}
    for side in SIDES:
        for start in range(0, len(candidates), A_CALL):
            steps = tuple(Step(name) for name in candidates[start : start + A_CALL])
            [record] = phone.hold([Talk(f"alone-{start}-{side}", NUMBERS[side], steps)])
            for turn in figures.turns(record, sounds, "turn"):
                gaps[turn.said.sound.wav.name].append(float("inf") if turn.gap is None else turn.gap)
    return levels.quickest(gaps, TURNS)


def _at_once(up: Stage, phone: Phone, side: str, callers: int, sentences: Sequence[str]) -> dict[str, Any]:
    """Everything kept of one run at one level."""
    talks = [
        Talk(
            id=f"{side}-{callers}-{number}",
            number=NUMBERS[side],
            steps=tuple(Step(sentences[(number + turn) % len(sentences)]) for turn in range(TURNS)),
            caller=f"+155555502{number:02d}",
            delay=number * STAGGER,
        )
        for number in range(callers)
    ]
    container = up.containers[side]
    before, began, used = container.memory, time.monotonic(), cpu_seconds(container.id)
    during: list[int] = []
    # Once everybody has been greeted, and before the first hangs up.
    sample = threading.Timer(callers * STAGGER + 8, lambda: during.append(container.memory))
    sample.start()
    records = phone.hold(talks)
    cpu = (cpu_seconds(container.id) - used) / (time.monotonic() - began)
    sample.join()
    time.sleep(3)  # jobs end, and warm ones are made again
    memory = (max(during, default=before) - before) / 1e6
    return {"id": f"{side}-{callers}", "side": side, "cpu": cpu, "memory": memory, "records": records}


def _tell(results: Results, sounds: Mapping[str, Sound]) -> Verdict:
    runs = [levels.level(one, sounds) for one in results.records()]
    chosen = levels.best(runs)
    header = ["", "callers", "p50 s", "p95 s", "hole s", "cores a call", "MB a call", ""]
    print(aligned([header, *(_cells(one) for one in chosen.values())]))  # noqa: T201 - what this program is for
    most = {side: levels.held(chosen, side) for side in SIDES}
    cores = os.cpu_count() or 1
    for side, calls in most.items():
        print(f"{NAMES[side]} holds {calls} calls at once, {calls / cores:.1f} a core, everything on {cores} cores")  # noqa: T201
    [verdict] = judge({"calls": {side: [[calls]] for side, calls in most.items() if calls}}, [GOAL], [FIGURE])
    print(goals_table([verdict], [FIGURE]))  # noqa: T201
    report = {"calls": most, "held": bool(verdict.held), "levels": [asdict(one) | _limits(one) for one in runs]}
    (FOLDER / "capacity.json").write_text(json.dumps(report, indent=2) + "\n")
    return verdict


def _limits(one: levels.Level) -> dict[str, Any]:
    return {"p50": one.p50, "p95": one.p95, "exceeded": one.exceeded}


def _row(one: levels.Level) -> str:
    return "  ".join(_cells(one))


def _cells(one: levels.Level) -> list[str]:
    numbers = [f"{one.p50:.2f}", f"{one.p95:.2f}", f"{one.hole:.2f}"]
    shares = [f"{one.cpu / one.callers:.2f}", f"{one.memory / one.callers:.0f}"]
    return [NAMES[one.side], str(one.callers), *numbers, *shares, ", ".join(one.exceeded) or "held"]
