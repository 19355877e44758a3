"""What is to be reached, and whether it was. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.bench.turns.statistics import Calls, Estimate, Statistic, estimate, mean, p50, p95, ratio

NAMES = {"ours": "ours", "article": "P", "pipecat": "K"}
EXACT = 1e-9  # a share is a sum of floats


@dataclass(frozen=True)
class Figure:
    """Something measured on every side. `samples` names what it is made of, see figures.py."""

    name: str
    unit: str
    samples: str
    statistic: Statistic


@dataclass(frozen=True)
class Goal:
    """Ours at most `limit`, or `limit` times the lowest of `against`. `provided`: figures whose goals must hold too."""

    figure: str
    limit: float
    against: tuple[str, ...] = ()
    at_least: bool = False
    provided: tuple[str, ...] = ()

    def __str__(self) -> str:
        sign = ">=" if self.at_least else "<="
        sides = " and ".join(NAMES[side] for side in self.against)
        if len(self.against) > 1:
            return f"{sign} lower of {sides}"
        return f"{sign} {self.limit:.2f}" + (f" x {sides}" if sides else "")


CUT_OFF = "pause sentences cut off"

FIGURES = (
    Figure("turn gap p50", "s", "gap", p50),
    Figure("turn gap p95", "s", "gap", p95),
    Figure(CUT_OFF, "%", "cut off", mean),
    Figure("first greeting audio p50", "s", "greeting", p50),
    Figure("words over the greeting heard", "%", "words", mean),
    Figure("barge-in p50", "s", "barge-in", p50),
    Figure("barge-in, greeting, p50", "s", "barge-in, greeting", p50),
    Figure("false cuts on noise", "%", "false cut", mean),
    Figure("STT requests a turn", "", "stt", mean),
    Figure("LLM requests a turn", "", "llm", mean),
    Figure("TTS requests a turn", "", "tts", mean),
    Figure("idle memory", "MB", "memory", mean),
    Figure("second caller's greeting / first's", "", "second", mean),
    Figure("image above its base", "MB", "image", mean),
    # Without a goal of their own:
    Figure("gap after a pause sentence p50", "s", "gap, pause", p50),
    Figure("gap after a pause sentence p95", "s", "gap, pause", p95),
    Figure("ordinary sentences cut off", "%", "cut off, ordinary", mean),
    Figure("replies begun, broken off, begun again", "%", "false start", mean),
    Figure("no reply in 6 s", "%", "unanswered", mean),
    Figure("numbers, names and addresses read out in pieces that are cut off", "%", "cut off, dictated", mean),
    Figure("gap after them p50", "s", "gap, dictated", p50),
    Figure("held-out sentences cut off", "%", "cut off, held out", mean),
)

GOALS = (
    Goal("turn gap p50", 0.60, ("article",), provided=(CUT_OFF,)),
    Goal("turn gap p95", 0.42, ("article",), provided=(CUT_OFF,)),
    Goal("turn gap p50", 0.70, ("pipecat",), provided=(CUT_OFF,)),
    Goal("turn gap p95", 0.85, ("pipecat",), provided=(CUT_OFF,)),
    Goal(CUT_OFF, 1 / 2, ("article",)),
    Goal(CUT_OFF, 1 / 3, ("pipecat",)),
    Goal("first greeting audio p50", 0.60, ("article",)),
    Goal("words over the greeting heard", 0.95, at_least=True),
    Goal("barge-in p50", 0.45),
    Goal("barge-in, greeting, p50", 0.45),
    Goal("false cuts on noise", 1.0, ("article", "pipecat")),
    Goal("STT requests a turn", 2.0),
    Goal("LLM requests a turn", 1.5),
    Goal("TTS requests a turn", 2.5),
    Goal("idle memory", 0.55, ("article",)),
    Goal("second caller's greeting / first's", 1.10),
    Goal("image above its base", 0.75, ("article",)),
)

Samples = Mapping[str, Mapping[str, Calls]]  # of what, on which side


@dataclass(frozen=True)
class Verdict:
    """A goal, with what was measured: ours, what it is compared with, their ratio. `held` None: not measured."""

    goal: Goal
    ours: Estimate | None
    others: Mapping[str, Estimate | None]
    ratio: Estimate | None
    held: bool | None
    why: str = ""


def judge(samples: Samples, goals: Sequence[Goal] = GOALS, figures: Sequence[Figure] = FIGURES) -> list[Verdict]:
    known = {figure.name: figure for figure in figures}
    verdicts = [_judged(goal, known[goal.figure], samples) for goal in goals]
    failed = {verdict.goal.figure for verdict in verdicts if not verdict.held}
    return [_provided(verdict, failed) for verdict in verdicts]


def _judged(goal: Goal, figure: Figure, samples: Samples) -> Verdict:
    of = samples.get(figure.samples, {})
    ours = estimate(of.get("ours", []), figure.statistic)
    others = {side: estimate(of.get(side, []), figure.statistic) for side in goal.against}
    measured = [other.value for other in others.values() if other]
    compared = ratio(of.get("ours", []), of.get(goal.against[0], []), figure.statistic) if goal.against else None
    if ours is None or len(measured) < len(goal.against):
        return Verdict(goal, ours, others, compared, None, "not measured")
    bound = goal.limit * min(measured, default=1.0)
    held = ours.value >= bound - EXACT if goal.at_least else ours.value <= bound + EXACT
    return Verdict(goal, ours, others, compared, held)


def _provided(verdict: Verdict, failed: set[str]) -> Verdict:
    """A short gap bought with cut-offs is none."""
    if verdict.held and (missing := failed.intersection(verdict.goal.provided)):
        why = f"does not count: {', '.join(sorted(missing))}"
        return Verdict(verdict.goal, verdict.ours, verdict.others, verdict.ratio, False, why)
    return verdict
