"""Make LiveKit's trunks and dispatch rules match the settings and the lines."""

import argparse
import asyncio
import json
import logging
import signal
import sys
from collections.abc import Sequence
from typing import Any

from google.protobuf.json_format import MessageToDict
from livekit.protocol.sip import SIPDispatchRuleInfo as Rule
from livekit.protocol.sip import SIPInboundTrunkInfo as Trunk
from livekit.protocol.sip import SIPOutboundTrunkInfo as Outbound

from bootstrap.desired import desired
from bootstrap.doctor.command import doctor
from bootstrap.lines import Lines, numbers_left
from bootstrap.logs import set_up_logging
from bootstrap.ownership import BlockedError, find_our_outbound, find_ours, warn_of_open_rules
from bootstrap.plan import ANY_TRUNK, all_changes
from bootstrap.reconcile import reconcile
from bootstrap.server import ServerError, connect
from bootstrap.settings import ServerSettings, Settings, SettingsError, load

logger = logging.getLogger(__name__)

SAME, DIFFERS, WRONG_SETTINGS, FAILED, INTERRUPTED = 0, 1, 2, 3, 130
OUTBOUND = "outbound trunk"  # where plan and show print it; no line's name has a space
CODES = "exit: 0 done, 1 the server differs (show only), 2 wrong settings, 3 the server was unreachable or refused"


def main(arguments: Sequence[str] | None = None) -> int:
    given = parse(arguments)
    command = str(given.command)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # otherwise SIGTERM would not stop process 1
    if command == "doctor":
        return doctor(sys.stdin.read(), as_json=given.json)
    try:
        settings, lines = load(ServerSettings if command in ("apply", "show") else Settings)
        set_up_logging(settings.log_level, settings.log_format, sys.stdout if command == "apply" else sys.stderr)
        warn(settings, lines)
        match settings:
            case ServerSettings() if command == "apply":
                return asyncio.run(apply(settings, lines))
            case ServerSettings():
                return asyncio.run(show(settings, lines))
            case _:
                return plan(settings, lines) if command == "plan" else list_numbers(lines)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return WRONG_SETTINGS
    except (BlockedError, ServerError) as error:
        logger.error("%s", error)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("bootstrap", description=__doc__, epilog=CODES)
    parser.add_argument(
        "command",
        nargs="?",
        default="apply",
        choices=("apply", "plan", "show", "numbers", "doctor"),
        help="apply (the default): change the server; plan: print what it should have, as JSON, without asking it; "
        "show: print what it has, and how that differs; numbers: print each line's numbers, without asking the server; "
        "doctor: say what would stop a call, with the host's facts on standard input (exit: 0 ok, 1 warn, 2 fail)",
    )
    parser.add_argument("--json", action="store_true", help="doctor: print JSON")
    return parser.parse_args(arguments)


def warn(settings: Settings, lines: Lines) -> None:
    if settings.sip_username and not settings.trunk_provider.sends_credentials:
        logger.warning("SIP_USERNAME is set, but %s sends no credentials: its calls fail", settings.trunk_provider.name)
    unused = [name.upper() for name in ("outbound_username", "outbound_numbers") if getattr(settings, name)]
    if unused and not settings.outbound_address:
        logger.warning("%s is set, but OUTBOUND_ADDRESS is not: no call goes out", " and ".join(unused))
    if left := numbers_left(lines, settings.phone_numbers):
        logger.warning(
            "no line answers %d of the %d numbers in PHONE_NUMBERS: add each to a line, or remove it from .env",
            len(left),
            len(settings.phone_numbers),
        )


async def apply(settings: ServerSettings, lines: Lines) -> int:
    async with connect(settings) as server:
        if not await reconcile(server, desired(settings, lines)):
            logger.info("nothing to change")
        for warning in warn_of_open_rules(await server.retry(server.rules)):
            logger.warning("%s", warning)
    return SAME


def plan(settings: Settings, lines: Lines) -> int:
    want = desired(settings, lines)
    routes = {
        line: {"trunk": readable(route.trunk), "rule": readable(route.rule_for(ANY_TRUNK))}
        for line, route in want.routes.items()
    }
    write({**routes, OUTBOUND: readable(want.outbound)} if want.outbound else routes)
    return SAME


async def show(settings: ServerSettings, lines: Lines) -> int:
    want = desired(settings, lines)
    async with connect(settings) as server:
        trunks, rules = await server.retry(server.trunks), await server.retry(server.rules)
        outbound = await server.retry(server.outbound_trunks)
    ours = find_ours(want, trunks, rules)
    changes = all_changes(want, trunks, rules, outbound)
    write(
        {
            "lines": {
                line: {"trunk": readable_first(ours.trunks[line]), "rule": readable_first(ours.rules[line])}
                for line in want.routes
            },
            OUTBOUND: readable_first(find_our_outbound(want, outbound)),
            "differences": [str(change) for change in changes],
            "warnings": warn_of_open_rules(rules),
        }
    )
    return DIFFERS if changes else SAME


def list_numbers(lines: Lines) -> int:
    """Print a row `<line> <number>` for each number."""
    for line, numbers in sorted(lines.items()):
        for number in numbers:
            sys.stdout.write(f"{line} {number}\n")
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
