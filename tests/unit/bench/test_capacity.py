"""How many callers at once are held."""

from typing import Any

import pytest

from tests.bench.capacity.levels import Level, best, held, level, quickest
from tests.unit.bench.made_up import record, sound


def made(side: str = "ours", callers: int = 1, **changes: Any) -> Level:
    values = {"gaps": (1.0,) * 8, "hole": 0.0, "failed": 0, "phone_late": False, "cpu": 0.1, "memory": 30.0}
    return Level(side, callers, **{**values, **changes})


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"gaps": (1.0,) * 8 + (2.5,) * 2}, "p95"),
        ({"hole": 0.11}, "hole"),
        ({"failed": 1}, "not served"),
        ({"phone_late": True}, "phone"),
        ({"gaps": ()}, "p95"),
    ],
)
def test_a_level_over_a_limit_is_not_held(changes: dict[str, Any], why: str) -> None:
    [reason] = made(**changes).exceeded
    assert why in reason


def test_a_level_at_the_limits_is_held() -> None:
    assert made(gaps=(2.0,) * 4, hole=0.1).exceeded == []


def test_a_side_holds_as_many_as_every_level_below_held_too() -> None:
    runs = [made(callers=1), made(callers=2), made(callers=3, hole=0.5), made(callers=4)]
    assert held(best(runs), "ours") == 2
    assert held(best(runs), "article") == 0


def test_a_level_that_held_at_the_second_attempt_is_held() -> None:
    runs = [made(callers=1, hole=0.5), made(callers=1), made(callers=2, hole=0.5), made(callers=2, hole=0.2)]
    assert held(best(runs), "ours") == 1


def test_a_level_is_all_its_callers_together() -> None:
    sounds = {"turn.wav": sound("turn")}
    more = {"longest_hole": 0.02, "ran_out": False, "packets_sent": 1000, "packets_late": 0}
    quick = record("ours", "", [[0.5, 2.0], [5.1, 6.0]], ("turn", 3.0), **more)
    slow = record("ours", "", [[0.5, 2.0], [6.1, 7.0]], ("turn", 3.0), **more | {"longest_hole": 0.2})
    refused = {"id": "x", "status": 486, "phrase": "Busy Here"}
    one = level({"side": "ours", "cpu": 0.5, "memory": 60.0, "records": [quick, slow, refused]}, sounds)
    assert one.gaps == pytest.approx((1.0, 2.0))
    assert (one.callers, one.hole, one.failed, one.phone_late) == (3, 0.2, 1, False)


def test_a_phone_that_could_not_keep_its_beat_spoils_a_level() -> None:
    late = record("ours", "", [[0.5, 2.0]], longest_hole=0.0, ran_out=False, packets_sent=1000, packets_late=11)
    assert level({"side": "ours", "cpu": 0.5, "memory": 0.0, "records": [late]}, {}).phone_late


def test_the_sentences_are_those_that_every_side_answers_soon() -> None:
    gaps = {"a": [1.0, 3.0], "b": [1.2, 1.6], "c": [0.9, 1.5], "d": []}
    assert quickest(gaps, 2) == ["c", "b"]
