"""Finds this host's trunks and rules on the server, the line of each, and somebody else's that are in the way.

The functions are pure. What this host made carries its mark, with AGENT_NAME and the line (see `mark`). What it made
before there were lines carries a mark without either, and is recognised by the rule's agent, the numbers and the names.
What was made by hand under the name that a line wants is adopted. All else is somebody else's, and is never touched.

The outbound trunk has a mark of its own, and belongs to no line.

Bootstraps that ran at once may have made several for one line. The one with the smallest id counts, because all of
them see the same one.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from google.protobuf.json_format import MessageToDict
from livekit.protocol.sip import SIPDispatchRuleInfo as Rule
from livekit.protocol.sip import SIPInboundTrunkInfo as Trunk
from livekit.protocol.sip import SIPOutboundTrunkInfo as Outbound

from bootstrap.desired import Desired
from bootstrap.mark import MARK_WITHOUT_LINE, is_marked, outbound_mark, read_mark
from bootstrap.number_forms import as_compared

M = TypeVar("M", Trunk, Rule)


class BlockedError(Exception):
    """Somebody else's trunk or rule is in the way; the message names it and says what to do."""


@dataclass(frozen=True)
class Ours:
    """This host's trunks and rules by line, the one that stays first, and those of lines that no longer exist."""

    trunks: Mapping[str, Sequence[Trunk]]
    rules: Mapping[str, Sequence[Rule]]
    gone_trunks: Sequence[Trunk]
    gone_rules: Sequence[Rule]

    def trunk_ids(self) -> dict[str, str]:
        return {line: found[0].sip_trunk_id for line, found in self.trunks.items() if found}


def find_ours(want: Desired, trunks: Sequence[Trunk], rules: Sequence[Rule]) -> Ours:
    """Find what is ours; BlockedError if somebody else's trunk or rule is in the way."""
    trunks, rules = sorted(trunks, key=id_of), sorted(rules, key=id_of)
    our_rules = [rule for rule in rules if is_our_rule(want, rule)]
    line_trunks, gone_trunks = assign_trunks(want, trunks, our_rules, rules)
    line_rules, gone_rules = assign_rules(want, line_trunks, our_rules, rules)
    ours = Ours(line_trunks, line_rules, gone_trunks, gone_rules)
    refuse_rival_trunks(want, ours, trunks)
    refuse_rival_rules(ours, rules)
    return ours


def find_our_outbound(want: Desired, outbound: Sequence[Outbound]) -> list[Outbound]:
    """Find this host's outbound trunks, the one that stays first; what was made by hand under its name is adopted."""
    found = sorted(outbound, key=id_of)
    ours = [trunk for trunk in found if trunk.metadata == outbound_mark(want.agent)]
    if ours or want.outbound is None:
        return ours
    by_hand = [trunk for trunk in found if trunk.name == want.outbound.name and not trunk.metadata]
    if len(by_hand) > 1:
        raise BlockedError(
            f"{len(by_hand)} outbound trunks made by hand are called {want.outbound.name!r} "
            f"({', '.join(map(id_of, by_hand))}): delete all but one of them, or set TRUNK_NAME to another name"
        )
    return by_hand


def is_our_rule(want: Desired, rule: Rule) -> bool:
    if rule.metadata == MARK_WITHOUT_LINE:
        return [agent.agent_name for agent in rule.room_config.agents] == [want.agent]
    mark = read_mark(rule.metadata)
    return mark is not None and mark.agent == want.agent


def is_our_trunk(want: Desired, trunk: Trunk, our_rules: Sequence[Rule], rules: Sequence[Rule]) -> bool:
    if trunk.metadata == MARK_WITHOUT_LINE:
        # Such a trunk names no agent, but its rule does; without one (bootstrap was interrupted), its numbers decide.
        if any(trunk.sip_trunk_id in rule.trunk_ids for rule in rules if is_marked(rule.metadata)):
            return any(trunk.sip_trunk_id in rule.trunk_ids for rule in our_rules)
        return any(share_number(trunk, route.trunk) for route in want.routes.values())
    mark = read_mark(trunk.metadata)
    return mark is not None and mark.agent == want.agent


def assign_trunks(
    want: Desired, trunks: Sequence[Trunk], our_rules: Sequence[Rule], rules: Sequence[Rule]
) -> tuple[dict[str, list[Trunk]], list[Trunk]]:
    """Assign our trunks to the lines; the rest belong to lines that no longer exist."""
    by_line, rest = split_by_line(want, [trunk for trunk in trunks if is_our_trunk(want, trunk, our_rules, rules)])
    for line, route in want.routes.items():
        if not by_line[line]:  # renamed, or marked without a line: the trunk that has its name or numbers stays
            named = [trunk for trunk in rest if trunk.name == route.trunk.name]
            answering = [trunk for trunk in rest if share_number(trunk, route.trunk)]
            linked_ids = {id_ for rule in our_rules if rule.name == route.rule.name for id_ in rule.trunk_ids}
            linked = [trunk for trunk in rest if trunk.sip_trunk_id in linked_ids]
            found = named or answering or linked
            by_line[line] = [trunk for trunk in found if trunk.name == found[0].name]
            rest = [trunk for trunk in rest if trunk not in by_line[line]]
        by_line[line] = by_line[line] or find_by_hand(trunks, route.trunk.name, "trunks", "TRUNK_NAME")
    return by_line, [trunk for trunk in rest if read_mark(trunk.metadata)]


def assign_rules(
    want: Desired, line_trunks: Mapping[str, Sequence[Trunk]], our_rules: Sequence[Rule], rules: Sequence[Rule]
) -> tuple[dict[str, list[Rule]], list[Rule]]:
    """Assign our rules to the lines; the rest belong to lines that no longer exist."""
    by_line, rest = split_by_line(want, our_rules)
    for line, route in want.routes.items():
        if not by_line[line]:
            kept = {trunk.sip_trunk_id for trunk in line_trunks[line][:1]}
            linked = [rule for rule in rest if kept & set(rule.trunk_ids)]
            by_line[line] = linked or [rule for rule in rest if rule.name == route.rule.name]
            rest = [rule for rule in rest if rule not in by_line[line]]
        by_line[line] = by_line[line] or find_by_hand(rules, route.rule.name, "rules", "RULE_NAME")
    return by_line, [rule for rule in rest if read_mark(rule.metadata)]


def split_by_line(want: Desired, ours: Iterable[M]) -> tuple[dict[str, list[M]], list[M]]:
    """Split what is ours into what the present lines have, and the rest."""
    by_line: dict[str, list[M]] = {line: [] for line in want.routes}
    rest: list[M] = []
    for one in ours:
        mark = read_mark(one.metadata)
        (by_line[mark.line] if mark and mark.line in by_line else rest).append(one)
    return by_line, rest


def find_by_hand(found: Sequence[M], name: str, kind: str, variable: str) -> list[M]:
    """Find the one of this name that was made by hand; BlockedError if there are several."""
    by_hand = [one for one in found if one.name == name and not is_marked(one.metadata)]
    if len(by_hand) > 1:
        raise BlockedError(
            f"{len(by_hand)} {kind} made by hand are called {name!r} ({', '.join(map(id_of, by_hand))}): "
            f"delete all but one of them, or set {variable} to another name"
        )
    return by_hand


def refuse_rival_trunks(want: Desired, ours: Ours, trunks: Sequence[Trunk]) -> None:
    """Raise BlockedError for what the server would refuse too, but without naming the other trunk or a way out."""
    known = {trunk.sip_trunk_id for found in (*ours.trunks.values(), ours.gone_trunks) for trunk in found}
    for line, route in want.routes.items():
        callers = set(ours.trunks[line][0].allowed_numbers) if ours.trunks[line] else set()
        for other in trunks:
            same_callers = callers & set(other.allowed_numbers) or not (callers or other.allowed_numbers)
            if other.sip_trunk_id not in known and share_number(other, route.trunk) and same_callers:
                raise BlockedError(
                    f"trunk {other.sip_trunk_id} ({other.name!r}) {describe_owner(other)} and already answers a number "
                    f"of line {line}: delete it, or take the number out of it{suggest_takeover(other, 'TRUNK_NAME')}"
                )


def refuse_rival_rules(ours: Ours, rules: Sequence[Rule]) -> None:
    known = {rule.sip_dispatch_rule_id for found in (*ours.rules.values(), ours.gone_rules) for rule in found}
    for line, trunk_id in ours.trunk_ids().items():
        for other in rules:
            filtered = other.numbers or other.inbound_numbers or '"pin"' in json.dumps(MessageToDict(other.rule))
            if other.sip_dispatch_rule_id not in known and trunk_id in other.trunk_ids and not filtered:
                raise BlockedError(
                    f"rule {other.sip_dispatch_rule_id} ({other.name!r}) {describe_owner(other)} and already answers "
                    f"trunk {trunk_id} of line {line}: delete it{suggest_takeover(other, 'RULE_NAME')}"
                )


def describe_owner(other: Trunk | Rule) -> str:
    if mark := read_mark(other.metadata):
        return f"belongs to the host whose AGENT_NAME is {mark.agent!r}"
    return "was made by another host" if is_marked(other.metadata) else "was not made by this host"


def suggest_takeover(other: Trunk | Rule, variable: str) -> str:
    if mark := read_mark(other.metadata):
        return (
            f"; if AGENT_NAME was changed on this host, set it back to {mark.agent!r} or delete the old trunk and rule"
        )
    return "" if is_marked(other.metadata) else f", or set {variable} to its name to take it over"


def warn_of_open_rules(rules: Sequence[Rule]) -> list[str]:
    """Name the rules that make every trunk's list of addresses worthless."""
    return [
        f"rule {rule.sip_dispatch_rule_id} ({rule.name!r}) names no trunk, so it answers calls from anywhere: delete it"
        for rule in rules
        if not rule.trunk_ids
    ]


def share_number(one: Trunk, other: Trunk) -> bool:
    return bool(numbers_of(one) & numbers_of(other))


def numbers_of(trunk: Trunk) -> set[str]:
    """Return a trunk's numbers in the form in which LiveKit compares them."""
    return {as_compared(number) for number in trunk.numbers}


def id_of(one: Trunk | Rule | Outbound) -> str:
    return one.sip_dispatch_rule_id if isinstance(one, Rule) else one.sip_trunk_id
