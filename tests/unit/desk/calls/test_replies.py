"""Gaps by stage, and sentences with their times."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from desk.calls.replies import replies_of, sentences_of
from desk.records.read import Record
from desk.records.shapes import Note, Transcript, Turn
from tests.unit.desk.made_up import named

if TYPE_CHECKING:
    from collections.abc import Mapping


def stages(latencies: Mapping[str, float | None]) -> list[float | None]:
    turn = {"who": "agent", "text": "Yes.", "start": 7.1, "end": 8, "latencies": latencies}
    record = Record(named(), transcript=Transcript.model_validate({"turns": [turn]}))
    (reply,) = replies_of(record)
    return [stage.seconds for stage in reply.stages]


def test_each_stage_begins_where_the_one_before_it_ends() -> None:
    known = {"transcribed": 0.4, "decided": 0.6, "first_token": 0.7, "first_audio": 1.1}
    assert stages(known) == [0.4, 0.2, 0.1, 0.4]


def test_an_answer_that_was_prepared_in_advance_took_no_time() -> None:
    known = {"transcribed": 0.4, "decided": 0.9, "first_token": 0.5, "first_audio": 1.0}
    assert stages(known) == [0.4, 0.5, 0.0, 0.1]


def test_a_stage_that_is_not_known_is_in_the_next_one() -> None:
    assert stages({"transcribed": None, "decided": 0.6, "first_token": None, "first_audio": 1.1}) == [
        None,
        0.6,
        None,
        0.5,
    ]


def test_the_gap_begins_with_the_callers_last_sound() -> None:
    turn = {"who": "agent", "text": "Yes.", "start": 7.1, "end": 8, "latencies": {"first_audio": 1.1}}
    (reply,) = replies_of(Record(named(), transcript=Transcript.model_validate({"turns": [turn]})))
    assert (reply.heard, reply.gap) == (6.0, 1.1)
    note = Note.model_validate({"turns": [{"at": 6.0, "first_audio": 1.1, "interrupted": True}]})
    (noted,) = replies_of(Record(named(), note=note))
    assert (noted.heard, noted.gap, noted.interrupted) == (6.0, 1.1, True)


def test_sentences_share_the_time_of_their_turn() -> None:
    turn = Turn(who="agent", text="Yes, every day. Come by! 1.5 kg… fine", start=10, end=20)
    sentences = list(sentences_of(turn))
    assert [sentence.text for sentence in sentences] == ["Yes, every day.", "Come by!", "1.5 kg…", "fine"]
    assert (sentences[0].start, sentences[-1].end) == (10, 20)
    assert all(before.end == after.start for before, after in pairwise(sentences))


def test_an_empty_turn_has_one_sentence() -> None:
    (sentence,) = sentences_of(Turn(who="caller", text="", start=1, end=1))
    assert (sentence.text, sentence.start, sentence.end) == ("", 1, 1)
