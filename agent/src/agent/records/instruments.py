"""What livekit-agents' own instruments measure in a call, by OpenTelemetry: its `lk.agents.*` meters.

They measure in the call's process, which ends with the call, so nobody could ask that process for them. Its sums go
into the call's note instead, and the main process adds up the notes (`worker.metrics`).
"""

import logging
from collections.abc import Iterator
from typing import Any

from opentelemetry import metrics
from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    HistogramDataPoint,
    InMemoryMetricReader,
    Metric,
    NumberDataPoint,
)
from opentelemetry.sdk.metrics.view import DropAggregation, ExplicitBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource
from pydantic import BaseModel, Field

logger = logging.getLogger(__name__)

METER = "livekit-agents"
OURS, THEIRS = "lk.agents.*", "gen_ai.*"  # the second ones measure the same once more, under other names
BOUNDS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)  # seconds
# Attributes that tell models apart, and no calls: the ids of the job and of its room are left out.
KEPT = {"model_name", "model_provider", "connection_reused", "severity"}
SINCE_THE_LAST_LOOK: dict[type, AggregationTemporality] = {
    Counter: AggregationTemporality.DELTA,
    Histogram: AggregationTemporality.DELTA,
}


class Instrument(BaseModel):
    """What one instrument has measured in a call, for one set of attributes."""

    name: str  # lk.agents.turn.e2e_latency
    unit: str = ""
    attributes: dict[str, str] = Field(default_factory=dict)
    total: float  # a counter's value; of a histogram, the sum of what was measured
    bounds: list[float] = Field(default_factory=list)  # of a histogram
    counts: list[int] = Field(default_factory=list)  # of a histogram: one more than `bounds`, and not cumulative


class Instruments:
    """Measures in one process from the moment it is made; `readings` returns what was measured since the last time."""

    def __init__(self) -> None:
        self._reader = InMemoryMetricReader(preferred_temporality=SINCE_THE_LAST_LOOK)
        bounded = ExplicitBucketHistogramAggregation(BOUNDS)
        self.provider = MeterProvider(
            [self._reader],
            Resource.get_empty(),  # finding out about the machine takes time, and nobody asks
            shutdown_on_exit=False,
            views=[
                View(instrument_name=THEIRS, aggregation=DropAggregation()),
                View(instrument_type=Counter, instrument_name=OURS, attribute_keys=KEPT),
                View(instrument_type=Histogram, instrument_name=OURS, attribute_keys=KEPT, aggregation=bounded),
            ],
        )

    def readings(self) -> list[Instrument]:
        """Return what each instrument has measured since this was asked last."""
        data = self._reader.get_metrics_data()
        scopes = (scope for resource in (data.resource_metrics if data else []) for scope in resource.scope_metrics)
        return [
            reading
            for scope in scopes
            if scope.scope.name == METER
            for metric in scope.metrics
            for reading in _readings_of(metric)
        ]


_instruments: list[Instruments] = []  # of this process, at most one


def begin_to_measure() -> None:
    """Let livekit-agents' instruments measure in this process, which takes one call."""
    if not _instruments:
        _instruments.append(Instruments())
        metrics.set_meter_provider(_instruments[0].provider)


def readings() -> list[Instrument]:
    """Return what was measured in this process since this was asked last; nothing before `begin_to_measure`."""
    return _instruments[0].readings() if _instruments else []


def _readings_of(metric: Metric) -> Iterator[Instrument]:
    for point in metric.data.data_points:
        its: dict[str, Any] = {
            "name": metric.name,
            "unit": metric.unit or "",
            "attributes": {name: str(value) for name, value in sorted((point.attributes or {}).items())},
        }
        if isinstance(point, HistogramDataPoint):
            if point.count:
                yield Instrument(
                    **its, total=point.sum, bounds=list(point.explicit_bounds), counts=list(point.bucket_counts)
                )
        elif isinstance(point, NumberDataPoint) and point.value:
            yield Instrument(**its, total=float(point.value))
