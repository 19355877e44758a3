"""What the agent writes and says of calls, and what the desk's pages Now and Health read of it."""

from __future__ import annotations

from livekit.agents.types import ATTRIBUTE_AGENT_NAME, ATTRIBUTE_AGENT_STATE, TOPIC_TRANSCRIPTION

from agent.conversation import leg
from agent.providers.prices import Cost, CostPart
from agent.providers.usage import ModelUsage
from agent.records.note import CallNote, NotedTurn
from agent.records.transcript import Models, Transcript
from desk.health.charts import REASONS
from desk.health.figures import UNITS, Figures
from desk.health.notes import Note
from desk.now import calls
from tests.support.house import ROOT


def transcript() -> Transcript:
    return Transcript(
        line="coffee",
        call="SCL_1",
        started="2026-11-25T14:22:33+00:00",
        ended="2026-11-25T14:24:03+00:00",
        seconds=90.0,
        language="en",
        caller="",
        name="",
        dialled="+12025550100",
        outcome="goodbye",
        models=Models(stt="openai/hears", llm="openai/thinks", tts="openai/speaks"),
    )


def test_the_desk_counts_everything_that_it_shows_of_a_note_as_the_agent_writes_it() -> None:
    written = CallNote(
        record="2026-11-25_142233-1f2e3d",
        transcript=transcript(),
        interruptions=1,
        turns=[NotedTurn(at=3.2, transcribed=0.2, decided=0.5, first_token=0.9, first_audio=1.2, interrupted=True)],
        usage=[
            ModelUsage(kind=kind, provider="openai", model="it", requests=2, errors=1, **dict.fromkeys(UNITS, 3))
            for kind in ("stt", "llm", "tts")
        ],
        cost=Cost(total=None, parts=[CostPart(kind="llm", provider="openai", model="it", amount=0.5)]),
    )
    figures = Figures()
    figures.count(Note.model_validate_json(written.model_dump_json()), 14)
    assert (figures.calls, figures.outcomes, figures.interrupted) == ({"phone": 1}, {"goodbye": 1}, 1)
    assert {model for stage, model in figures.latencies if model} == {"openai/hears", "openai/thinks", "openai/speaks"}
    assert len(figures.latencies) == 5
    assert figures.usage["tts", "openai", "it"] == {"requests": 2, "errors": 1, **dict.fromkeys(UNITS, 3)}
    assert (figures.costs["USD"].total, figures.costs["USD"].unknown) == (0.5, 1)


def test_a_note_with_as_little_as_the_agent_may_know_is_counted() -> None:
    written = CallNote(record="2026-11-25_142233-1f2e3d", transcript=transcript(), rejected="busy")
    figures = Figures()
    figures.count(Note.model_validate_json(written.model_dump_json()), 14)
    assert figures.rejected == {"busy": 1}
    assert "busy" in REASONS


def test_the_desk_and_the_agent_mean_the_same_by_the_attributes_of_those_in_a_room() -> None:
    assert calls.LEG == leg.LEG
    assert (calls.AGENT_NAME, calls.AGENT_STATE) == (ATTRIBUTE_AGENT_NAME, ATTRIBUTE_AGENT_STATE)
    captions = (ROOT / "desk/src/desk/static/now/captions.js").read_text(encoding="utf-8")
    assert f'TOPIC = "{TOPIC_TRANSCRIPTION}"' in captions
