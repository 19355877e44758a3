"""The commands that print and change nothing: plan, show, numbers, console and firewall."""

import json
import logging
import sys
from collections.abc import Sequence
from typing import Any

from google.protobuf.json_format import MessageToDict
from livekit.protocol.sip import SIPDispatchRuleInfo as Rule
from livekit.protocol.sip import SIPInboundTrunkInfo as Trunk
from livekit.protocol.sip import SIPOutboundTrunkInfo as Outbound

from bootstrap import codes, firewall, twilio
from bootstrap.desired import desired
from bootstrap.lines import Lines
from bootstrap.ownership import find_our_outbound, find_ours, warn_of_open_rules
from bootstrap.plan import ANY_TRUNK, all_changes
from bootstrap.server import connect
from bootstrap.settings import ServerSettings, Settings, SettingsError

logger = logging.getLogger(__name__)

OUTBOUND, AT_TWILIO = "outbound trunk", "trunk at Twilio"  # so plan and show call them; no line's name has a space


def plan(settings: Settings, lines: Lines) -> int:
    want = desired(settings, lines)
    routes = {
        line: {"trunk": readable(route.trunk), "rule": readable(route.rule_for(ANY_TRUNK))}
        for line, route in want.routes.items()
    }
    outbound = {OUTBOUND: readable(want.outbound)} if want.outbound else {}
    at_twilio = {AT_TWILIO: twilio.readable_want(twilio.want(settings, lines))} if settings.twilio_account_sid else {}
    write({**routes, **outbound, **at_twilio})
    return codes.DONE


async def show(settings: ServerSettings, lines: Lines) -> int:
    want = desired(settings, lines)
    async with connect(settings) as server:
        trunks, rules = await server.retry(server.trunks), await server.retry(server.rules)
        outbound = await server.retry(server.outbound_trunks)
    ours = find_ours(want, trunks, rules)
    shown = {
        "lines": {
            line: {"trunk": readable_first(ours.trunks[line]), "rule": readable_first(ours.rules[line])}
            for line in want.routes
        },
        OUTBOUND: readable_first(find_our_outbound(want, outbound)),
    }
    differences = [str(change) for change in all_changes(want, trunks, rules, outbound)]
    warnings = warn_of_open_rules(rules)
    async with twilio.open_side(settings, lines) as at_twilio:
        if at_twilio:
            shown[AT_TWILIO], more_differences, more_warnings = await at_twilio.show()
            differences += more_differences
            warnings += more_warnings
    write({**shown, "differences": differences, "warnings": warnings})
    return codes.DIFFERS if differences else codes.DONE


def list_numbers(_: Settings, lines: Lines) -> int:
    """Print a row `<line> <number>` for each number."""
    for line, numbers in sorted(lines.items()):
        for number in numbers:
            sys.stdout.write(f"{line} {number}\n")
    return codes.DONE


def console(settings: Settings, lines: Lines) -> int:
    """Print the steps in Twilio's console, with this host's own values."""
    sys.stdout.write(f"{twilio.console_steps(settings, lines)}\n")
    return codes.DONE


def firewall_rules(settings: Settings, _: Lines) -> int:
    """Print a script for this host, or with CLOUD=aws the rules of a security group.

    Standard input has rows NAME=value, in which bootstrap/host/_firewall.sh says what has to be known of the host.
    """
    facts = sys.stdin.read().splitlines()
    try:
        host = firewall.read_facts(facts)
    except firewall.FactsError as error:
        raise SettingsError(str(error)) from None
    if firewall.ANYBODY in settings.media_addresses:
        logger.warning(
            "callers' audio may come from anywhere, since %s publishes no ranges; set MEDIA_ADDRESSES if yours does",
            settings.trunk_provider.name,
        )
    sys.stdout.write(firewall.aws(settings, host) if "CLOUD=aws" in facts else firewall.script(settings, host))
    return codes.DONE


def readable_first(found: Sequence[Trunk] | Sequence[Rule] | Sequence[Outbound]) -> dict[str, Any] | None:
    return readable(found[0]) if found else None


def readable(message: Trunk | Rule | Outbound) -> dict[str, Any]:
    """Convert `message` to the API's JSON, without the password."""
    fields: dict[str, Any] = MessageToDict(message)
    return {name: "********" if name == "authPassword" else value for name, value in fields.items()}


def write(value: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")
