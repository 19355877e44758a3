"""The worker's figures: calls are counted once from the notes that appear, and what is there now is looked up."""

from __future__ import annotations

import asyncio
import os
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from agent.lines.folder import LinesFolder
from agent.providers.prices import Cost, CostPart
from agent.providers.usage import ModelUsage
from agent.records.folders import Folders
from agent.records.instruments import Instrument
from agent.records.note import CallNote, NotedTurn, write_note
from agent.storage.private_files import write
from agent.worker import metrics as module
from agent.worker.metrics import MOST_OUTCOMES, CallMetrics, Metrics, NewNotes, count_calls_while
from tests.unit.agent.fakes import host, until
from tests.unit.agent.lines.test_folder import make
from tests.unit.agent.records.test_finalize import transcript

if TYPE_CHECKING:
    from pathlib import Path

    from livekit.agents import AgentServer

RECORD = "2026-11-25_142233-1f2e3d"


def note(record: str = RECORD, *, line: str = "coffee", call: dict[str, Any] | None = None, **more: Any) -> CallNote:
    return CallNote(record=record, transcript=transcript(line=line, **call or {}), **more)


class Figures:
    def __init__(self) -> None:
        self.metrics = Metrics()
        self.calls = self.metrics.calls

    def of(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(f"landline_{name}", labels)


@pytest.fixture
def figures() -> Figures:
    return Figures()


def test_calls_are_counted_by_how_they_came_and_how_they_ended(figures: Figures) -> None:
    figures.calls.start()
    figures.calls.add(note(greeted_after=0.4))
    figures.calls.add(note(came_by="browser"))
    figures.calls.add(note(rejected="busy", call={"outcome": "all lines are busy"}))
    figures.calls.add(note(call={"direction": "outbound", "outcome": "nobody answered"}))
    assert figures.of("calls_started_total") == 1
    phone = {"line": "coffee", "came_by": "phone"}
    assert figures.of("calls_answered_total", **phone, direction="inbound") == 1
    assert figures.of("calls_answered_total", line="coffee", came_by="browser", direction="inbound") == 1
    assert figures.of("calls_answered_total", **phone, direction="outbound") is None
    assert figures.of("calls_rejected_total", line="coffee", reason="busy") == 1
    assert figures.of("calls_ended_total", line="coffee", outcome="the caller hung up") == 2
    assert figures.of("calls_ended_total", line="coffee", outcome="nobody answered") == 1
    assert figures.of("call_seconds_count", line="coffee") == 2
    assert figures.of("call_seconds_sum", line="coffee") == 12


def test_turns_are_distributions_by_stage_and_interruptions_are_counted(figures: Figures) -> None:
    turns = [
        NotedTurn(at=1, transcribed=0.2, decided=0.5, first_token=0.7, first_audio=0.9),
        NotedTurn(at=5, decided=0.6, first_audio=1.4, interrupted=True),
    ]
    figures.calls.add(note(turns=turns, interruptions=2))
    assert figures.of("turn_seconds_count", line="coffee", stage="transcribed") == 1
    assert figures.of("turn_seconds_bucket", line="coffee", stage="first_audio", le="1.0") == 1
    assert figures.of("turn_seconds_bucket", line="coffee", stage="first_audio", le="1.5") == 2
    assert figures.of("turn_seconds_sum", line="coffee", stage="decided") == 1.1
    assert figures.of("interruptions_total", line="coffee") == 2


def test_what_providers_did_and_cost_is_added_up_and_an_unknown_cost_is_no_zero(figures: Figures) -> None:
    usage = ModelUsage(kind="llm", provider="openai", model="m", requests=4, errors=1, input_tokens=70)
    parts = [
        CostPart(kind="llm", provider="openai", model="m", amount=0.25),
        CostPart(kind="tts", provider="own", model="v", amount=None),
    ]
    for _ in range(2):
        figures.calls.add(note(usage=[usage], cost=Cost(total=None, parts=parts)))
    model = {"kind": "llm", "provider": "openai", "model": "m"}
    assert figures.of("provider_requests_total", **model) == 8
    assert figures.of("provider_errors_total", **model) == 2
    assert figures.of("provider_usage_total", **model, unit="input_tokens") == 140
    assert figures.of("provider_usage_total", **model, unit="characters") is None
    assert figures.of("cost_total", line="coffee", currency="USD") == 0.5
    assert figures.of("cost_unknown_total", kind="tts", provider="own", model="v") == 2


def test_no_number_becomes_an_outcome_and_there_are_only_so_many(figures: Figures) -> None:
    figures.calls.add(note(call={"outcome": "+12025550123 is blocked"}))
    for at in range(MOST_OUTCOMES + 5):
        figures.calls.add(note(call={"outcome": f"reason {at}"}))
    text = figures.metrics.text().decode()
    assert "2025550123" not in text
    assert figures.of("calls_ended_total", line="coffee", outcome="other") == 6
    figures.calls.add(note(call={"outcome": "reason 3"}))
    assert figures.of("calls_ended_total", line="coffee", outcome="reason 3") == 2


def test_the_instruments_of_livekit_agents_are_added_up_over_calls(figures: Figures) -> None:
    latency: dict[str, Any] = {"name": "lk.agents.turn.e2e_latency", "unit": "s", "bounds": [0.5, 1.0]}
    model = {"model_name": "m"}
    for counts, total in (([1, 1, 0], 1.1), ([0, 0, 1], 3.0)):
        spoken = Instrument(name="lk.agents.usage.tts_characters", attributes=model, total=10)
        figures.calls.add(note(otel=[Instrument(**latency, attributes=model, total=total, counts=counts), spoken]))
    other = Instrument(name="lk.agents.usage.tts_characters", attributes={"model_provider": "p"}, total=1)
    figures.calls.add(note(otel=[other]))
    read = figures.metrics.registry.get_sample_value
    histogram = "lk_agents_turn_e2e_latency_seconds"
    assert [read(f"{histogram}_bucket", model | {"le": bound}) for bound in ("0.5", "1.0", "+Inf")] == [1, 2, 3]
    assert read(f"{histogram}_sum", model) == pytest.approx(4.1)
    assert read("lk_agents_usage_tts_characters_total", {"model_name": "m", "model_provider": ""}) == 20
    assert read("lk_agents_usage_tts_characters_total", {"model_name": "", "model_provider": "p"}) == 1


def test_a_note_is_found_once_and_those_from_before_not_at_all(tmp_path: Path) -> None:
    folders = Folders("coffee", tmp_path)
    write_note(note("2026-11-24_100000-aaaaaa"), folders)
    notes = NewNotes(tmp_path)
    assert notes.read() == []
    write_note(note("2026-11-24_235900-bbbbbb"), folders)  # a day that is known already
    write_note(note("2026-11-25_000100-cccccc", line="dentist"), Folders("dentist", tmp_path))
    assert [found.record for found in notes.read()] == ["2026-11-24_235900-bbbbbb", "2026-11-25_000100-cccccc"]
    assert notes.read() == []


def test_a_folder_that_has_not_changed_is_not_looked_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = Folders("coffee", tmp_path)
    write_note(note(), folders)
    os.utime(folders.note_of(RECORD).parent, (1_000_000, 1_000_000))
    notes, looked = NewNotes(tmp_path), []
    listed = os.scandir

    def look(path: Any = ".") -> Any:
        looked.append(str(path))
        return listed(path)

    monkeypatch.setattr(os, "scandir", look)
    assert notes.read() == []
    assert str(folders.note_of(RECORD).parent) not in looked


def test_two_notes_at_the_same_time_by_the_clock_of_the_disk_are_both_found(tmp_path: Path) -> None:
    folders, notes = Folders("coffee", tmp_path), NewNotes(tmp_path)
    write_note(note("2026-11-25_100000-aaaaaa"), folders)
    day = folders.note_of(RECORD).parent
    at = day.stat().st_mtime_ns
    assert len(notes.read()) == 1
    write_note(note("2026-11-25_100001-bbbbbb"), folders)
    os.utime(day, ns=(at, at))
    assert [found.record for found in notes.read()] == ["2026-11-25_100001-bbbbbb"]


def test_what_is_deleted_or_no_note_of_ours_is_not_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folders, notes = Folders("coffee", tmp_path), NewNotes(tmp_path)
    write(folders.note_of(RECORD), '{"version": 1, "caller": "+12025550123"}')
    assert notes.read() == []
    assert caplog.messages == ["The note of a call cannot be read, and is not counted: ValidationError"]
    write_note(note(), folders)
    folders.note_of(RECORD).unlink()
    folders.note_of(RECORD).parent.rmdir()
    assert notes.read() == []


async def test_calls_are_counted_while_the_worker_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOKED_EVERY", 0.01)
    registry = CollectorRegistry()
    calls, stop = CallMetrics(registry), asyncio.Event()
    write_note(note("2026-11-24_100000-aaaaaa"), Folders("coffee", tmp_path))

    def ended() -> float | None:
        return registry.get_sample_value(
            "landline_calls_ended_total", {"line": "coffee", "outcome": "the caller hung up"}
        )

    async def work() -> int:
        await stop.wait()
        return 3

    counting = asyncio.create_task(count_calls_while(work(), calls, tmp_path))
    await asyncio.sleep(0.1)
    write_note(note(), Folders("coffee", tmp_path))
    await until(ended)
    assert ended() == 1
    stop.set()
    assert await counting == 3


@pytest.fixture
def worker(tmp_path: Path, figures: Figures) -> SimpleNamespace:
    for name in ("coffee", "dentist"):
        make(tmp_path / "lines", name)
    jobs = ['{"line": "coffee"}', '{"line": "coffee", "browser": true}', "no JSON"]
    server = SimpleNamespace(active_jobs=[SimpleNamespace(job=SimpleNamespace(metadata=it)) for it in jobs])
    lines = LinesFolder(tmp_path / "lines", {}, tmp_path / "kept")
    settings = host(lines_folder=tmp_path / "lines", max_concurrent_calls=7)
    figures.metrics.tell_of(cast("AgentServer", server), settings, lines, tmp_path)
    return server


def test_what_is_there_now_is_looked_up(tmp_path: Path, figures: Figures, worker: SimpleNamespace) -> None:
    for name in (
        "outbox/coffee/a.json",
        "outbox/coffee/b.json",
        "outbox/coffee/notices/a.json",
        "outbox/tea/failed/a.json",
    ):
        write(tmp_path / name, "{}")
    assert figures.of("calls_in_progress", line="coffee") == 2
    assert figures.of("calls_in_progress", line="dentist") == 0
    assert figures.of("calls_in_progress", line="") == 1
    worker.active_jobs.clear()
    assert figures.of("calls_in_progress", line="coffee") == 0
    assert figures.of("calls_at_once_limit") == 7
    waiting = {kind: figures.of("events_waiting", line="coffee", kind=kind) for kind in ("event", "notice", "failed")}
    assert waiting == {"event": 2, "notice": 1, "failed": 0}
    assert figures.of("events_waiting", line="tea", kind="failed") == 1
    free, total = figures.of("disk_free_bytes"), figures.of("disk_total_bytes")
    assert free is not None
    assert total is not None
    assert 0 < free <= total


def test_a_host_with_one_line_has_calls_that_name_none(tmp_path: Path, figures: Figures) -> None:
    make(tmp_path / "lines", "coffee")
    server = SimpleNamespace(active_jobs=[SimpleNamespace(job=SimpleNamespace(metadata=""))])
    lines = LinesFolder(tmp_path / "lines", {}, tmp_path / "kept")
    figures.metrics.tell_of(cast("AgentServer", server), host(lines_folder=tmp_path / "lines"), lines, tmp_path)
    assert figures.of("calls_in_progress", line="coffee") == 1


@pytest.mark.usefixtures("worker")
def test_everything_is_in_a_form_that_prometheus_reads(figures: Figures) -> None:
    figures.calls.add(note(call={"outcome": 'a "quoted" outcome\nwith two rows'}, turns=[NotedTurn(at=1, decided=0.5)]))
    families = {family.name for family in text_string_to_metric_families(figures.metrics.text().decode())}
    assert {"landline_calls_ended", "landline_turn_seconds", "landline_calls_in_progress", "python_info"} <= families
