"""Who is called when."""

from collections import Counter

import pytest

from tests.bench.sides import NUMBERS, SIDES
from tests.bench.turns.driver.talk import Talk
from tests.bench.turns.plan import EMBEDDED, FIXED, Group, Size, plan
from tests.unit.bench.made_up import library


@pytest.fixture
def groups() -> list[Group]:
    return plan(library(), SIDES, FIXED)


def test_each_second_call_goes_through_the_sides_backwards(groups: list[Group]) -> None:
    turns = [call.side for group in groups for call in group if call.kind == "turns"]
    assert turns[:6] == ["ours", "article", "pipecat", "pipecat", "article", "ours"]


def test_every_side_is_told_the_same(groups: list[Group]) -> None:
    said = {side: [call.talk.steps for group in groups for call in group if call.side == side] for side in SIDES}
    told = [[steps for steps in talks if steps] for talks in said.values()]
    assert told[0] == told[1] == told[2]


def test_every_call_has_an_id_of_its_own_and_goes_to_its_side(groups: list[Group]) -> None:
    calls = [call for group in groups for call in group]
    assert max(Counter(call.talk.id for call in calls).values()) == 1
    assert all(call.talk.number == NUMBERS[call.side] for call in calls)


def test_a_hundred_turns_and_every_pause_are_said_to_each_side_and_spread_over_the_calls(groups: list[Group]) -> None:
    calls = [call.talk.steps for group in groups for call in group if (call.side, call.kind) == ("ours", "turns")]
    kinds = Counter(step.sound.split("-")[0] for steps in calls for step in steps)
    assert kinds == {"turn": 100, "pause": 10}
    assert all(any(step.sound.startswith("turn") for step in steps) for steps in calls)
    assert sum(any(step.sound.startswith("pause") for step in steps) for steps in calls) == 10


def test_every_noise_comes_into_a_reply_and_the_first_reply_is_left_alone(groups: list[Group]) -> None:
    calls = [call for group in groups for call in group if (call.side, call.kind) == ("article", "noise")]
    steps = [step for call in calls for step in call.talk.steps]
    assert sorted(step.sound for step in steps if step.into) == sorted(f"noise-{n}.wav" for n in range(6))
    assert all(call.talk.steps[0].into is call.talk.steps[1].into is None for call in calls)


def test_a_barge_in_call_begins_over_the_greeting(groups: list[Group]) -> None:
    calls = [call for group in groups for call in group if call.kind == "barge-in"]
    assert all(call.talk.steps[0].into and call.script == "long" for call in calls)


def test_together_all_sides_are_called_at_once() -> None:
    groups = plan(library(), SIDES, FIXED, together=True)
    turns = [group for group in groups if group[0].kind == "turns"]
    assert all({call.side for call in group} == set(SIDES) for group in turns)
    assert all(len({call.talk.caller for call in group}) == len(group) for group in turns)


def test_a_second_caller_comes_while_the_first_is_greeted_but_not_to_a_single_room(groups: list[Group]) -> None:
    pairs = [group for group in groups if group[0].kind == "second"]
    assert {call.side for group in pairs for call in group} == {"ours", "article"}
    assert all([call.talk.delay for call in group] == [0, 2] for group in pairs)


def test_the_embedded_profile_asks_for_no_replies_of_a_certain_length() -> None:
    assert not {call.script for group in plan(library(), SIDES, EMBEDDED) for call in group} - {"brief", "unhurried"}


def test_a_talk_survives_the_pipe() -> None:
    for group in plan(library(), ["ours"], Size(turns=3)):
        assert Talk.from_json(group[0].talk.as_json()) == group[0].talk
