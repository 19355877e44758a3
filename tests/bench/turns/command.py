"""`python -m tests.bench turns`: the run as a whole."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.bench.sides import SIDES, stage
from tests.bench.sounds import load
from tests.bench.turns import report, run
from tests.bench.turns.line import bench_line
from tests.bench.turns.plan import EMBEDDED, FIXED, Size, at_most, plan
from tests.bench.turns.results import MixedError, Results

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from tests.bench.sides.stage import Profile
    from tests.bench.sounds import Sound
    from tests.bench.turns.plan import Group

SET = "a setting of ours, of .env (in capitals) or of line.toml; repeatable"
SIZES: dict[Profile, Size] = {"fixed": FIXED, "embedded": EMBEDDED}


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    turns = commands.add_parser("turns", help="ours, the article's agent and Pipecat's, call by call")
    turns.add_argument("--profile", choices=[*SIZES, "both"], default="both")
    turns.add_argument("--turns", type=int, help="ordinary sentences a side (100, embedded 30)")
    turns.add_argument("--pauses", help="sentences with a pause a side, or all")
    turns.add_argument("--sides", default=",".join(SIDES), help="(%(default)s)")
    turns.add_argument("--only", help="kinds of calls: turns, barge-in, noise, greeting, second; comma between them")
    turns.add_argument("--calls", type=int, help="at most so many of each kind a side: for a look")
    turns.add_argument("--together", action="store_true", help="all sides at the same time: quicker, for tuning")
    which = turns.add_mutually_exclusive_group()
    which.add_argument(
        "--tuning", dest="which", action="store_const", const="tuning", help="leave out what is held out"
    )
    which.add_argument("--held-out", dest="which", action="store_const", const="held-out", help="only that")
    which.add_argument("--all", dest="which", action="store_const", const="", help="every sound (the default)")
    turns.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help=SET)
    turns.add_argument("--name", default="", help="keep the results apart from others, under this name")
    against = "the sides not called are those of that run (turns-tuning-NAME), for a look while tuning"
    turns.add_argument("--against", metavar="RUN", help=against)
    turns.add_argument("--fresh", action="store_true", help="forget what a run before has measured")
    turns.set_defaults(main=main, which="")


def main(given: argparse.Namespace) -> int:
    name = "-".join(filter(None, ("turns", given.which, given.name)))
    sounds = [sound for sound in load() if _wanted(sound, given.which)]
    profiles: list[Profile] = list(SIZES) if given.profile == "both" else [given.profile]
    samples, verdicts = {}, []
    for profile in profiles:
        results = Results(f"{name}-{profile}")
        try:
            _measure(given, profile, sounds, results)
        except MixedError as mixed:
            sys.exit(f"{mixed}. --fresh forgets them, --name keeps them apart.")
        samples[profile] = report.sampled(results, sounds)
        if given.against:
            others = report.sampled(Results(f"{given.against}-{profile}"), load())
            samples[profile] = report.beside(samples[profile], others)
    for profile in profiles:
        found = report.problems(Results(f"{name}-{profile}"), sounds)
        verdicts += report.tell(profile, samples[profile], found)
    report.keep(samples, verdicts, name)
    return 0 if all(verdict.held for verdict in verdicts) else 1


def _measure(given: argparse.Namespace, profile: Profile, sounds: Sequence[Sound], results: Results) -> None:
    if given.fresh:
        results.forget()
    sides = [side for side in SIDES if side in given.sides.split(",")]
    left = results.left(_plan(given, profile, sounds, sides))
    if not left:
        return
    with bench_line(given.set) as line, stage(line, profile, sounds) as up:
        results.must_be(
            settings=given.set, **{f"image of {side}": image for side, image in run.images(up, sides).items()}
        )
        if "memory" not in results.about():
            results.note(**run.weigh(up, sides))
        run.make_calls(up, left, sounds, results)
        run.listen(up, results, {sound.wav.name: sound for sound in sounds})


def _plan(given: argparse.Namespace, profile: Profile, sounds: Sequence[Sound], sides: Sequence[str]) -> list[Group]:
    size = SIZES[profile]
    if given.turns is not None:
        size = replace(size, turns=given.turns)
    if given.pauses is not None:
        size = replace(size, pauses=None if given.pauses == "all" else int(given.pauses))
    groups = plan(sounds, sides, size, together=given.together)
    kinds = {"warm-up", *(given.only.split(",") if given.only else (call.kind for group in groups for call in group))}
    return at_most(given.calls, [group for group in groups if group[0].kind in kinds])


def _wanted(sound: Sound, which: str) -> bool:
    return not which or sound.held_out == (which == "held-out")
