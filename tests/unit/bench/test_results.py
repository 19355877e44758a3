"""A run that is broken off and gone on with."""

from pathlib import Path

import pytest

from tests.bench.turns import results
from tests.bench.turns.plan import Group, Size, plan
from tests.bench.turns.results import MixedError, Results
from tests.unit.bench.made_up import library, record


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Results:
    monkeypatch.setattr(results, "FOLDER", tmp_path)
    return Results("turns")


@pytest.fixture
def groups() -> list[Group]:
    size = Size(turns=16, barge_ins=0, greetings=0, noise=False, second=False)
    return plan(library(), ["ours", "article"], size)


def made(groups: list[Group], number: int) -> dict[str, object]:
    [call] = groups[number]
    steps = [(step.sound.removesuffix(".wav"), 1.0) for step in call.talk.steps]
    return record(call.side, call.kind, [], *steps) | {"id": call.talk.id}


def test_calls_that_were_made_are_not_made_again(kept: Results, groups: list[Group]) -> None:
    assert kept.left(groups) == groups
    kept.add([made(groups, 0), made(groups, 2)])
    assert kept.left(groups) == [groups[1], *groups[3:]]
    kept.forget()
    assert kept.left(groups) == groups


def test_a_group_is_left_until_all_of_it_was_held(kept: Results, groups: list[Group]) -> None:
    both = (*groups[2], *groups[3])
    kept.add([made(groups, 2)])
    assert kept.left([both]) == [both]


def test_a_call_in_which_other_things_were_said_is_not_mixed_with_these(kept: Results, groups: list[Group]) -> None:
    other = record("ours", "turns", [], ("turn-0", 1.0)) | {"id": groups[2][0].talk.id}
    kept.add([other])
    with pytest.raises(MixedError, match="other things"):
        kept.left(groups)


def test_a_call_that_was_not_answered_was_made(kept: Results, groups: list[Group]) -> None:
    [call] = groups[2]
    kept.add([{"id": call.talk.id, "side": call.side, "kind": call.kind, "status": 480, "phrase": "gone"}])
    assert groups[2] not in kept.left(groups)


def test_calls_to_another_image_are_not_mixed_with_these(kept: Results) -> None:
    kept.must_be(image="one")
    kept.must_be(image="one", settings=["A=b"])
    with pytest.raises(MixedError, match="image one; now it is two"):
        kept.must_be(image="two")
    assert kept.about() == {"image": "one", "settings": ["A=b"]}
