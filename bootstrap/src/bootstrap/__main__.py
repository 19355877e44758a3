"""Make LiveKit's trunks and dispatch rules match the settings and the lines."""

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import Sequence
from functools import partial
from typing import Any

from google.protobuf.json_format import MessageToDict
from livekit.protocol.sip import SIPDispatchRuleInfo as Rule
from livekit.protocol.sip import SIPInboundTrunkInfo as Trunk
from livekit.protocol.sip import SIPOutboundTrunkInfo as Outbound

from bootstrap import last_up
from bootstrap.desired import Desired, desired
from bootstrap.lines import Lines, numbers_left
from bootstrap.logs import set_up_logging
from bootstrap.ownership import BlockedError, find_our_outbound, find_ours, warn_of_open_rules
from bootstrap.plan import ANY_TRUNK, all_changes
from bootstrap.reconcile import reconcile
from bootstrap.server import Server, ServerError, connect
from bootstrap.settings import ServerSettings, Settings, SettingsError, load

logger = logging.getLogger(__name__)

SAME, DIFFERS, WRONG_SETTINGS, FAILED, INTERRUPTED = 0, 1, 2, 3, 130
OUTBOUND = "outbound trunk"  # where plan and show print it; no line's name has a space
CODES = "exit: 0 done, 1 the server differs (show only), 2 wrong settings, 3 the server was unreachable or refused"


def main(arguments: Sequence[str] | None = None) -> int:
    command = parse(arguments)
    if command == "watch":
        return become_the_watcher()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # otherwise SIGTERM would not stop process 1
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


def parse(arguments: Sequence[str] | None) -> str:
    parser = argparse.ArgumentParser("bootstrap", description=__doc__, epilog=CODES)
    parser.add_argument(
        "command",
        nargs="?",
        default="apply",
        choices=("apply", "plan", "show", "numbers", "watch"),
        help="apply (the default): change the server; plan: print what it should have, as JSON, without asking it; "
        "show: print what it has, and how that differs; numbers: print each line's numbers, without asking the server; "
        "watch: keep what the last apply made, and hang up on callers whose agent is gone, until it is stopped",
    )
    return str(parser.parse_args(arguments).command)


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
    want = desired(settings, lines)
    async with connect(settings) as server:
        await server.retry(partial(refuse_what_is_in_the_way, server, want))
        try:
            last_up.write(want)  # before anything is changed, so that a watcher who looks meanwhile wants the same
        except OSError as error:
            logger.error("Nothing was changed, because it cannot be noted for the watcher: %s", error)
            return FAILED
        if not await reconcile(server, want):
            logger.info("nothing to change")
        for warning in warn_of_open_rules(await server.retry(server.rules)):
            logger.warning("%s", warning)
    return SAME


async def refuse_what_is_in_the_way(server: Server, want: Desired) -> None:
    """Raise BlockedError for somebody else's trunk or rule."""
    find_ours(want, await server.trunks(), await server.rules())
    find_our_outbound(want, await server.outbound_trunks())


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


def become_the_watcher() -> int:
    """Replace this process by the watcher's, which has none of the modules that are imported here.

    It reads the environment as it is, so what .env leaves empty is filled in here.
    """
    if os.environ.get("AGENT_URL"):
        names = ("livekit_url", "agent_name", "room_prefix", "log_level", "log_format")
        defaults = {name.upper(): str(Settings.model_fields[name].default) for name in names}
        given = {name: value for name, value in os.environ.items() if value}
        command = [sys.executable, "-m", "bootstrap.watch"]
        os.execve(sys.executable, command, defaults | given)  # noqa: S606 - no shell is wanted
    sys.stderr.write("The watcher runs in a container of its own: docker compose up --detach watch starts it.\n")
    return WRONG_SETTINGS


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
