"""The figures as the page's charts have them."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from desk.health.charts import MOST_BARS, charts_of, histogram
from desk.health.figures import BIN, Figures
from desk.health.notes import Note
from desk.health.reading import Range
from tests.unit.desk.health.made import note

if TYPE_CHECKING:
    from desk.health.figures import Bins


def of(*days: list[dict[str, Any]]) -> dict[str, Any]:
    found = Range({})
    for number, notes in enumerate(days, 1):
        its = found.days[date(2026, 11, number)] = Figures()
        for one in notes:
            its.count(Note.model_validate(one), 9)
    charts = charts_of(found)
    json.dumps(charts)
    return charts


def test_a_day_without_calls_has_zeros_and_no_percentile() -> None:
    charts = of([note()], [])
    assert charts["days"] == ["2026-11-01", "2026-11-02"]
    assert charts["calls"]["phone"] == [1, 0]
    whole = charts["stages"][0]
    assert whole["p50"] == [pytest.approx(1.2, abs=0.02), None]
    assert (whole["id"], whole["count"], len(charts["stages"])) == ("whole", 1, 5)


def test_nothing_at_all_is_no_error() -> None:
    charts = of([], [])
    assert charts["calls"]["in_all"] == 0
    assert charts["stages"][0]["histogram"]["counts"] == []
    assert (charts["providers"], charts["costs"], charts["rejected"]) == ([], [], [])


def test_a_stage_names_each_model_that_took_part() -> None:
    other = note()
    other["transcript"] = {**other["transcript"], "models": {"llm": "other/thinks"}}
    thinking = next(stage for stage in of([note(), other])["stages"] if stage["id"] == "first_token")
    assert [(its["model"], its["count"]) for its in thinking["models"]] == [("openai/thinks", 1), ("other/thinks", 1)]
    assert thinking["count"] == 2


def test_limits_that_were_reached_are_told_in_words() -> None:
    charts = of([note(rejected="busy"), note(rejected="busy"), note(rejected="something new")])
    assert [(its["meaning"], its["calls"]) for its in charts["rejected"]] == [
        ("too many calls at once", 2),
        ("something new", 1),
    ]
    assert charts["calls"]["rejected"] == [3]
    assert (charts["calls"]["in_all"], charts["calls"]["answered_in_all"]) == (3, 0)


def test_providers_errors_and_costs_are_told_a_day() -> None:
    charts = of([note()], [], [note(), note()])
    [provider] = charts["providers"]
    assert provider["name"] == "openai/thinks"
    assert (provider["requests_by_day"], provider["errors_by_day"]) == ([2, 0, 4], [1, 0, 2])
    assert provider["used"] == {"input_tokens": 3000}
    [cost] = charts["costs"]
    assert cost["by_day"] == [0.01, 0.0, 0.02]


@pytest.mark.parametrize(
    ("bins", "step"),
    [
        (Counter({3: 1}), 0.02),
        (Counter(dict.fromkeys(range(50), 1)), 0.04),
        (Counter(dict.fromkeys(range(100, 200), 1)), 0.2),
        (Counter({3000: 1}), 2.0),
    ],
)
def test_a_histogram_has_few_bars_and_loses_nothing(bins: Bins, step: float) -> None:
    its = histogram(bins)
    assert its["step"] == step
    assert 0 < len(its["counts"]) <= MOST_BARS
    assert sum(its["counts"]) + its["above"] == bins.total()


def test_one_that_hung_does_not_press_the_others_into_one_bar() -> None:
    its = histogram(Counter(dict.fromkeys(range(50), 10)) + Counter({int(60 / BIN): 1}))
    assert its["step"] == 0.04
    assert its["above"] >= 1
