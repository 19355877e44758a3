"""Which of the server's trunks and rules are ours, and which of somebody else's are in the way. Pure.

A trunk is ours if it carries our mark, and our name; else (TRUNK_NAME was edited) our mark and one of our numbers; else
(the numbers too) our mark and our rule's word for it; else it was made by hand under our name, and is adopted. The same
for rules. Everything else is somebody else's, and is never touched.

There may be several of ours, from bootstraps that ran at once. Of their ids the smallest counts: all see it alike.
"""

import json
import re
from collections.abc import Sequence

from google.protobuf.json_format import MessageToDict
from livekit.protocol.sip import SIPDispatchRuleInfo as Rule
from livekit.protocol.sip import SIPInboundTrunkInfo as Trunk

from bootstrap.desired import MARK, Desired


class BlockedError(Exception):
    """Somebody else's trunk or rule is in the way; the message names it and says what to do."""


def our_trunks(want: Desired, trunks: Sequence[Trunk], rules: Sequence[Rule]) -> list[Trunk]:
    """Ours, the one that stays first."""
    marked = sorted((trunk for trunk in trunks if trunk.metadata == MARK), key=lambda trunk: trunk.sip_trunk_id)
    named = [trunk for trunk in marked if trunk.name == want.trunk.name]
    answering = [trunk for trunk in marked if share_number(trunk, want.trunk)]
    linked = [trunk for trunk in marked if trunk.sip_trunk_id in trunks_of_our_rules(want, rules)]
    if found := named or answering or linked:
        return [trunk for trunk in found if trunk.name == found[0].name]
    by_hand = [trunk for trunk in trunks if trunk.name == want.trunk.name]
    refuse_choice([trunk.sip_trunk_id for trunk in by_hand], "trunks", "TRUNK_NAME")
    return by_hand


def our_rules(want: Desired, trunk_id: str, rules: Sequence[Rule]) -> list[Rule]:
    """Ours, the one that stays first."""
    marked = sorted((rule for rule in rules if rule.metadata == MARK), key=lambda rule: rule.sip_dispatch_rule_id)
    named = [rule for rule in marked if rule.name == want.rule.name]
    if found := named or [rule for rule in marked if trunk_id in rule.trunk_ids]:
        return found
    by_hand = [rule for rule in rules if rule.name == want.rule.name]
    refuse_choice([rule.sip_dispatch_rule_id for rule in by_hand], "rules", "RULE_NAME")
    return by_hand


def trunks_of_our_rules(want: Desired, rules: Sequence[Rule]) -> set[str]:
    return {id_ for rule in rules if rule.metadata == MARK and rule.name == want.rule.name for id_ in rule.trunk_ids}


def share_number(one: Trunk, other: Trunk) -> bool:
    def bare(trunk: Trunk) -> set[str]:  # as LiveKit compares them
        return {re.sub(r"[ \-()]", "", number).removeprefix("+") for number in trunk.numbers}

    return bool(bare(one) & bare(other))


def refuse_choice(ids: Sequence[str], kind: str, variable: str) -> None:
    if len(ids) > 1:
        raise BlockedError(
            f"{len(ids)} {kind} not made here have the name in {variable} ({', '.join(ids)}): "
            f"delete all but one of them, or set {variable} to another name"
        )


def refuse_rival_trunk(want: Desired, ours: Sequence[Trunk], trunks: Sequence[Trunk]) -> None:
    """The server would refuse too, but without the other trunk's name, nor a way out."""
    callers = set(ours[0].allowed_numbers) if ours else set()
    for other in trunks:
        same_callers = callers & set(other.allowed_numbers) or not (callers or other.allowed_numbers)
        if other not in ours and share_number(other, want.trunk) and same_callers:
            raise BlockedError(
                f"trunk {other.sip_trunk_id} ({other.name!r}) is not this line's and already answers one of "
                "PHONE_NUMBERS: delete it, take the number out of it, or set TRUNK_NAME to its name to take it over"
            )


def refuse_rival_rule(ours: Sequence[Rule], trunk_id: str, rules: Sequence[Rule]) -> None:
    for other in rules:
        filtered = other.numbers or other.inbound_numbers or '"pin"' in json.dumps(MessageToDict(other.rule))
        if other not in ours and trunk_id in other.trunk_ids and not filtered:
            raise BlockedError(
                f"rule {other.sip_dispatch_rule_id} ({other.name!r}) is not this line's and already answers its trunk "
                f"{trunk_id}: delete it, or set RULE_NAME to its name to take it over"
            )


def open_doors(rules: Sequence[Rule]) -> list[str]:
    """Rules that make every trunk's list of addresses worthless."""
    return [
        f"rule {rule.sip_dispatch_rule_id} ({rule.name!r}) names no trunk, so it answers calls from anywhere: delete it"
        for rule in rules
        if not rule.trunk_ids
    ]
