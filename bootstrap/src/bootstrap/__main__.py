"""Make LiveKit's trunks and dispatch rules, and the trunk at Twilio, match the settings and the lines."""

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import Sequence
from typing import Any

from google.protobuf.json_format import MessageToDict
from livekit.protocol.sip import SIPDispatchRuleInfo as Rule
from livekit.protocol.sip import SIPInboundTrunkInfo as Trunk
from livekit.protocol.sip import SIPOutboundTrunkInfo as Outbound

from bootstrap import twilio, values
from bootstrap.desired import desired
from bootstrap.lines import Lines, numbers_left
from bootstrap.logs import set_up_logging
from bootstrap.ownership import BlockedError, find_our_outbound, find_ours, warn_of_open_rules
from bootstrap.plan import ANY_TRUNK, all_changes
from bootstrap.reconcile import reconcile
from bootstrap.server import ServerError, connect
from bootstrap.settings import ServerSettings, Settings, SettingsError, load

logger = logging.getLogger(__name__)

SAME, DIFFERS, WRONG_SETTINGS, FAILED, INTERRUPTED = 0, 1, 2, 3, 130
OUTBOUND, AT_TWILIO = "outbound trunk", "trunk at Twilio"  # so plan and show call them; no line's name has a space
CODES = (
    "exit: 0 done, 1 the server or Twilio differs (show only), 2 wrong settings, 3 the server was unreachable, or the "
    "server or Twilio refused"
)


def main(arguments: Sequence[str] | None = None) -> int:
    command = parse(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # otherwise SIGTERM would not stop process 1
    try:
        if command == "setup":
            return ask_for_the_settings()
        settings, lines = load(ServerSettings if command in ("apply", "show") else Settings)
        set_up_logging(settings.log_level, settings.log_format, sys.stdout if command == "apply" else sys.stderr)
        warn(settings, lines)
        match settings:
            case ServerSettings() if command == "apply":
                return asyncio.run(apply(settings, lines))
            case ServerSettings():
                return asyncio.run(show(settings, lines))
            case _:
                return {"plan": plan, "numbers": list_numbers, "console": console}[command](settings, lines)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return WRONG_SETTINGS
    except (BlockedError, ServerError, twilio.TwilioError) as error:
        logger.error("%s", error)
        return FAILED
    except (KeyboardInterrupt, EOFError):
        return INTERRUPTED


def parse(arguments: Sequence[str] | None) -> str:
    parser = argparse.ArgumentParser("bootstrap", description=__doc__, epilog=CODES)
    parser.add_argument(
        "command",
        nargs="?",
        default="apply",
        choices=("apply", "plan", "show", "numbers", "console", "setup"),
        help="apply (the default): change the server and Twilio; plan: print what they should have, as JSON, without "
        "asking them; show: print what they have, and how that differs; numbers: print each line's numbers, without "
        "asking; console: print the steps in Twilio's console that do by hand what apply does with an API key; "
        "setup: ask for the settings and write .env, as bootstrap/host/setup.sh has it done",
    )
    return str(parser.parse_args(arguments).command)


def ask_for_the_settings() -> int:
    from bootstrap.setup.command import set_up  # with the library for terminals, which nothing else needs

    return asyncio.run(set_up(os.environ))


def warn(settings: Settings, lines: Lines) -> None:
    if settings.sip_username and not settings.trunk_provider.sends_credentials:
        logger.warning("SIP_USERNAME is set, but %s sends no credentials: its calls fail", settings.trunk_provider.name)
    unused = [name.upper() for name in ("outbound_username", "outbound_numbers") if getattr(settings, name)]
    if unused and not settings.outbound_address:
        logger.warning("%s is set, but OUTBOUND_ADDRESS is not: no call goes out", " and ".join(unused))
    if settings.twilio_account_sid and settings.public_host and values.is_private(settings.public_host):
        logger.warning("Twilio cannot send calls to %s, which is a private address", settings.public_host)
    if left := numbers_left(lines, settings.phone_numbers):
        logger.warning(
            "no line answers %d of the %d numbers in PHONE_NUMBERS: add each to a line, or remove it from .env",
            len(left),
            len(settings.phone_numbers),
        )


async def apply(settings: ServerSettings, lines: Lines) -> int:
    async with twilio.open_side(settings, lines) as at_twilio:
        if at_twilio:
            await at_twilio.refuse_early()
        async with connect(settings) as server:
            changed = bool(await reconcile(server, desired(settings, lines)))
            for warning in warn_of_open_rules(await server.retry(server.rules)):
                logger.warning("%s", warning)
        if at_twilio:
            changed |= bool(await at_twilio.apply())
    if not changed:
        logger.info("nothing to change")
    return SAME


def plan(settings: Settings, lines: Lines) -> int:
    want = desired(settings, lines)
    routes = {
        line: {"trunk": readable(route.trunk), "rule": readable(route.rule_for(ANY_TRUNK))}
        for line, route in want.routes.items()
    }
    outbound = {OUTBOUND: readable(want.outbound)} if want.outbound else {}
    at_twilio = {AT_TWILIO: twilio.readable_want(twilio.want(settings, lines))} if settings.twilio_account_sid else {}
    write({**routes, **outbound, **at_twilio})
    return SAME


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
    return DIFFERS if differences else SAME


def list_numbers(_: Settings, lines: Lines) -> int:
    """Print a row `<line> <number>` for each number."""
    for line, numbers in sorted(lines.items()):
        for number in numbers:
            sys.stdout.write(f"{line} {number}\n")
    return SAME


def console(settings: Settings, lines: Lines) -> int:
    """Print the steps in Twilio's console, with this host's own values."""
    sys.stdout.write(f"{twilio.console_steps(settings, lines)}\n")
    return SAME


def readable_first(found: Sequence[Trunk] | Sequence[Rule] | Sequence[Outbound]) -> dict[str, Any] | None:
    return readable(found[0]) if found else None


def readable(message: Trunk | Rule | Outbound) -> dict[str, Any]:
    """Convert `message` to the API's JSON, without the password."""
    fields: dict[str, Any] = MessageToDict(message)
    return {name: "********" if name == "authPassword" else value for name, value in fields.items()}


def write(value: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    sys.exit(main())
