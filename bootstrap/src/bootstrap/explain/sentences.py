"""An explanation in sentences: what happens to the call, why, and what to do about it. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_network

from livekit.protocol.sip import SIPDispatchRuleInfo as Rule
from livekit.protocol.sip import SIPInboundTrunkInfo as Trunk
from livekit.protocol.sip import SIPMediaEncryption

from bootstrap.addresses import is_public
from bootstrap.explain.call import Call
from bootstrap.explain.matching import Condition, Explanation, Miss, pin_of
from bootstrap.explain.numbers_shown import Shown
from bootstrap.mark import is_marked
from bootstrap.ownership import id_of

RINGS_OUT = "The caller hears ringing and then nothing, because the gateway drops such a call without an answer."
ENDING = 7  # digits by which two ways to write one number are recognised
FAILED_RINGING = 180  # seconds; the gateway's default, if the trunk has no ringing_timeout


@dataclass(frozen=True)
class Host:
    """What this host's settings say about a call."""

    agent: str  # AGENT_NAME
    provider: str  # the trunk provider's name
    sends_credentials: bool


def sentences(call: Call, found: Explanation, host: Host, shown: Shown) -> list[str]:
    """Say what the gateway and the server make of the call, in the order of its way."""
    told = list(_on_the_way(call, found, host, shown))
    return [f"A call from {shown.number(call.caller)} to {shown.number(call.dialled)}, from {call.address}:", *told]


def reaches_an_agent(found: Explanation, host: Host) -> bool:
    """Say whether this host's agent is sent to the call's room."""
    return found.outcome == "accepted" and host.agent in found.agents and not _ends_at_the_credentials(found, host)


def _ends_at_the_credentials(found: Explanation, host: Host) -> bool:
    return found.asks_for_credentials and not host.sends_credentials


def _on_the_way(call: Call, found: Explanation, host: Host, shown: Shown) -> Iterator[str]:
    if found.outcome == "unavailable":
        yield _contradiction(found)
        return
    if found.trunk:
        yield from _about_the_trunk(call, found, found.trunk, host)
        if _ends_at_the_credentials(found, host):
            return
    else:
        yield from _why_no_trunk(call, found, shown)
    if found.rule is None:
        yield from _why_no_rule(found)
        yield RINGS_OUT if found.outcome == "dropped" else "The caller hears that the PIN is wrong, and is hung up on."
    else:
        yield from _about_the_rule(found, found.rule, host)


def _about_the_trunk(call: Call, found: Explanation, trunk: Trunk, host: Host) -> Iterator[str]:
    how = {
        "address": "its address is allowed",
        "any_address": "the trunk allows every address, since it has no usable entry in allowed_addresses",
        "from_host": f"although its address is not allowed, the host in its From header, {call.host}, is written like "
        "one of the allowed addresses. Anybody can write that",
    }[found.let_in_by]
    what = "the number is the trunk's" if trunk.numbers else "the trunk has no numbers, so it takes all"
    yield f"Trunk {name_of(trunk)} takes the call: {what}, and {how}."
    if found.asks_for_credentials:
        cure = (
            "A call without the right ones ends there."
            if host.sends_credentials
            else f"{host.provider} sends none, so the call ends there: empty SIP_USERNAME and SIP_PASSWORD in .env, "
            "and run make up."
        )
        yield f"The gateway first answers 407 and wants the trunk's user name and password. {cure}"
    if trunk.media.encryption == SIPMediaEncryption.SIP_MEDIA_ENCRYPT_REQUIRE:
        yield "It has to offer SRTP; without that, the gateway answers 400."


def _why_no_trunk(call: Call, found: Explanation, shown: Shown) -> Iterator[str]:
    if not found.missed_trunks:
        yield "The server has no inbound trunk at all: run make up."
        return
    with_number = [miss for miss in found.missed_trunks if "number" not in miss.unmet]
    if not with_number:
        yield f"No trunk has the number {shown.number(call.dialled)}. {_number_cure(call, found.missed_trunks)}"
    for miss in with_number:
        trunk = miss.one
        has = "has the number" if trunk.numbers else "takes every number"
        if "address" in miss.unmet:
            yield (
                f"Trunk {name_of(trunk)} {has}, but {call.address} is not among its allowed addresses "
                f"({_count(len(trunk.allowed_addresses))}). {_address_cure(call)}"
            )
        if "caller" in miss.unmet:
            yield (
                f"Trunk {name_of(trunk)} {has}, but takes only certain callers (allowed_numbers), and this is "
                f"none of them. {_not_ours(trunk, 'Remove allowed_numbers from the trunk')}"
            )


def _number_cure(call: Call, missed: Sequence[Miss[Trunk]]) -> str:
    ending = "".join(char for char in call.dialled if char.isdigit())[-ENDING:]
    alike = [
        trunk
        for trunk in (miss.one for miss in missed)
        if len(ending) == ENDING
        and any("".join(char for char in number if char.isdigit()).endswith(ending) for number in trunk.numbers)
    ]
    if alike:
        return (
            f"Trunk {name_of(alike[0])} has one that ends in the same {ENDING} digits: if it is the same number, the "
            "carrier writes it in another way. Add what it sends to also_dialled in line.toml, and run make up."
        )
    if not call.dialled.startswith("+"):
        return (
            "If it is an extension, or the carrier's way to write a line's number, add it to also_dialled in line.toml "
            "and run make up."
        )
    return "Add it to PHONE_NUMBERS in .env or to numbers in a line.toml, and run make up."


def _address_cure(call: Call) -> str:
    private = "" if is_public(ip_network(call.address.partition("%")[0])) else " with ALLOW_PRIVATE_ADDRESSES=yes,"
    return (
        f"If your carrier does call from there, add it to ALLOWED_ADDRESSES in .env,{private} and run make up. "
        "ALLOWED_ADDRESSES replaces the trunk provider's own ranges."
    )


def _why_no_rule(found: Explanation) -> Iterator[str]:
    if not found.missed_rules:
        yield "The server has no dispatch rule at all: run make up."
        return
    near = [miss for miss in found.missed_rules if "trunk" not in miss.unmet]
    if not near and found.trunk:
        yield f"No dispatch rule is for this trunk, and none is for all trunks. {_not_ours(found.trunk, 'Make a rule')}"
    for miss in near:
        wants: dict[Condition, str] = {
            "number": "the called number as it is written there",
            "caller": "certain callers (inbound_numbers are callers' numbers)",
            "pin": "another PIN" if pin_of(miss.one) else "no PIN",
        }
        asks = " and ".join(wants[condition] for condition in miss.unmet)
        cure = "" if miss.unmet == ("pin",) else f" {_not_ours(miss.one, 'Correct the rule, or delete it')}"
        yield f"Rule {name_of(miss.one)} wants {asks}.{cure}"


def _about_the_rule(found: Explanation, rule: Rule, host: Host) -> Iterator[str]:
    trunkless = " although no trunk does, because it names no trunk and so takes calls from anywhere: delete it"
    yield f"Rule {name_of(rule)} takes the call{'' if found.trunk else trunkless}."
    if found.outcome == "pin":
        yield (
            "The gateway answers by itself and asks the caller for a PIN, because the rule has one. Landline's own "
            "rules have none. To see what follows, add what they type to CALL, as in `pin 1234` or `pin none`."
        )
        return
    if not found.agents:
        yield (
            "The rule names no agent, and Landline's agent comes only when it is named: the caller hears ringing "
            f"for {_ringing(found)} s, and then busy. {_not_ours(rule, 'Delete the rule, or let it name the agent')}"
        )
    elif host.agent not in found.agents:
        yield (
            f"The rule sends for {', '.join(found.agents)}, which is not this host's AGENT_NAME ({host.agent}), so "
            "this host does not answer. If it should, run make up."
        )
    else:
        yield f"The rule sends for {host.agent}, which is this host's agent."


def _contradiction(found: Explanation) -> str:
    names = " and ".join(map(name_of, found.conflict))
    busy = "the gateway answers 503"
    match found.conflict:
        case (Trunk(), *_):
            return (
                f"Trunks {names} all take the call, so the server refuses to choose, and {busy}. Delete all but one of "
                "them, or take the number out of all but one."
            )
        case (Rule(), Rule()):
            return (
                f"Rules {names} are for the same calls, so the server refuses to choose, and {busy}, whatever rule "
                "this call would meet. Delete one of them."
            )
        case (Rule(),):
            return f"Rule {names} is of no kind that the server knows, so {busy}. Delete it."
    return (
        f"Rule {name_of(found.rule) if found.rule else ''} hides phone numbers (hide_phone_number), and this call has "
        "none to hide: LiveKit's server crashes on that. Delete the rule, or let it hide nothing."
    )


def _ringing(found: Explanation) -> int:
    return (found.trunk.ringing_timeout.seconds if found.trunk else 0) or FAILED_RINGING


def _not_ours(one: Trunk | Rule, cure: str) -> str:
    """Say what to do about a trunk or a rule that is not as Landline makes it."""
    return "Run make up, which puts it right." if is_marked(one.metadata) else f"{cure}; Landline did not make it."


def _count(entries: int) -> str:
    return "1 entry" if entries == 1 else f"{entries} entries"


def name_of(one: Trunk | Rule) -> str:
    return f"{one.name!r} ({id_of(one)})"
