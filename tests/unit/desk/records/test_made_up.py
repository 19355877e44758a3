"""What these tests take for calls that the agent has left is what the agent itself writes and reads."""

from __future__ import annotations

from agent.records.note import CallNote
from agent.records.transcript import Transcript
from tests.unit.desk.made_up import named, note_of, transcript_of


def test_the_agent_reads_the_notes_and_transcripts_that_are_made_up() -> None:
    note = CallNote.model_validate(note_of(named()))
    assert note.cost.parts[0].provider == "openai"
    assert not note.transcript.turns
    assert Transcript.model_validate(transcript_of(named())).turns
