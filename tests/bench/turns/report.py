"""From the records of a run to its tables, its JSON and its picture."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tests.bench.sides import SIDES
from tests.bench.turns import figures, judging
from tests.bench.turns.goals import FIGURES, Verdict, judge
from tests.bench.turns.phone import phone_was_late
from tests.bench.turns.picture import draw
from tests.bench.turns.results import FOLDER
from tests.bench.turns.statistics import estimate
from tests.bench.turns.table import figures_table, goals_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.bench.sides.stage import Profile
    from tests.bench.sounds import Sound
    from tests.bench.turns.goals import Samples
    from tests.bench.turns.results import Results


def sampled(results: Results, sounds: Sequence[Sound]) -> Samples:
    about = results.about()
    words: dict[str, list[bool]] = about.get("words", {})
    records = [record | {"words_heard": words.get(record["id"], [])} for record in results.records()]
    samples = figures.samples(records, {sound.wav.name: sound for sound in sounds})
    single = {
        name: {side: figures.single(mb) for side, mb in about.get(name, {}).items()} for name in ("memory", "image")
    }
    return {**samples, **single}


def beside(samples: Samples, others: Samples) -> Samples:
    """These, and of the others the sides that these do not have."""
    return {name: {**others.get(name, {}), **samples.get(name, {})} for name in {**others, **samples}}


def tell(profile: str, samples: Samples, problems: Sequence[str]) -> list[Verdict]:
    """Print a profile's tables; goals bind on the fixed delays alone."""
    sides = [side for side in SIDES if any(side in of for of in samples.values())]
    print(f"\n{profile} profile\n\n{figures_table(samples, sides)}")  # noqa: T201 - what this program is for
    for problem in problems:
        print(problem)  # noqa: T201
    verdicts = judge(samples) if profile == "fixed" else []
    if verdicts:
        print(f"\n{goals_table(verdicts)}")  # noqa: T201
    return verdicts


def problems(results: Results, sounds: Sequence[Sound]) -> list[str]:
    """What a reader of the figures should know of: calls not answered, sentences that say nothing, a phone too busy."""
    known = {sound.wav.name: sound for sound in sounds}
    found = []
    for record in results.records():
        name = record["id"]
        if not record.get("line"):
            found.append(f"{name}: {'silent' if 'line' in record else 'not answered: ' + record['phrase']}")
            continue
        if phone_was_late(record):
            found.append(f"{name}: {record['packets_late']} of {record['packets_sent']} packets sent over 20 ms late")
        if record["ended_by"] == "line":
            found.append(f"{name}: the line hung up after {record['ended']:.1f} s")
        turns = figures.turns(record, known, "turn") if record["kind"] == "turns" else []
        found += [
            f"{name}: {what} at {turn.said.first:.1f} s: {turn.said.sound.text}"
            for turn in turns
            if (what := _what(turn))
        ]
    return found


def keep(profiles: Mapping[Profile, Samples], verdicts: Sequence[Verdict], name: str) -> None:
    """`name`.json and `name`.svg, the picture of the first profile."""
    report: dict[str, Any] = {"profiles": {profile: _figures(samples) for profile, samples in profiles.items()}}
    report["goals"] = [_goal(verdict) for verdict in verdicts]
    (FOLDER / f"{name}.json").write_text(json.dumps(report, indent=2) + "\n")
    profile, samples = next(iter(profiles.items()))
    sides = [side for side in SIDES if samples.get("gap", {}).get(side)]
    (FOLDER / f"{name}.svg").write_text(draw(samples, sides, f"Turns, {profile} profile"))


def _what(turn: judging.Turn) -> str:
    if turn.unanswered:
        return "no reply"
    return "the line was still speaking" if turn.disturbed else "cut off" if turn.cut_off else ""


def _figures(samples: Samples) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for figure in FIGURES:
        sides = {side: estimate(calls, figure.statistic) for side, calls in samples.get(figure.samples, {}).items()}
        found[figure.name] = {side: asdict(one) for side, one in sides.items() if one}
    return {"figures": found, "samples": samples}


def _goal(verdict: Verdict) -> dict[str, Any]:
    values = {side: one.value if one else None for side, one in verdict.others.items()}
    return {
        "goal": verdict.goal.figure,
        "bound": str(verdict.goal),
        "ours": asdict(verdict.ours) if verdict.ours else None,
        "others": values,
        "ratio": asdict(verdict.ratio) if verdict.ratio else None,
        "held": bool(verdict.held),
        "why": verdict.why,
    }
