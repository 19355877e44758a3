"""Turns, gaps and barge-ins, from tracks whose content is known."""

import numpy as np
import pytest

from phone.report.measure import Figures, measure, transcribe, words_of_line
from phone.report.observation import Observation, SentSaying
from phone.sound.listening import Span
from phone.sound.tracks import Track
from tests.unit.phone.gateway import tone


def track(*sounds: tuple[float, float], length: float = 20.0) -> Track:
    pcm = np.zeros(round(length * 8000), np.int16)
    for start, end in sounds:
        pcm[round(start * 8000) : round(end * 8000)] = tone(end - start)
    return Track(pcm, np.ones(len(pcm), np.bool_))


def figures(line: list[tuple[float, float]], caller: list[tuple[float, float]]) -> Figures:
    said = tuple(SentSaying(f"question {number}", Span(*span)) for number, span in enumerate(caller))
    return measure(Observation(200, "OK", answered=0.5, line=track(*line), caller=track(*caller), said=said))


def test_a_turns_gap_runs_from_the_callers_last_sound_to_the_lines_first() -> None:
    turns = figures([(1, 2), (6.3, 8)], [(4, 5)]).turns
    assert turns[0].gap == pytest.approx(1.3)
    assert (turns[0].reply_start, turns[0].reply_end, turns[0].cut_in) == (6.3, 8.0, False)


def test_each_turn_has_its_own_reply() -> None:
    turns = figures([(1, 2), (6, 7), (8, 8.5), (12.5, 13)], [(4, 5), (10, 11)]).turns
    assert [turn.gap for turn in turns] == [pytest.approx(1.0), pytest.approx(1.5)]
    assert turns[0].reply_end == pytest.approx(8.5)


def test_a_turn_without_a_reply_has_no_gap() -> None:
    assert figures([(1, 2)], [(4, 5)]).turns[0].gap is None


def test_a_line_that_speaks_into_a_pause_has_cut_in_and_its_next_sound_is_the_reply() -> None:
    turn = figures([(1, 2), (5.2, 5.6), (8, 9)], [(4, 7)]).turns[0]
    assert turn.cut_in
    assert turn.gap == pytest.approx(1.0)


def test_a_line_that_cuts_in_and_goes_on_has_a_negative_gap() -> None:
    turn = figures([(1, 2), (6.5, 9)], [(4, 7)]).turns[0]
    assert turn.cut_in
    assert turn.gap == pytest.approx(-0.5)


def test_a_barge_in_tells_how_long_the_line_went_on() -> None:
    turn = figures([(1, 4.4), (7, 8)], [(4, 6)]).turns[0]
    assert turn.stopped_after == pytest.approx(0.4)
    assert turn.gap == pytest.approx(1.0)
    assert not turn.cut_in


def test_speech_of_both_sides_is_counted() -> None:
    counted = figures([(1, 2), (6, 8)], [(4, 5)])
    assert counted.first_word == pytest.approx(1.0)
    assert counted.line_spoke == pytest.approx(3.0)
    assert counted.caller_spoke == pytest.approx(1.0)
    assert counted.longest_hole == 0.0


def test_the_conversation_is_in_order_and_a_reply_tells_its_gap() -> None:
    told = figures([(1, 2), (6, 8), (8.5, 9)], [(4, 5)]).utterances
    assert [(said.who, said.gap) for said in told] == [("line", None), ("caller", None), ("line", pytest.approx(1.0))]


def test_a_quick_reply_after_a_barge_in_is_not_one_with_what_it_cut_off() -> None:
    told = figures([(1, 4.2), (5.0, 6)], [(4, 4.6)]).utterances
    assert [said.who for said in told] == ["line", "caller", "line"]
    assert [said.start for said in told] == [1.0, 4.0, 5.0]


def test_only_what_was_said_after_the_callers_first_word_counts_as_an_answer() -> None:
    seen = Observation(200, "OK", line=track((1, 2), (6, 8)), caller=track((4, 5)), said=(SentSaying("q", Span(4, 5)),))
    heard = iter(["hello", "when are you open", "at nine"])
    told = transcribe(measure(seen), seen, lambda _: next(heard))
    assert [said.text for said in told.utterances] == ["hello", "when are you open", "at nine"]
    assert words_of_line(told) == "at nine"
