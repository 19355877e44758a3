"""From any lines to any other lines, on a server that does exactly what it is told."""

import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

import pytest
from livekit.protocol.sip import SIPDispatchRuleInfo as Rule
from livekit.protocol.sip import SIPInboundTrunkInfo as Trunk

from bootstrap.desired import Desired, desired
from bootstrap.lines import Lines
from bootstrap.ownership import id_of
from bootstrap.plan import Change, all_changes, next_changes
from bootstrap.settings import ServerSettings

A, B, C, D = "+12025550100", "+12025550111", "+12025550122", "+12025550133"
M = TypeVar("M", Trunk, Rule)
WantFor = Callable[[Lines], Desired]


class World:
    """Trunks and rules, and one change after another."""

    def __init__(self) -> None:
        self.trunks: dict[str, Trunk] = {}
        self.rules: dict[str, Rule] = {}
        self.ids = itertools.count(1)

    def reach(self, want: Desired) -> list[Change]:
        """Change until nothing is left to do; between any two changes no number and no trunk is claimed twice."""
        made: list[Change] = []
        while changes := next_changes(want, list(self.trunks.values()), list(self.rules.values())):
            for change in changes:
                self.make(change)
                self.check()
            made += changes
            assert len(made) < 30, [str(change) for change in made]
        assert all_changes(want, list(self.trunks.values()), list(self.rules.values())) == []
        return made

    def make(self, change: Change) -> None:
        if isinstance(change.message, Trunk):
            self.store(self.trunks, change, change.message, "sip_trunk_id")
        elif isinstance(change.message, Rule):
            self.store(self.rules, change, change.message, "sip_dispatch_rule_id")

    def store(self, kept: dict[str, M], change: Change, message: M, id_field: str) -> None:
        if change.action == "delete":
            del kept[id_of(message)]
            return
        stored = type(message)()
        stored.CopyFrom(message)
        if change.action == "create":
            setattr(stored, id_field, f"ID_{next(self.ids):03}")
        kept[id_of(stored)] = stored

    def check(self) -> None:
        numbers = [number for trunk in self.trunks.values() for number in trunk.numbers]
        assert len(numbers) == len(set(numbers))
        assert all(trunk.numbers for trunk in self.trunks.values())
        trunk_ids = [id_ for rule in self.rules.values() for id_ in rule.trunk_ids]
        assert len(trunk_ids) == len(set(trunk_ids))
        assert all(rule.trunk_ids for rule in self.rules.values())

    def numbers(self) -> dict[str, tuple[str, ...]]:
        """Each line's numbers, by the way of a call: number, trunk, rule, line."""
        found = {}
        for rule in self.rules.values():
            [trunk_id], [agent] = rule.trunk_ids, rule.room_config.agents
            found[agent.metadata] = tuple(self.trunks[trunk_id].numbers)
        return found

    def trunk_of(self, line: str) -> str:
        [rule] = [rule for rule in self.rules.values() if line in rule.room_config.agents[0].metadata]
        return rule.trunk_ids[0]


@pytest.fixture
def want_for(settings: Callable[..., ServerSettings]) -> WantFor:
    given = settings()
    return lambda lines: desired(given, lines)


def every_way_to_spread(numbers: tuple[str, ...], lines: tuple[str, ...]) -> Iterator[dict[str, tuple[str, ...]]]:
    for owners in itertools.product(lines, repeat=len(numbers)):
        yield {
            line: tuple(number for number, owner in zip(numbers, owners, strict=True) if owner == line)
            for line in sorted(set(owners))
        }


def expected(lines: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    return {f'{{"line": "{line}"}}': numbers for line, numbers in lines.items()}


def test_every_spread_of_numbers_over_lines_is_reached_from_every_other(want_for: WantFor) -> None:
    spreads = list(every_way_to_spread((A, B, C), ("coffee", "tea", "wine")))
    for before, after in itertools.product(spreads, repeat=2):
        world = World()
        world.reach(want_for(before))
        world.reach(want_for(after))
        assert world.numbers() == expected(after)


def test_a_swap_keeps_both_trunks(want_for: WantFor) -> None:
    world = World()
    world.reach(want_for({"coffee": (A,), "tea": (B,)}))
    before = world.trunk_of("coffee"), world.trunk_of("tea")
    changes = world.reach(want_for({"coffee": (B,), "tea": (A,)}))
    assert (world.trunk_of("coffee"), world.trunk_of("tea")) == before
    assert [change.action for change in changes] == ["update"] * 3


def test_a_moved_number_is_let_go_before_it_is_taken(want_for: WantFor) -> None:
    world = World()
    world.reach(want_for({"coffee": (A,), "tea": (B, C)}))
    changes = world.reach(want_for({"coffee": (A, B), "tea": (C,)}))
    assert [(change.action, change.line) for change in changes] == [("update", "tea"), ("update", "coffee")]


def test_a_renamed_line_keeps_its_trunk_and_rule(want_for: WantFor) -> None:
    world = World()
    world.reach(want_for({"coffee": (A,), "tea": (B,)}))
    before = set(world.trunks), set(world.rules)
    changes = world.reach(want_for({"cafe": (A,), "tea": (B,)}))
    assert (set(world.trunks), set(world.rules)) == before
    assert {change.line for change in changes} == {"cafe"}


@pytest.mark.parametrize("second", ["tea", "bread"])
def test_a_second_line_leaves_the_first_its_trunk_and_rule(want_for: WantFor, second: str) -> None:
    world = World()
    world.reach(want_for({"coffee": (A, B)}))
    before = world.trunk_of("coffee"), set(world.rules)
    world.reach(want_for({"coffee": (A,), second: (B,)}))
    assert world.trunk_of("coffee") == before[0]
    assert before[1] < set(world.rules)
    assert {trunk.name for trunk in world.trunks.values()} == {"Twilio Trunk (coffee)", f"Twilio Trunk ({second})"}


def test_rules_whose_trunks_were_swapped_by_hand_are_swapped_back(want_for: WantFor) -> None:
    world = World()
    want = want_for({"coffee": (A,), "tea": (B,)})
    world.reach(want)
    first, second = world.rules.values()
    first.trunk_ids[0], second.trunk_ids[0] = second.trunk_ids[0], first.trunk_ids[0]
    world.reach(want)
    assert world.numbers() == expected({"coffee": (A,), "tea": (B,)})


def test_changes_name_the_line_and_no_number(want_for: WantFor) -> None:
    world = World()
    changes = world.reach(want_for({"coffee": (A,), "tea": (B,)})) + world.reach(want_for({"coffee": (B,)}))
    assert all(f"of line {change.line}:" in str(change) for change in changes)
    assert not any("2025550" in str(change) for change in changes)


def test_a_line_that_waits_for_a_swap_keeps_what_nobody_takes(want_for: WantFor) -> None:
    world = World()
    world.reach(want_for({"coffee": (A, D), "tea": (B,), "wine": (C,)}))
    after = {"coffee": (B,), "tea": (A,), "wine": (C, D)}
    changes = world.reach(want_for(after))
    assert world.numbers() == expected(after)
    assert [change.line for change in changes if "lets go" in change.why] == ["tea"]
