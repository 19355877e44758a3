"""livekit-agents' own instruments measure in a call's process, and what they have measured can be read there."""

from collections.abc import Iterator
from typing import Any

import pytest
from livekit.agents import Agent, AgentSession
from opentelemetry.metrics import Meter

from agent.records.instruments import BOUNDS, METER, Instrument, Instruments
from tests.unit.agent.fakes import ScriptedLLM


@pytest.fixture
def instruments() -> Iterator[Instruments]:
    made = Instruments()
    yield made
    made.provider.shutdown()


@pytest.fixture
def meter(instruments: Instruments) -> Meter:
    return instruments.provider.get_meter(METER)


def test_a_counters_sum_is_read_once_and_without_what_tells_calls_apart(instruments: Instruments, meter: Meter) -> None:
    counter = meter.create_counter("lk.agents.usage.tts_characters")
    for job in ("AJ_1", "AJ_2"):
        counter.add(5, {"job_id": job, "room_id": "RM_1", "model_name": "tts-1"})
    [reading] = instruments.readings()
    assert reading == Instrument(
        name="lk.agents.usage.tts_characters", attributes={"model_name": "tts-1"}, total=10, unit=""
    )
    assert instruments.readings() == []


def test_a_histogram_has_bounds_that_fit_a_turn(instruments: Instruments, meter: Meter) -> None:
    latency = meter.create_histogram("lk.agents.turn.e2e_latency", unit="s")
    for seconds in (0.45, 0.7, 30.0):
        latency.record(seconds)
    [reading] = instruments.readings()
    assert (reading.name, reading.unit, reading.bounds) == ("lk.agents.turn.e2e_latency", "s", list(BOUNDS))
    assert reading.total == pytest.approx(31.15)
    assert (len(reading.counts), sum(reading.counts), reading.counts[-1]) == (len(BOUNDS) + 1, 3, 1)


def test_what_is_measured_twice_and_what_others_measure_is_left_out(instruments: Instruments, meter: Meter) -> None:
    meter.create_histogram("gen_ai.client.operation.duration").record(1)
    instruments.provider.get_meter("somebody else").create_counter("lk.agents.usage.x").add(1)
    assert instruments.readings() == []


async def test_the_instruments_of_livekit_agents_are_among_them(
    instruments: Instruments, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The names on which `docs/desk.md` and the dashboard rely."""
    telemetry: Any = pytest.importorskip("livekit.agents.telemetry.otel_metrics")
    real = instruments.provider.get_meter(METER)
    monkeypatch.setattr(telemetry, "_turn_e2e_latency", real.create_histogram("lk.agents.turn.e2e_latency", unit="s"))
    for name in ("_turn_llm_ttft", "_turn_tts_ttfb", "_turn_transcription_delay", "_turn_end_of_turn_delay"):
        assert hasattr(telemetry, name)
    session: AgentSession[Any] = AgentSession(llm=ScriptedLLM(str), vad=None)
    await session.start(Agent(instructions=""), record=False)
    session.history.add_message(role="assistant", content="Hello.").metrics["e2e_latency"] = 0.6
    telemetry.flush_turn_metrics(session.history)
    await session.aclose()
    assert [reading.total for reading in instruments.readings()] == [0.6]
