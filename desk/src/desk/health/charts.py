"""The figures as the page's charts and tables have them. Pure."""

from collections import Counter
from typing import Any

from desk.health.figures import BIN, UNITS, Bins, Figures, Stage, percentile
from desk.health.reading import Range

STAGES: dict[Stage, tuple[str, str]] = {
    "whole": ("The whole wait", "from the caller's last sound to the agent's first"),
    "heard": ("Hearing", "until the words are known"),
    "decided": ("Deciding", "until it is decided that the caller is done"),
    "first_token": ("Thinking", "until the language model's first word"),
    "first_audio": ("Speaking", "until the voice's first sound"),
}
KINDS = {"stt": "hears", "llm": "thinks", "tts": "speaks"}
REASONS = {
    "busy": "too many calls at once",
    "line_limit": "a limit of the line was reached",
    "caller_limit": "a limit of the caller's was reached",
    "refused": "the caller is not let in",
}
STEPS = (0.02, 0.04, 0.1, 0.2, 0.4, 1.0, 2.0)  # widths of a histogram's bars, in seconds
MOST_BARS = 30


def charts_of(range_: Range) -> dict[str, Any]:
    """Return everything that the page shows of some days, as JSON can hold it."""
    days, together = range_.days, range_.sum
    answered = sum(together.calls.values())
    return {
        "days": [day.isoformat() for day in days],
        "calls": {
            "phone": [its.calls["phone"] for its in days.values()],
            "browser": [its.calls["browser"] for its in days.values()],
            "rejected": [its.rejected.total() for its in days.values()],
            "answered_in_all": answered,
            "in_all": answered + together.rejected.total(),
            "minutes": round(together.seconds / 60, 1),
        },
        "hours": [together.hours[hour] for hour in range(24)],
        "rejected": [
            {"reason": reason, "meaning": REASONS.get(reason, reason), "calls": count}
            for reason, count in together.rejected.most_common()
        ],
        "outcomes": [{"outcome": outcome, "calls": count} for outcome, count in together.outcomes.most_common()],
        "replies": together.replies,
        "interrupted": together.interrupted,
        "stages": [stage_of(stage, days.values(), together) for stage in STAGES],
        "providers": providers_of(range_, together),
        "costs": costs_of(range_, together),
        "damaged": range_.damaged,
        "unreadable": sorted(range_.unreadable),
    }


def stage_of(stage: Stage, days: Any, together: Figures) -> dict[str, Any]:
    """Return how long one stage took: a day's percentiles, all in a histogram, and each model's percentiles."""
    title, meaning = STAGES[stage]
    each = [bins_of(its, stage) for its in days]
    models = [
        {"model": model, **percentiles(bins)} for (its, model), bins in together.latencies.items() if its == stage
    ]
    bins = bins_of(together, stage)
    return {
        "id": stage,
        "title": title,
        "meaning": meaning,
        "p50": [percentile(its, 0.5) for its in each],
        "p95": [percentile(its, 0.95) for its in each],
        **percentiles(bins),
        "models": sorted(models, key=lambda its: str(its["model"]))
        if stage in ("heard", "first_token", "first_audio")
        else [],
        "histogram": histogram(bins),
    }


def bins_of(figures: Figures, stage: Stage) -> Bins:
    """Add up a stage over all models."""
    together: Bins = Counter()
    for (its, _), bins in figures.latencies.items():
        if its == stage:
            together.update(bins)
    return together


def percentiles(bins: Bins) -> dict[str, Any]:
    return {"count": bins.total(), "median": percentile(bins, 0.5), "high": percentile(bins, 0.95)}


def histogram(bins: Bins) -> dict[str, Any]:
    """Return bars of one width: `counts` of those from `step` * place on, and `above`, of those beyond the last bar.

    The bars end with the 99th percentile, so that one that hung does not press all others into one bar.
    """
    if not bins:
        return {"step": STEPS[0], "counts": [], "above": 0}
    end = (percentile(bins, 0.99) or 0) + BIN
    step = next((its for its in STEPS if end / its <= MOST_BARS), STEPS[-1])
    width = round(step / BIN)
    bars = min(int(end / step) + 1, MOST_BARS)
    counts = [0] * bars
    above = 0
    for number, count in bins.items():
        if number // width < bars:
            counts[number // width] += count
        else:
            above += count
    return {"step": step, "counts": counts, "above": above}


def providers_of(range_: Range, together: Figures) -> list[dict[str, Any]]:
    rows = []
    for (kind, provider, model), counts in sorted(together.usage.items()):
        each = [its.usage.get((kind, provider, model), Counter[str]()) for its in range_.days.values()]
        rows.append(
            {
                "kind": kind,
                "does": KINDS[kind],
                "name": f"{provider}/{model}",
                "requests": round(counts["requests"]),
                "errors": round(counts["errors"]),
                "used": {unit: round(counts[unit], 1) for unit in UNITS if counts[unit]},
                "requests_by_day": [round(its["requests"]) for its in each],
                "errors_by_day": [round(its["errors"]) for its in each],
            }
        )
    return rows


def costs_of(range_: Range, together: Figures) -> list[dict[str, Any]]:
    return [
        {
            "currency": currency,
            "total": round(spent.total, 4),
            "unknown": spent.unknown,
            "by_day": [
                round(its.costs[currency].total, 4) if currency in its.costs else 0.0 for its in range_.days.values()
            ],
        }
        for currency, spent in sorted(together.costs.items())
    ]
