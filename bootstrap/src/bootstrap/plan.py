"""The smallest change from what the server has to what it should have. Pure functions."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

from livekit.protocol.sip import SIPDispatchRuleInfo as Rule
from livekit.protocol.sip import SIPInboundTrunkInfo as Trunk
from livekit.protocol.sip import SIPOutboundTrunkInfo as Outbound

from bootstrap.compare import differences, merge
from bootstrap.desired import Desired
from bootstrap.mark import read_mark
from bootstrap.ownership import Ours, find_our_outbound, find_ours, id_of, numbers_of

M = TypeVar("M", Trunk, Rule, Outbound)

ANY_TRUNK = "<trunk>"  # stands for the id of a trunk that does not exist yet


@dataclass(frozen=True)
class Change:
    """One request to the server. `message` is what the server will hold; for a deletion, what it holds now."""

    action: Literal["create", "update", "delete"]
    message: Trunk | Rule | Outbound
    line: str  # empty for the outbound trunk, which belongs to all
    why: str

    def __str__(self) -> str:
        kind = {Trunk: "trunk", Rule: "rule", Outbound: "outbound trunk"}[type(self.message)]
        what = f"{kind} {id_of(self.message)}".strip()
        return f"{self.action} {what}{f' of line {self.line}' if self.line else ''}: {self.why}"


def next_changes(
    want: Desired, trunks: Sequence[Trunk], rules: Sequence[Rule], outbound: Sequence[Outbound] = ()
) -> list[Change]:
    """Decide the next step; [] when there is nothing to change.

    Surplus trunks and rules go first, because they may hold a number that a line needs. Rules wait for the trunks,
    because a rule names its trunk's id. The outbound trunk waits for nothing, but comes last: calls come in first.
    """
    ours = find_ours(want, trunks, rules)
    outbound_changes = changes_of_outbound(want, outbound)
    return (
        removals(ours)
        or in_turn(trunk_changes(want, ours), [found[0] for found in ours.trunks.values() if found])
        or in_turn(rule_changes(want, ours), [found[0] for found in ours.rules.values() if found])
        or outbound_changes
    )


def all_changes(
    want: Desired, trunks: Sequence[Trunk], rules: Sequence[Rule], outbound: Sequence[Outbound] = ()
) -> list[Change]:
    """List every difference, for people to read."""
    ours = find_ours(want, trunks, rules)
    return removals(ours) + trunk_changes(want, ours) + rule_changes(want, ours) + changes_of_outbound(want, outbound)


def changes_of_outbound(want: Desired, outbound: Sequence[Outbound]) -> list[Change]:
    """Bring the outbound trunk to what it should be, and delete what is too many."""
    found = find_our_outbound(want, outbound)
    if want.outbound is None:
        return [Change("delete", trunk, "", "OUTBOUND_ADDRESS is empty") for trunk in found]
    spare = [Change("delete", trunk, "", f"it duplicates {id_of(found[0])}") for trunk in found[1:]]
    change = bring_to(want.outbound, found, "")
    return [*spare, change] if change else spare


def removals(ours: Ours) -> list[Change]:
    """Delete what lines that no longer exist had, and what bootstraps that ran at once made twice; rules first."""
    gone: list[Trunk | Rule] = [*ours.gone_rules, *ours.gone_trunks]
    of_gone_lines = [Change("delete", one, line_of(one), "the line is gone") for one in gone]
    return of_gone_lines + duplicates(ours.rules) + duplicates(ours.trunks)


def line_of(one: Trunk | Rule) -> str:
    mark = read_mark(one.metadata)
    return mark.line if mark else "?"


def duplicates(by_line: Mapping[str, Sequence[Trunk] | Sequence[Rule]]) -> list[Change]:
    return [
        Change("delete", spare, line, f"it duplicates {id_of(found[0])}")
        for line, found in by_line.items()
        for spare in found[1:]
    ]


def trunk_changes(want: Desired, ours: Ours) -> list[Change]:
    changes = [bring_to(route.trunk, ours.trunks[line], line) for line, route in want.routes.items()]
    return [change for change in changes if change]


def rule_changes(want: Desired, ours: Ours) -> list[Change]:
    trunk_ids = ours.trunk_ids()
    changes = [
        bring_to(route.rule_for(trunk_ids.get(line, ANY_TRUNK)), ours.rules[line], line)
        for line, route in want.routes.items()
    ]
    return [change for change in changes if change]


def bring_to(wanted: M, found: Sequence[M], line: str) -> Change | None:
    """Create or update what a line should have; None if it is right already."""
    if not found:
        return Change("create", wanted, line, "the server has none")
    why = differences(found[0], wanted)
    return Change("update", merge(found[0], wanted), line, "; ".join(why)) if why else None


def in_turn(changes: Sequence[Change], have: Sequence[Trunk] | Sequence[Rule]) -> list[Change]:
    """Pick the changes that can be made now: those that claim nothing that another line still holds.

    When they all wait for one another, as when two lines swap numbers, one line lets go of what it holds.
    """
    held = {id_of(one): claims(one) for one in have}
    ready = [
        change
        for change in changes
        if not any(claims(change.message) & claimed for id_, claimed in held.items() if id_ != id_of(change.message))
    ]
    if ready or not changes:
        return ready
    holding = [
        change
        for change in changes
        if any(held.get(id_of(change.message), set()) & claims(other.message) for other in changes if other != change)
    ]
    last = max(holding, key=lambda change: id_of(change.message))
    return [let_go(last, next(one for one in have if id_of(one) == id_of(last.message)))]


def claims(one: Trunk | Rule | Outbound) -> set[str]:
    """Return what no two trunks may share (numbers), or no two rules (trunk ids)."""
    match one:
        case Trunk():
            return numbers_of(one)
        case Rule():
            return set(one.trunk_ids)
    return set()


def let_go(change: Change, have: Trunk | Rule) -> Change:
    """Reduce `have` to the claims that it keeps after `change`.

    An empty list would match every number, or every trunk, so a word that matches none takes its place.
    """
    field = "numbers" if isinstance(have, Trunk) else "trunk_ids"
    kept = [claim for claim in getattr(have, field) if claim in getattr(change.message, field)]
    message = copy.deepcopy(have)
    message.ClearField(field)
    getattr(message, field).extend(kept or [f"none-{id_of(have)}"])
    return replace(change, message=message, why="it lets go of what another line takes")
