"""The agent's figures in Prometheus' form, which the main process keeps.

A call's process ends with the call, so nobody can ask it. What it has measured is in the note that it leaves, and the
main process adds up the notes that appear while it runs. After a restart every counter begins anew, as Prometheus
expects. What is there at the moment, such as the calls in progress, is found out whenever somebody asks.
"""

import asyncio
import json
import logging
import re
import shutil
import time
from collections.abc import Awaitable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from livekit.agents import AgentServer
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from pydantic import ValidationError

from agent.background import repeat
from agent.lines.folder import LinesFolder
from agent.providers.capacity import calls_at_once
from agent.records.folders import Folders, lines_with_records
from agent.records.instruments import Instrument
from agent.records.note import CallNote
from agent.settings import Settings
from agent.storage.private_files import DATA

logger = logging.getLogger(__name__)

T = TypeVar("T")

LOOKED_EVERY = 2.0  # seconds
TICK = 1_000_000_000  # nanoseconds; a disk's clock may stand still meanwhile, so that two changes have the same time
LARGEST_NOTE = 1 << 22  # bytes
CALL_SECONDS = (5, 15, 30, 60, 120, 180, 300, 600, 1200, 1800, 3600)
TURN_SECONDS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0, 5.0, 8.0, 13.0)
STAGES = ("transcribed", "decided", "first_token", "first_audio")
MODEL = ("kind", "provider", "model")
UNITS = ("input_tokens", "cached_tokens", "output_tokens", "characters", "audio_seconds")
# Outcomes are a few neutral words, but some quote an error or a setting: each different one would be a new series.
MOST_OUTCOMES, OTHER = 40, "other"
WITH_A_NUMBER = re.compile(r"\d{3}")


class CallMetrics:
    """Counters of calls since the process began, made from their notes."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"landline_{name}", text, labels, registry=registry)

        self._started = counter("calls_started", "Calls that this agent has taken.")
        self._answered = counter(
            "calls_answered", "Calls in which somebody could talk with the agent.", "line", "came_by", "direction"
        )
        self._rejected = counter("calls_rejected", "Calls that were not let in.", "line", "reason")
        self._ended = counter("calls_ended", "Calls that are over, by why they ended.", "line", "outcome")
        self._seconds = Histogram(
            "landline_call_seconds", "How long calls lasted.", ["line"], buckets=CALL_SECONDS, registry=registry
        )
        self._turns = Histogram(
            "landline_turn_seconds",
            "Seconds from the caller's last sound to each stage of the reply.",
            ["line", "stage"],
            buckets=TURN_SECONDS,
            registry=registry,
        )
        self._interruptions = counter("interruptions", "How often callers have interrupted the agent.", "line")
        self._requests = counter("provider_requests", "Requests to models, also those that failed.", *MODEL)
        self._errors = counter("provider_errors", "Requests to models that failed.", *MODEL)
        self._usage = counter("provider_usage", "What models have read, heard, written and said.", *MODEL, "unit")
        self._cost = counter("cost", "What calls have cost, as far as prices are known.", "line", "currency")
        self._unknown = counter("cost_unknown", "Models in calls whose cost is not known.", *MODEL)
        self._instruments = InstrumentMetrics()
        registry.register(self._instruments)
        self._outcomes: set[str] = set()

    def start(self) -> None:
        """Count a call that begins."""
        self._started.inc()

    def add(self, note: CallNote) -> None:
        """Count a call that is over."""
        call, line = note.transcript, note.transcript.line
        if note.rejected:
            self._rejected.labels(line, note.rejected).inc()
        elif call.direction == "inbound" or note.greeted_after is not None:
            self._answered.labels(line, note.came_by, call.direction).inc()
            self._seconds.labels(line).observe(call.seconds)
        self._ended.labels(line, self._outcome(call.outcome)).inc()
        for turn in note.turns:
            for stage in STAGES:
                if (seconds := getattr(turn, stage)) is not None:
                    self._turns.labels(line, stage).observe(seconds)
        self._interruptions.labels(line).inc(note.interruptions)
        self._add_models(note)
        self._instruments.add(note.otel)

    def _add_models(self, note: CallNote) -> None:
        for usage in note.usage:
            model = (usage.kind, usage.provider, usage.model)
            self._requests.labels(*model).inc(usage.requests)
            self._errors.labels(*model).inc(usage.errors)
            for unit in UNITS:
                if amount := getattr(usage, unit):
                    self._usage.labels(*model, unit).inc(amount)
        for part in note.cost.parts:
            if part.amount is None:
                self._unknown.labels(part.kind, part.provider, part.model).inc()
            else:
                self._cost.labels(note.transcript.line, note.cost.currency).inc(part.amount)

    def _outcome(self, outcome: str) -> str:
        if WITH_A_NUMBER.search(outcome) or (outcome not in self._outcomes and len(self._outcomes) >= MOST_OUTCOMES):
            return OTHER
        self._outcomes.add(outcome)
        return outcome


class InstrumentMetrics(Collector):
    """What livekit-agents' own instruments have measured in all calls: `lk.agents.…` becomes `lk_agents_…`."""

    def __init__(self) -> None:
        self._sums: dict[tuple[str, tuple[tuple[str, str], ...]], Instrument] = {}

    def add(self, readings: Iterable[Instrument]) -> None:
        """Add what was measured in one call."""
        for reading in readings:
            key = (reading.name, tuple(sorted(reading.attributes.items())))
            before = self._sums.get(key)
            if before is None or before.bounds != reading.bounds:
                self._sums[key] = reading.model_copy(deep=True)
                continue
            before.total += reading.total
            before.counts = [one + other for one, other in zip(before.counts, reading.counts, strict=True)]

    def collect(self) -> Iterator[Metric]:
        """Yield one family for each instrument, whose labels are all that any of its readings has."""
        readings = list(self._sums.values())
        for name in sorted({reading.name for reading in readings}):
            yield _family([reading for reading in readings if reading.name == name])


def _family(readings: list[Instrument]) -> Metric:
    first = readings[0]
    labels = sorted({label for reading in readings for label in reading.attributes})
    name = re.sub(r"\W", "_", first.name) + ("_seconds" if first.unit == "s" else "")
    text = f"livekit-agents' own instrument {first.name}, of calls that are over."
    if first.bounds:
        histogram = HistogramMetricFamily(name, text, labels=labels)
        for reading in readings:
            histogram.add_metric(_values(reading, labels), list(_cumulative(reading)), reading.total)
        return histogram
    counter = CounterMetricFamily(name, text, labels=labels)
    for reading in readings:
        counter.add_metric(_values(reading, labels), reading.total)
    return counter


def _values(reading: Instrument, labels: list[str]) -> list[str]:
    return [reading.attributes.get(label, "") for label in labels]


def _cumulative(reading: Instrument) -> Iterator[tuple[str, float]]:
    count = 0
    for bound, its in zip([*map(str, reading.bounds), "+Inf"], reading.counts, strict=True):
        count += its
        yield bound, count


class NewNotes:
    """Finds the notes that have been written since it was made. A folder that has not changed is not looked into."""

    def __init__(self, data: Path = DATA) -> None:
        self._data = data
        self._changed: dict[Path, int] = {}  # when, by the clock of the disk, in nanoseconds; 0: just now
        self._known: dict[Path, set[str]] = {}
        for _ in self.paths():  # those are of calls that were over before
            pass

    def paths(self) -> Iterator[Path]:
        """Yield the notes that have not been yielded before."""
        days = sorted((self._data / "noted").glob("*/????-??-??"))
        for gone in self._known.keys() - set(days):
            del self._known[gone], self._changed[gone]
        for day in days:
            try:
                changed = day.stat().st_mtime_ns  # before it is listed: what is added meanwhile changes it once more
                there = {path.name for path in day.glob("[!.]*.json")} if changed != self._changed.get(day) else None
            except FileNotFoundError:
                continue
            if there is not None:
                new = there - self._known.get(day, set())
                self._changed[day] = changed if changed < time.time_ns() - TICK else 0
                self._known[day] = there
                yield from (day / name for name in sorted(new))

    def read(self) -> list[CallNote]:
        """Return the notes that have not been returned before."""
        return [note for path in self.paths() if (note := _read(path))]


def _read(path: Path) -> CallNote | None:
    try:
        with path.open("rb") as file:
            return CallNote.model_validate_json(file.read(LARGEST_NOTE))
    except (OSError, ValidationError) as error:  # it is deleted already, or not ours
        logger.warning("The note of a call cannot be read, and is not counted: %s", type(error).__name__)
        return None


class Gauges(Collector):
    """What is there at the moment."""

    def __init__(self, server: AgentServer, settings: Settings, lines: LinesFolder, data: Path = DATA) -> None:
        self._server, self._settings, self._lines, self._data = server, settings, lines, data

    def collect(self) -> Iterator[Metric]:
        """Yield the calls in progress and their limit, what waits in the outbox, and the room on the disk."""
        there = list(self._lines.all())
        calls = GaugeMetricFamily("landline_calls_in_progress", "Calls in progress.", labels=["line"])
        for line, count in self._calls([line.name for line in there]).items():
            calls.add_metric([line], count)
        yield calls
        limit = calls_at_once(there, self._settings)
        text = "Calls that are taken at once on all lines together."
        yield GaugeMetricFamily("landline_calls_at_once_limit", text, value=limit)
        yield self._waiting([line.name for line in there])
        disk = shutil.disk_usage(self._data)
        yield GaugeMetricFamily("landline_disk_free_bytes", "Free room on the disk of /data.", value=disk.free)
        yield GaugeMetricFamily("landline_disk_total_bytes", "Size of the disk of /data.", value=disk.total)

    def _calls(self, lines: list[str]) -> dict[str, int]:
        calls = dict.fromkeys(lines, 0)
        for job in self._server.active_jobs:
            line = _line_in(job.job.metadata) or (lines[0] if len(lines) == 1 else "")
            calls[line] = calls.get(line, 0) + 1
        return calls

    def _waiting(self, lines: list[str]) -> Metric:
        text = "What waits to be delivered: events for the webhook, notices, and what was never accepted."
        waiting = GaugeMetricFamily("landline_events_waiting", text, labels=["line", "kind"])
        for line in sorted({*lines, *lines_with_records(self._data)}):
            folders = Folders(line, self._data)
            kinds = {"event": folders.outbox, "notice": folders.notices, "failed": folders.failed}
            for kind, folder in kinds.items():
                waiting.add_metric([line, kind], sum(1 for _ in folder.glob("*.json")))
        return waiting


def _line_in(metadata: str) -> str:
    try:
        given = json.loads(metadata)
    except ValueError:
        return ""
    name = given.get("line", "") if isinstance(given, dict) else ""
    return name if isinstance(name, str) else ""


class Metrics:
    """All that this process tells of itself."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.calls = CallMetrics(self.registry)

    def tell_of(self, server: AgentServer, settings: Settings, lines: LinesFolder, data: Path = DATA) -> None:
        """Tell of the worker's present state, too."""
        self.registry.register(Gauges(server, settings, lines, data))

    def text(self) -> bytes:
        """Return everything in Prometheus' form, with what livekit-agents and Python say of this process."""
        return generate_latest(self.registry) + generate_latest(REGISTRY)


METRICS = Metrics()  # of this process


async def count_calls_while(work: Awaitable[T], calls: CallMetrics = METRICS.calls, data: Path = DATA) -> T:
    """Count the calls that end until `work` is done, and return its result."""
    notes = await asyncio.to_thread(NewNotes, data)

    async def look() -> None:
        for note in await asyncio.to_thread(notes.read):
            calls.add(note)

    counting = asyncio.create_task(repeat(look, LOOKED_EVERY, "Could not count the calls that are over"))
    try:
        return await work
    finally:
        counting.cancel()
        await asyncio.gather(counting, return_exceptions=True)
