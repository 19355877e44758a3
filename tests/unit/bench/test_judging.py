"""What came of each thing said. Times are seconds since the INVITE."""

import pytest

from tests.bench.turns import judging
from tests.bench.turns.figures import samples
from tests.unit.bench.made_up import record, sound

TURN = sound("turn")
PAUSE = sound("pause", "pause", (0.1, 0.6), (1.2, 2.1))
SAID = judging.Said(TURN, 10.0, 11.0)


def test_the_gap_is_from_the_last_sound_to_the_first_of_the_reply() -> None:
    assert judging.turn(SAID, [(1.0, 3.0), (12.3, 14.0), (15.0, 16.0)]).gap == pytest.approx(1.3)


def test_no_reply_counts_as_one_after_six_seconds() -> None:
    turn = judging.turn(SAID, [(1.0, 3.0), (17.5, 18.0)])
    assert turn.gap == 6.0
    assert turn.unanswered


@pytest.mark.parametrize("start", [10.4, 10.99, 11.1])
def test_a_reply_to_a_part_of_the_sentence_is_a_cut_off_and_leaves_no_gap(start: float) -> None:
    turn = judging.turn(SAID, [(start, start + 0.5), (12.5, 14.0)])
    assert turn.cut_off
    assert turn.gap is None


def test_a_sentence_into_which_an_older_reply_runs_says_nothing() -> None:
    turn = judging.turn(SAID, [(9.0, 10.2), (12.0, 14.0)])
    assert turn.disturbed
    assert not turn.cut_off
    assert turn.gap is None


def test_a_reply_that_breaks_off_and_begins_again_counts_from_where_it_goes_on() -> None:
    turn = judging.turn(SAID, [(11.9, 12.05), (13.0, 14.6)])
    assert turn.gap == pytest.approx(2.0)
    assert turn.false_start
    short = judging.turn(SAID, [(11.9, 12.3)])  # "Yes."
    assert short.gap == pytest.approx(0.9)
    assert not short.false_start


def test_what_the_line_says_to_the_next_sentence_is_no_reply_to_this() -> None:
    assert judging.turn(SAID, [(15.0, 16.0)], until=14.0).unanswered


def test_a_barge_in_is_measured_to_the_line_s_last_sound() -> None:
    assert judging.stopped_after(SAID, [(8.0, 10.6), (13.0, 15.0)]) == pytest.approx(0.6)
    assert judging.stopped_after(SAID, [(8.0, 20.0)]) == 3.0
    assert judging.stopped_after(SAID, [(8.0, 9.9)]) is None


def test_a_reply_is_falsely_cut_when_its_rest_is_not_heard_soon() -> None:
    assert judging.falsely_cut(SAID, [(9.5, 15.5)], whole=6.0) is False
    assert judging.falsely_cut(SAID, [(9.5, 11.0)], whole=6.0) is True
    assert judging.falsely_cut(SAID, [(9.5, 11.0), (11.35, 15.8)], whole=6.0) is False  # a breath
    assert judging.falsely_cut(SAID, [(9.5, 11.0), (12.2, 16.7)], whole=6.0) is False  # it listened, and went on
    assert judging.falsely_cut(SAID, [(9.5, 11.0), (12.2, 13.5)], whole=6.0) is True  # but not to its end
    assert judging.falsely_cut(SAID, [(9.5, 11.0), (12.6, 17.1)], whole=6.0) is True  # but too late
    assert judging.falsely_cut(SAID, [], whole=6.0) is None


def test_samples_are_taken_from_the_calls_they_belong_to() -> None:
    sounds = {f"{one.id}.wav": one for one in (TURN, PAUSE)}
    calls = [
        record("ours", "warm-up", [[0.5, 2.0], [9.0, 9.5]], ("turn", 3.0)),
        record("ours", "turns", [[0.5, 2.0], [5.1, 6.0], [8.9, 9.2], [12.0, 13.0]], ("turn", 3.0), ("pause", 8.0)),
        record("ours", "turns", [], ("turn", None)),
        {"id": "turns-01-ours", "side": "ours", "kind": "turns", "invited_at": 0.0, "status": 480, "phrase": "gone"},
    ]
    found = samples(calls, sounds)
    assert list(found["gap"]) == ["ours"]
    assert found["gap"]["ours"][0] == pytest.approx([1.0])
    assert found["cut off"] == {"ours": [[1.0]]}
    assert found["greeting"] == {"ours": [[0.5]]}
    assert "gap, pause" not in found


def test_requests_are_counted_from_one_sentence_to_the_next() -> None:
    sounds = {f"{one.id}.wav": one for one in (TURN, PAUSE)}
    at = [("llm", 1000.2), ("tts", 1000.5), ("stt", 1003.6), ("stt", 1004.4), ("llm", 1004.6), ("stt", 1009.0)]
    call = record(
        "ours",
        "turns",
        [[0.5, 2.0], [5.1, 6.0], [11.0, 12.0]],
        ("turn", 3.0),
        ("pause", 8.0),
        requests=[{"kind": kind, "at": when} for kind, when in at],
    )
    found = samples([call], sounds)
    assert (found["stt"], found["llm"], found["tts"]) == ({"ours": [[2.0]]}, {"ours": [[1.0]]}, {"ours": [[0.0]]})


def test_a_false_cut_is_judged_by_the_first_reply_of_its_own_call() -> None:
    noise = sound("noise", "noise")
    sounds = {f"{one.id}.wav": one for one in (TURN, noise)}
    line = [[0.5, 2.0], [4.0, 10.0], [13.0, 19.0], [22.0, 23.5]]
    call = record(
        "ours", "noise", line, ("turn", 2.5), ("turn", 11.0), ("noise", 13.5), ("turn", 20.0), ("noise", 22.5)
    )
    assert samples([call], sounds)["false cut"] == {"ours": [[0.0, 1.0]]}


def test_the_second_caller_s_greeting_is_compared_with_the_first_s() -> None:
    first = record("ours", "second", [[0.5, 2.0]]) | {"id": "second-00-first-ours"}
    other = record("ours", "second", [[0.6, 2.0]]) | {"id": "second-00-other-ours"}
    assert samples([first, other], {})["second"]["ours"][0] == pytest.approx([1.2])
