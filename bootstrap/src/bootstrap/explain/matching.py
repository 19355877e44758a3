"""Which trunk and which rule a call meets, decided as LiveKit's server does. Pure.

The server's own code is `MatchTrunkDetailed`, `MatchDispatchRuleIter` and `EvaluateDispatchRule` in sip/sip.go of
github.com/livekit/protocol, and pkg/service/ioservice_sip.go of github.com/livekit/livekit. Two things in it surprise
people: a call that no trunk takes is still taken by a rule that names no trunk, and an entry of a trunk's
`allowed_addresses` also lets in whoever writes that entry as the host of the From header.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from itertools import product
from typing import Generic, Literal, TypeVar

from livekit.protocol.sip import SIPDispatchRuleInfo as Rule
from livekit.protocol.sip import SIPInboundTrunkInfo as Trunk

from bootstrap.explain.call import Call
from bootstrap.number_forms import as_compared

M = TypeVar("M", Trunk, Rule)

# accepted: a room is made for the call, and the rule's agents are sent to it
# pin: the gateway answers by itself, and asks the caller for the rule's PIN
# wrong_pin: it says that the PIN is wrong, and hangs up
# dropped: the caller hears ringing, and no answer ever comes (LiveKit calls this a flood)
# unavailable: the gateway answers 503, because trunks or rules contradict each other
Outcome = Literal["accepted", "pin", "wrong_pin", "dropped", "unavailable"]

Condition = Literal["number", "address", "caller", "trunk", "pin"]

IGNORED = re.compile(r"[()+*;, \t\n\r]|://")  # an entry of allowed_addresses with one of these is left out
PREFIX = re.compile(r"0|[1-9][0-9]{0,2}")
WITHOUT_FILTER = 1000  # what a rule's priority loses for each kind of number that it does not name


@dataclass(frozen=True)
class Miss(Generic[M]):
    """A trunk or a rule that does not take the call, and every condition of it that is not met."""

    one: M
    unmet: tuple[Condition, ...]


@dataclass(frozen=True)
class Explanation:
    """What becomes of a call, and why.

    With `unavailable`, `conflict` has the trunks or the rules that contradict each other, or one rule of no known kind;
    it is empty if the server fails for another reason.
    """

    outcome: Outcome
    trunk: Trunk | None = None
    rule: Rule | None = None
    missed_trunks: tuple[Miss[Trunk], ...] = ()
    missed_rules: tuple[Miss[Rule], ...] = ()
    conflict: tuple[Trunk | Rule, ...] = ()
    let_in_by: Literal["address", "from_host", "any_address"] = "address"

    @property
    def asks_for_credentials(self) -> bool:
        """Return whether the gateway answers 407 first, which it does only if the trunk has both of them."""
        return bool(self.trunk and self.trunk.auth_username and self.trunk.auth_password)

    @property
    def agents(self) -> tuple[str, ...]:
        """Name the agents that the rule sends to the call's room; none: those without a name."""
        return tuple(agent.agent_name for agent in self.rule.room_config.agents) if self.rule else ()


def match(call: Call, trunks: Sequence[Trunk], rules: Sequence[Rule]) -> Explanation:
    """Say what becomes of the call on a server with these inbound trunks and dispatch rules."""
    at_first = _decide(replace(call, pin=None), trunks, rules)
    if call.pin is None or at_first.outcome != "pin":  # then nobody asks for what the caller would type
        return at_first
    return _decide(call, trunks, rules)


def _decide(call: Call, trunks: Sequence[Trunk], rules: Sequence[Rule]) -> Explanation:
    trunks = sorted(trunks, key=lambda trunk: trunk.sip_trunk_id)
    rules = sorted(rules, key=lambda rule: rule.sip_dispatch_rule_id)
    missed_trunks = tuple(Miss(trunk, unmet) for trunk in trunks if (unmet := _unmet_by_trunk(call, trunk)))
    taking = [trunk for trunk in trunks if not _unmet_by_trunk(call, trunk)]
    taking = [trunk for trunk in taking if trunk.numbers] or taking  # one with numbers wins over one without
    if len(taking) > 1:
        return Explanation("unavailable", missed_trunks=missed_trunks, conflict=tuple(taking))
    trunk = taking[0] if taking else None
    let_in_by = _let_in_by(call, trunk) if trunk else "address"

    if conflict := _conflict(rules if trunk is None else [rule for rule in rules if _is_for(rule, trunk)]):
        return Explanation("unavailable", trunk, None, missed_trunks, (), conflict, let_in_by)
    missed_rules = tuple(Miss(rule, unmet) for rule in rules if (unmet := _unmet_by_rule(call, trunk, rule)))
    applying = [rule for rule in rules if not _unmet_by_rule(call, trunk, rule)]
    applying = [rule for rule in applying if rule.trunk_ids] or applying  # one that names the trunk wins
    rule = min(applying, key=_priority, default=None)
    return Explanation(_outcome(call, rule), trunk, rule, missed_trunks, missed_rules, (), let_in_by)


def _is_for(rule: Rule, trunk: Trunk) -> bool:
    return not rule.trunk_ids or trunk.sip_trunk_id in rule.trunk_ids


def _unmet_by_trunk(call: Call, trunk: Trunk) -> tuple[Condition, ...]:
    def unmet() -> Iterator[Condition]:
        if trunk.numbers and not _has_number(trunk.numbers, call.dialled):
            yield "number"
        if not _is_allowed(call, trunk):
            yield "address"
        if trunk.allowed_numbers and not _has_number(trunk.allowed_numbers, call.caller):
            yield "caller"

    return tuple(unmet())


def _unmet_by_rule(call: Call, trunk: Trunk | None, rule: Rule) -> tuple[Condition, ...]:
    def unmet() -> Iterator[Condition]:
        if rule.trunk_ids and (trunk is None or trunk.sip_trunk_id not in rule.trunk_ids):
            yield "trunk"
        if rule.numbers and call.dialled not in rule.numbers:  # as written: a rule's numbers are not normalised
            yield "number"
        if rule.inbound_numbers and call.caller not in rule.inbound_numbers:
            yield "caller"
        wanted = pin_of(rule)
        if wanted is None or (call.pin is not None and wanted != call.pin):
            yield "pin"

    return tuple(unmet())


def _outcome(call: Call, rule: Rule | None) -> Outcome:
    if rule is None:
        return "dropped" if call.pin is None else "wrong_pin"
    if pin_of(rule) and call.pin is None:
        return "pin"
    if rule.hide_phone_number and not call.caller:
        return "unavailable"  # the server fails to shorten a number that is not there
    return "accepted"


def _has_number(numbers: Sequence[str], number: str) -> bool:
    return as_compared(number) in {as_compared(one) for one in numbers}


def _is_allowed(call: Call, trunk: Trunk) -> bool:
    entries = usable_entries(trunk)
    return not entries or call.host in entries or any(_contains(entry, call.address) for entry in entries)


def _let_in_by(call: Call, trunk: Trunk) -> Literal["address", "from_host", "any_address"]:
    entries = usable_entries(trunk)
    if not entries:
        return "any_address"
    return "address" if any(_contains(entry, call.address) for entry in entries) else "from_host"


def usable_entries(trunk: Trunk) -> list[str]:
    """List the entries of `allowed_addresses` that the server does not leave out; without any, all may call."""
    return [entry for entry in trunk.allowed_addresses if not IGNORED.search(entry)]


def _contains(entry: str, address: str) -> bool:
    """Say whether an entry of `allowed_addresses` names the address or a range with it, as Go's net/netip reads it."""
    caller = ip_address(address)
    text, slash, prefix = entry.rpartition("/") if "/" in entry else (entry, "", "")
    try:
        named = ip_address(text)
    except ValueError:
        return False
    if not slash:
        return caller == named
    if _zone(caller) or _zone(named) or not PREFIX.fullmatch(prefix) or int(prefix) > named.max_prefixlen:
        return False
    return caller.version == named.version and caller in ip_network(f"{named}/{prefix}", strict=False)


def _zone(address: IPv4Address | IPv6Address) -> str | None:
    return address.scope_id if isinstance(address, IPv6Address) else None


def _conflict(rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """Find two rules for the same calls, or one of no kind that the server knows: with either, it refuses to choose.

    It looks at every rule for the call's trunk, or at all rules if no trunk takes the call, whatever else they ask for.
    """
    seen: dict[tuple[str, str, str, str], Rule] = {}
    for rule in rules:
        pin = pin_of(rule)
        if pin is None:
            return (rule,)
        trunks, callers, numbers = (list(ids) or [""] for ids in (rule.trunk_ids, rule.inbound_numbers, rule.numbers))
        for trunk, caller, number in product(trunks, callers, numbers):
            key = (pin, trunk, as_compared(caller), as_compared(number))
            if key in seen:
                return (seen[key], rule)
            seen[key] = rule
    return ()


def pin_of(rule: Rule) -> str | None:
    """Return the PIN that a rule asks for, "" if it asks for none, and None if the rule is of no known kind."""
    kind = rule.rule.WhichOneof("rule")
    return getattr(rule.rule, kind).pin if kind else None


def _priority(rule: Rule) -> tuple[int, str]:
    """Return what the server sorts by, the lowest first; of equals, the one with the smallest id stays first."""
    match rule.rule.WhichOneof("rule"):
        case "dispatch_rule_direct":
            place, room = 0, rule.rule.dispatch_rule_direct.room_name
        case "dispatch_rule_individual":
            place, room = 1, rule.rule.dispatch_rule_individual.room_prefix
        case _:
            place, room = 2, rule.rule.dispatch_rule_callee.room_prefix
    open_to_all = 0 if pin_of(rule) else 100
    unfiltered = [numbers for numbers in (rule.inbound_numbers, rule.numbers) if not numbers]
    return place + open_to_all + WITHOUT_FILTER * len(unfiltered), room
