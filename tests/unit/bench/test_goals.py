"""Which goals are held."""

import math

import pytest

from tests.bench.turns.goals import CUT_OFF, FIGURES, GOALS, Goal, Verdict, judge
from tests.bench.turns.table import figures_table, goals_table

MET = {
    "gap": {"ours": 0.9, "article": 1.7, "pipecat": 1.5},
    "cut off": {"ours": 0.1, "article": 0.3, "pipecat": 0.5},
    "greeting": {"ours": 0.6, "article": 1.2},
    "words": {"ours": 0.97},
    "barge-in": {"ours": 0.4},
    "barge-in, greeting": {"ours": 0.44},
    "false cut": {"ours": 0.1, "article": 0.2, "pipecat": 0.1},
    "stt": {"ours": 1.9},
    "llm": {"ours": 1.2},
    "tts": {"ours": 2.0},
    "memory": {"ours": 250.0, "article": 530.0},
    "second": {"ours": 1.02},
    "image": {"ours": 400.0, "article": 600.0},
}


@pytest.fixture(autouse=True)
def few_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every side has one call here, which is what is drawn each time, however often."""
    monkeypatch.setattr("tests.bench.turns.statistics.ROUNDS", 20)


def judged(**changes: dict[str, float]) -> list[Verdict]:
    values = {**MET, **{name.replace("_", " "): sides for name, sides in changes.items()}}
    return judge({name: {side: [[value]] for side, value in sides.items()} for name, sides in values.items()})


def test_figures_that_reach_every_goal_hold_all_but_the_tails() -> None:
    """In these the 95th percentile is the median, and ours is to be further ahead there."""
    missed = {verdict.goal for verdict in judged() if not verdict.held}
    assert missed == {Goal("turn gap p95", 0.42, ("article",), provided=(CUT_OFF,))}


def test_every_goal_is_about_a_figure_that_is_taken() -> None:
    assert {goal.figure for goal in GOALS} <= {figure.name for figure in FIGURES}


@pytest.mark.parametrize(("share", "held"), [(0.15, True), (0.16, False)])
def test_ours_may_cut_off_half_of_what_the_article_s_agent_does(share: float, held: bool) -> None:
    against_p = next(verdict for verdict in judged(cut_off=MET["cut off"] | {"ours": share}) if _is(verdict, CUT_OFF))
    assert against_p.held is held
    assert against_p.ratio
    assert math.isclose(against_p.ratio.value, share / 0.3)


def test_a_short_gap_bought_with_cut_offs_does_not_count() -> None:
    verdicts = judged(cut_off={"ours": 0.4, "article": 0.3, "pipecat": 0.5})
    gap = next(verdict for verdict in verdicts if _is(verdict, "turn gap p50"))
    assert gap.held is False
    assert CUT_OFF in gap.why


def test_who_cuts_nobody_off_is_held_to_the_same() -> None:
    verdicts = judged(cut_off={"ours": 0.0, "article": 0.0, "pipecat": 0.0})
    assert all(verdict.held for verdict in verdicts if _is(verdict, CUT_OFF))
    verdicts = judged(cut_off={"ours": 0.01, "article": 0.0, "pipecat": 0.5})
    assert [verdict.held for verdict in verdicts if _is(verdict, CUT_OFF)] == [False, True]


def test_two_others_mean_the_lower_of_them() -> None:
    verdicts = judged(false_cut={"ours": 0.15, "article": 0.2, "pipecat": 0.1})
    assert next(verdict for verdict in verdicts if _is(verdict, "false cuts on noise")).held is False


def test_what_was_not_measured_is_not_held() -> None:
    verdicts = judged(greeting={"ours": 0.6})
    greeting = next(verdict for verdict in verdicts if _is(verdict, "first greeting audio p50"))
    assert greeting.held is None
    assert "not measured" in goals_table([greeting])


def test_the_tables_have_a_row_a_goal_and_a_row_a_figure() -> None:
    assert len(goals_table(judged()).splitlines()) == 1 + len(GOALS)
    samples = {name: {side: [[value]] for side, value in sides.items()} for name, sides in MET.items()}
    table = figures_table(samples, ("ours", "article", "pipecat"))
    assert table.splitlines()[1].split() == ["turn", "gap", "p50,", "s", "0.90", "n=1", "1.70", "n=1", "1.50", "n=1"]


def _is(verdict: Verdict, figure: str) -> bool:
    return verdict.goal.figure == figure
