"""The figures of a run: word error rates, times, and the differences between the models. Pure."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from tests.bench.hearing.words import wrong_words
from tests.bench.turns.statistics import Estimate, Values, estimate, p50, p95
from tests.bench.turns.table import aligned

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.bench.turns.statistics import Statistic

Record = dict[str, Any]  # an utterance and what each model heard of it: a row of results/hearing.jsonl


def error_rate(words: Values) -> float:
    """Return the share of wrong words among those said; a row of `words` has both numbers of one utterance."""
    return float(words[:, 0].sum() / words[:, 1].sum())


def error_table(records: Sequence[Record]) -> str:
    """The word error rate of each model, for each voice and for all of them."""
    voices = list(dict.fromkeys(record["voice"] for record in records))
    rows = [["words heard wrong", *models_of(records)]]
    for voice in [*voices, ""]:
        spoken = [record for record in records if voice in ("", record["voice"])]
        found = [over(spoken, error_rate, _words_of(model)) for model in models_of(records)]
        rows.append([voice or "all voices", *(percent(one) for one in found)])
    return aligned(rows)


def time_table(records: Sequence[Record]) -> str:
    """The seconds that each model takes for an utterance."""
    rows = [["seconds for an utterance", *models_of(records)]]
    for clock, name in (("wall", "elapsed"), ("cpu", "of the CPU")):
        for statistic, of in ((p50, "p50"), (p95, "p95")):
            found = [over(records, statistic, _time_of(model, clock)) for model in models_of(records)]
            rows.append([f"{name}, {of}", *map(seconds, found)])
    return aligned(rows)


def difference_table(records: Sequence[Record]) -> str:
    """What each model but the first has more than the first, utterance by utterance."""
    first, *others = models_of(records)
    rows = [[f"more than {first}", *others]]
    rows.append(["words heard wrong", *(percent(more_errors(records, first, other)) for other in others)])
    for clock, name in (("wall", "elapsed"), ("cpu", "of the CPU")):
        found = [more_time(records, first, other, clock) for other in others]
        rows.append([f"seconds {name}, p50", *map(seconds, found)])
    return aligned(rows)


def more_errors(records: Sequence[Record], first: str, other: str) -> Estimate | None:
    """The word error rate of `other` less that of `first`."""

    def words(record: Record) -> tuple[float, float]:
        (wrong, said), (before, _) = _words_of(other)(record), _words_of(first)(record)
        return wrong - before, said

    return over(records, error_rate, words)


def more_time(records: Sequence[Record], first: str, other: str, clock: str) -> Estimate | None:
    """The median of the seconds that `other` takes longer than `first` for the same utterance."""
    longer, shorter = _time_of(other, clock), _time_of(first, clock)
    return over(records, p50, lambda record: longer(record) - shorter(record))


def over(
    records: Sequence[Record], statistic: Statistic, value: Callable[[Record], float | tuple[float, float]]
) -> Estimate | None:
    """Estimate a figure. The interval is over sentences, since voices that say the same have the same difficulties."""
    ordered = sorted(records, key=lambda record: record["sentence"])
    groups = groupby(ordered, key=lambda record: record["sentence"])
    return estimate([[value(record) for record in group] for _, group in groups], statistic)


def models_of(records: Sequence[Record]) -> list[str]:
    return list(records[0]["heard"])


def percent(one: Estimate | None) -> str:
    return f"{one.value:.1%} [{one.low:.1%}..{one.high:.1%}]" if one else "-"


def seconds(one: Estimate | None) -> str:
    return f"{one.value:.2f} [{one.low:.2f}..{one.high:.2f}]" if one else "-"


def _words_of(model: str) -> Callable[[Record], tuple[float, float]]:
    return lambda record: wrong_words(record["text"], record["heard"][model]["text"])


def _time_of(model: str, clock: str) -> Callable[[Record], float]:
    return lambda record: float(record["heard"][model][clock])
