"""Made-up trunks, dispatch rules and calls, to hold `bootstrap.explain.match` against the real server.

A world is a set of trunks and rules, with the calls that are made while they are there. A seed always makes the same
world. Most trunks and rules are almost right for some of the calls, in ways that people write them. Two of a world may
contradict each other: the server refuses that when one is created, but not always when one is edited.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from livekit.protocol.sip import SIPDispatchRuleInfo as Rule
from livekit.protocol.sip import SIPInboundTrunkInfo as Trunk

from bootstrap.explain import Call

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

EXTENSIONS = ("sales", "100", "0044.20")
CALLERS = ("12025550131", "12025550132", "anonymous", "")
HOSTS = ("pstn.carrier.example", "203.0.113.9", "sip.carrier.example")
STRANGE_ENTRIES = (
    "54.172.60.0/73",
    "172.29",
    "pstn.carrier.example",
    "2001:db8::/32",
    "::ffff:10.0.0.1",
    "10.0.0.0/08",
)
IGNORED_ENTRIES = ("198.51.100.0/24,203.0.113.0/24", " 198.51.100.0/24", "sip://198.51.100.7", "198.51.100.0/24\r")
PINS = ("1234", "99")


@dataclass(frozen=True)
class Edit:
    """A change to something that is there already; the server looks less closely at it than at something new."""

    kind: Literal["trunk", "rule"]
    which: int
    change: Callable[[Any], None]


@dataclass(frozen=True)
class World:
    seed: int
    trunks: Sequence[Trunk]  # without ids, which the server gives
    rules: Sequence[Rule]  # whose trunk_ids are places in `trunks`: rules_for puts the ids in
    edits: Sequence[Edit]
    calls: Sequence[Call]

    def rules_for(self, ids: Mapping[int, str]) -> list[Rule]:
        """Return the rules with the ids of the trunks; a trunk that the server has refused stays unknown to it."""
        return [_with_ids(rule, ids) for rule in self.rules]

    def edited(self, edit: Edit, ids: Mapping[int, str]) -> Trunk | Rule:
        """Return a trunk or a rule as an edit leaves it, with the ids of the trunks."""
        if edit.kind == "trunk":
            trunk = Trunk()
            trunk.CopyFrom(self.trunks[edit.which])
            edit.change(trunk)
            return trunk
        rule = Rule()
        rule.CopyFrom(self.rules[edit.which])
        edit.change(rule)
        return _with_ids(rule, ids)


def make_world(seed: int, addresses: Sequence[str], calls: int, pins: Sequence[str | None] = (None,)) -> World:
    """Make a world whose calls come from `addresses`; `pins` are what their callers have typed."""
    chance = random.Random(seed)  # noqa: S311 - nothing is secret about it
    numbers = [f"1555{seed % 1000:03}{place:04}" for place in range(3)]  # the last one is on no trunk
    hides = chance.random() < 0.2  # LiveKit's server crashes on a call without a number that a rule hides
    trunks = [_trunk(chance, numbers[:2], addresses, place) for place in range(chance.randint(3, 7))]
    rules = [
        _rule(chance, numbers[:2], len(trunks), f"w{seed}-{place}-", hides) for place in range(chance.randint(3, 7))
    ]
    edits = [_edit(chance, trunks, rules) for _ in range(chance.choice((0, 0, 1, 3)))]
    made: dict[Call, None] = {}  # no two are alike
    while len(made) < calls:
        made[_call(chance, numbers, addresses, trunks, hides, chance.choice(pins))] = None
    return World(seed, trunks, rules, edits, list(made))


def _trunk(chance: random.Random, numbers: Sequence[str], addresses: Sequence[str], place: int) -> Trunk:
    trunk = Trunk(name=f"made up {place}")
    trunk.ringing_timeout.seconds = 30
    if chance.random() < 0.85:
        trunk.numbers.extend(
            chance.choice(_forms(number)) for number in chance.choices(numbers, k=chance.randint(1, 2))
        )
        trunk.numbers.extend(chance.choices(EXTENSIONS, k=chance.choice((0, 0, 1))))
    if chance.random() < 0.8:
        trunk.allowed_addresses.extend(_entry(chance, addresses) for _ in range(chance.choice((1, 1, 2, 3, 4))))
    if chance.random() < 0.3:
        trunk.allowed_numbers.extend(chance.choice(_forms(caller)) for caller in chance.choices(CALLERS[:3], k=2))
    if chance.random() < 0.2:
        trunk.auth_username = "bob"
        trunk.auth_password = chance.choice(("", "made-up"))
    if not (trunk.numbers or trunk.allowed_addresses or trunk.auth_username):
        trunk.allowed_addresses.append(addresses[0])
    return trunk


def _rule(chance: random.Random, numbers: Sequence[str], trunks: int, room: str, hides: bool) -> Rule:
    rule = Rule(name=f"made up {room}", hide_phone_number=hides and chance.random() < 0.5)
    pin = chance.choice(PINS) if chance.random() < 0.15 else ""
    match chance.choice(("direct", "individual", "individual", "individual", "callee")):
        case "direct":
            rule.rule.dispatch_rule_direct.room_name = f"{room}{chance.choice('ab')}"
            rule.rule.dispatch_rule_direct.pin = pin
        case "individual":
            rule.rule.dispatch_rule_individual.room_prefix = chance.choice((room, room[:-2]))
            rule.rule.dispatch_rule_individual.pin = pin
        case _:
            rule.rule.dispatch_rule_callee.room_prefix = room
            rule.rule.dispatch_rule_callee.pin = pin
    if chance.random() < 0.8:
        rule.trunk_ids.extend(map(str, chance.sample(range(trunks), k=chance.randint(1, min(3, trunks)))))
    if chance.random() < 0.3:
        rule.inbound_numbers.extend(chance.choice(_forms(caller)) for caller in chance.choices(CALLERS[:3], k=2))
    if chance.random() < 0.3:
        rule.numbers.extend(chance.choice(_forms(number)) for number in chance.choices(numbers, k=2))
    return rule


def _edit(chance: random.Random, trunks: Sequence[Trunk], rules: Sequence[Rule]) -> Edit:
    if chance.random() < 0.5:
        others = list(chance.choice(trunks).numbers)

        def take_its_numbers(trunk: Trunk) -> None:
            trunk.numbers[:] = others

        return Edit("trunk", chance.randrange(len(trunks)), take_its_numbers)
    ids = list(chance.choice(rules).trunk_ids)

    def take_its_trunks(rule: Rule) -> None:
        rule.trunk_ids[:] = ids

    return Edit("rule", chance.randrange(len(rules)), take_its_trunks)


def _call(
    chance: random.Random,
    numbers: Sequence[str],
    addresses: Sequence[str],
    trunks: Sequence[Trunk],
    hides: bool,
    pin: str | None,
) -> Call:
    callers = CALLERS[:3] if hides else CALLERS
    entries = [entry for trunk in trunks for entry in trunk.allowed_addresses if re.fullmatch(r"[\w./-]+", entry)]
    hosts = ["", "", *HOSTS, *entries]  # whoever writes an entry as their host is let in by it
    dialled = chance.choice((*numbers[:2], *numbers, chance.choice(EXTENSIONS)))
    caller = chance.choice(callers)
    return Call(
        caller=f"+{caller}" if caller.isdigit() and chance.random() < 0.7 else caller,
        dialled=f"+{dialled}" if dialled.isdigit() and chance.random() < 0.7 else dialled,
        address=chance.choice(addresses),
        from_host=chance.choice(hosts),
        pin=pin,
    )


def _forms(number: str) -> list[str]:
    """Write a number as people do; the server normalises some of these forms."""
    if not number.isdigit():
        return [number]
    country, area, rest = number[0], number[1:4], f"{number[4:7]}-{number[7:]}"
    normalised = [f"+{number}", f"+{number}", number, f"+{country} ({area}) {rest}", f"{country}-{area}-{rest}"]
    return [*normalised, f" +{number}", f"+{country}.{area}.{number[4:]}", f"00{number}", f"(+{country}){number[1:]}"]


def _entry(chance: random.Random, addresses: Sequence[str]) -> str:
    address = chance.choice(addresses)
    network = address.rsplit(".", 1)[0]
    usual = (address, f"{address}/32", f"{address}/30", f"{address}/31", f"{network}.0/24", f"{address}/29")
    kind = chance.random()
    return chance.choice(usual if kind < 0.7 else STRANGE_ENTRIES if kind < 0.88 else IGNORED_ENTRIES)


def _with_ids(rule: Rule, ids: Mapping[int, str]) -> Rule:
    known = Rule()
    known.CopyFrom(rule)
    known.trunk_ids[:] = [ids.get(int(place), f"ST_refused{place}") for place in rule.trunk_ids]
    return known
