"""What the server has, beside what it should have -> the smallest change. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from livekit.protocol.sip import SIPDispatchRuleInfo as Rule
from livekit.protocol.sip import SIPInboundTrunkInfo as Trunk

from bootstrap.compare import differences, merge
from bootstrap.desired import Desired
from bootstrap.ownership import our_rules, our_trunks, refuse_rival_rule, refuse_rival_trunk

ANY_TRUNK = "<trunk>"  # stands for the id of a trunk that is not there yet


@dataclass(frozen=True)
class Change:
    """One call to the server. `message` is what it shall hold; for a deletion, what it holds."""

    action: Literal["create", "update", "delete"]
    message: Trunk | Rule
    why: str

    def __str__(self) -> str:
        if isinstance(self.message, Trunk):
            what = f"trunk {self.message.sip_trunk_id}"
        else:
            what = f"rule {self.message.sip_dispatch_rule_id}"
        return f"{self.action} {what.strip()}: {self.why}"


def next_changes(want: Desired, trunks: Sequence[Trunk], rules: Sequence[Rule]) -> list[Change]:
    """The next step, or [] when there is nothing to change. The rule waits for the trunk, whose id it names."""
    ours = our_trunks(want, trunks, rules)
    return trunk_changes(want, ours, trunks) or rule_changes(want, ours[0].sip_trunk_id, rules)


def all_changes(want: Desired, trunks: Sequence[Trunk], rules: Sequence[Rule]) -> list[Change]:
    """Every difference there is, for a person to read."""
    ours = our_trunks(want, trunks, rules)
    trunk_id = ours[0].sip_trunk_id if ours else ANY_TRUNK
    return trunk_changes(want, ours, trunks) + rule_changes(want, trunk_id, rules)


def trunk_changes(want: Desired, ours: Sequence[Trunk], trunks: Sequence[Trunk]) -> list[Change]:
    refuse_rival_trunk(want, ours, trunks)
    if not ours:
        return [Change("create", want.trunk, "the server has none")]
    have, *spares = ours
    if spares:  # first of all: the server refuses an update while a second trunk has the same numbers
        return [Change("delete", spare, f"it doubles {have.sip_trunk_id}") for spare in spares]
    why = differences(have, want.trunk)
    return [Change("update", merge(have, want.trunk), "; ".join(why))] if why else []


def rule_changes(want: Desired, trunk_id: str, rules: Sequence[Rule]) -> list[Change]:
    ours = our_rules(want, trunk_id, rules)
    refuse_rival_rule(ours, trunk_id, rules)
    rule = want.rule_for(trunk_id)
    if not ours:
        return [Change("create", rule, "the server has none")]
    have, *spares = ours
    if spares:
        return [Change("delete", spare, f"it doubles {have.sip_dispatch_rule_id}") for spare in spares]
    why = differences(have, rule)
    return [Change("update", merge(have, rule), "; ".join(why))] if why else []
