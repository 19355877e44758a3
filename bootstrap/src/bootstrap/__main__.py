"""Make LiveKit's trunks and dispatch rules, and the trunk at Twilio, match the settings and the lines."""

import argparse
import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from bootstrap import codes, listings, trunks, twilio, values
from bootstrap.apply import apply
from bootstrap.doctor.command import doctor
from bootstrap.explain.command import explain
from bootstrap.lines import Lines, numbers_left
from bootstrap.logs import set_up_logging
from bootstrap.ownership import BlockedError
from bootstrap.server import ServerError
from bootstrap.settings import ServerSettings, Settings, SettingsError, load
from bootstrap.watch.begin import become_the_watcher

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Command:
    """One thing that bootstrap does.

    `run` returns the exit code. It is given the settings and the lines, or nothing if `reads` is None.
    """

    meaning: str
    reads: type[Settings] | None
    run: Callable[..., int | Coroutine[Any, Any, int]]


async def set_up() -> int:
    from bootstrap.setup import command  # with the library for terminals, which nothing else needs

    return await command.set_up(os.environ)


COMMANDS = {
    "setup": Command("ask for the settings and write .env, as bootstrap/host/setup.sh has it done", None, set_up),
    "apply": Command("the default: change the server and Twilio", ServerSettings, apply),
    "plan": Command("print what they should have, as JSON, without asking them", Settings, listings.plan),
    "show": Command("print what they have, and how that differs", ServerSettings, listings.show),
    "numbers": Command("print each line's numbers, without asking", Settings, listings.list_numbers),
    "console": Command(
        "print the steps in Twilio's console that do by hand what apply does with an API key",
        Settings,
        listings.console,
    ),
    "firewall": Command(
        "print the rules of this host's firewall (standard input has facts about the host)",
        Settings,
        listings.firewall_rules,
    ),
    "watch": Command(
        "keep what the last apply made, and hang up on callers whose agent is gone, until it is stopped",
        None,
        become_the_watcher,
    ),
    "doctor": Command(
        "say what would stop a call (standard input has facts about the host; exit: 0 all is right, 1 warn, 2 fail)",
        None,
        doctor,
    ),
    "explain": Command("say what becomes of a call (standard input has CALL=… or LAST=…)", ServerSettings, explain),
}


def main(arguments: Sequence[str] | None = None) -> int:
    name = parse(arguments)
    for stop in (signal.SIGTERM, signal.SIGHUP):  # SIGHUP: the terminal was closed
        signal.signal(stop, signal.default_int_handler)  # otherwise it would not stop process 1
    try:
        return run(name, COMMANDS[name])
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return codes.WRONG_SETTINGS
    except (BlockedError, ServerError, twilio.TwilioError) as error:
        logger.error("%s", error)
        return codes.FAILED
    except (KeyboardInterrupt, EOFError):
        return codes.INTERRUPTED


def parse(arguments: Sequence[str] | None) -> str:
    parser = argparse.ArgumentParser("bootstrap", description=__doc__, epilog=codes.MEANING)
    meanings = "; ".join(f"{name}: {command.meaning}" for name, command in COMMANDS.items())
    parser.add_argument("command", nargs="?", default="apply", choices=COMMANDS, help=meanings)
    return str(parser.parse_args(arguments).command)


def run(name: str, command: Command) -> int:
    if command.reads is None:
        code = command.run()
    else:
        settings, lines = load(command.reads)
        set_up_logging(settings.log_level, settings.log_format, sys.stdout if name == "apply" else sys.stderr)
        warn(settings, lines)
        code = command.run(settings, lines)
    return code if isinstance(code, int) else asyncio.run(code)


def warn(settings: Settings, lines: Lines) -> None:
    if settings.sip_username and not settings.trunk_provider.sends_credentials:
        logger.warning("SIP_USERNAME is set, but %s sends no credentials: its calls fail", settings.trunk_provider.name)
    if settings.trunk_account and trunks.ACCOUNT not in settings.trunk_provider.attributes().values():
        logger.warning(
            "TRUNK_ACCOUNT is set, but no call from %s names an account, so the agent refuses them all: leave it empty",
            settings.trunk_provider.name,
        )
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


if __name__ == "__main__":
    sys.exit(main())
