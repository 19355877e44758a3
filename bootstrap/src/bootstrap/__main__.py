"""Make LiveKit's inbound trunk and dispatch rule as the settings say."""

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

from bootstrap import logs
from bootstrap.desired import desired
from bootstrap.ownership import BlockedError, open_doors, our_rules, our_trunks
from bootstrap.plan import ANY_TRUNK, all_changes
from bootstrap.reconcile import reconcile
from bootstrap.server import ServerError, connect
from bootstrap.settings import ServerSettings, Settings, SettingsError, load

log = logging.getLogger(__name__)

SAME, DIFFERS, WRONG_SETTINGS, FAILED, INTERRUPTED = 0, 1, 2, 3, 130
CODES = "exit: 0 done, 1 the server differs (show only), 2 wrong settings, 3 the server could not be asked or refused"


def main(arguments: Sequence[str] | None = None) -> int:
    command = parse(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as process 1 it would not end a wait otherwise
    try:
        settings = load(Settings if command == "plan" else ServerSettings)
        logs.set_up(settings.log_format, settings.log_level, sys.stdout if command == "apply" else sys.stderr)
        warn(settings)
        match settings:
            case ServerSettings() if command == "apply":
                return asyncio.run(apply(settings))
            case ServerSettings():
                return asyncio.run(show(settings))
            case _:
                return plan(settings)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return WRONG_SETTINGS
    except (BlockedError, ServerError) as error:
        log.error("%s", error)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED


def parse(arguments: Sequence[str] | None) -> str:
    parser = argparse.ArgumentParser("bootstrap", description=__doc__, epilog=CODES)
    parser.add_argument(
        "command",
        nargs="?",
        default="apply",
        choices=("apply", "plan", "show"),
        help="apply (the default): change the server; plan: print what it should have, as JSON, asking nobody; "
        "show: print what it has, and how that differs",
    )
    return str(parser.parse_args(arguments).command)


def warn(settings: Settings) -> None:
    if settings.sip_username and not settings.trunk_provider.sends_credentials:
        log.warning("SIP_USERNAME is set, but %s sends no credentials: its calls fail", settings.trunk_provider.name)


async def apply(settings: ServerSettings) -> int:
    async with connect(settings) as server:
        if not await reconcile(server, desired(settings)):
            log.info("nothing to change")
        for door in open_doors(await server.patiently(server.rules)):
            log.warning("%s", door)
    return SAME


def plan(settings: Settings) -> int:
    want = desired(settings)
    write({"trunk": readable(want.trunk), "rule": readable(want.rule_for(ANY_TRUNK))})
    return SAME


async def show(settings: ServerSettings) -> int:
    want = desired(settings)
    async with connect(settings) as server:
        trunks, rules = await server.patiently(server.trunks), await server.patiently(server.rules)
    ours = our_trunks(want, trunks, rules)
    our_rule = our_rules(want, ours[0].sip_trunk_id if ours else ANY_TRUNK, rules)
    changes = all_changes(want, trunks, rules)
    write(
        {
            "trunk": readable(ours[0]) if ours else None,
            "rule": readable(our_rule[0]) if our_rule else None,
            "differences": [str(change) for change in changes],
            "warnings": open_doors(rules),
        }
    )
    return DIFFERS if changes else SAME


def readable(message: Trunk | Rule) -> dict[str, Any]:
    """The API's JSON, without the password."""
    fields: dict[str, Any] = MessageToDict(message)
    return {name: "********" if name == "authPassword" else value for name, value in fields.items()}


def write(value: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    sys.exit(main())
