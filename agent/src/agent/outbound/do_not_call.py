"""The owner's view of the do-not-call list: `python -m agent.outbound.do_not_call LINE [add | remove NUMBER]`."""

import sqlite3
import sys
from datetime import UTC, datetime

from agent.outbound.orders import Orders
from agent.outbound.rules import in_e164

USAGE = "usage: python -m agent.outbound.do_not_call LINE [add NUMBER | remove NUMBER]"


def main(arguments: list[str]) -> int:
    """List a line's numbers, or change its list; return 2 if the arguments or the file cannot be used."""
    match arguments:
        case [line]:
            what = []
        case [line, "add" | "remove" as verb, given]:
            if not (number := in_e164(given)):
                return _complain(f"{given!r} is not a number in E.164 form, such as +12025550123")
            what = [verb, number]
        case _:
            return _complain(USAGE)
    try:
        _do(Orders(line), what)
    except (sqlite3.Error, OSError) as error:
        return _complain(f"the do-not-call list cannot be used: {error}")
    return 0


def _do(orders: Orders, what: list[str]) -> None:
    match what:
        case []:
            for entry in orders.listed():
                _say(f"{entry.number}  {datetime.fromtimestamp(entry.since, UTC):%Y-%m-%d}  {entry.how}")
        case ["add", number]:
            orders.do_not_call(number, "owner")
            _say("The number is on the list, and the line does not call it.")
        case ["remove", number] if orders.allow_again(number):
            _say("The number is off the list, and the line may call it.")
        case _:
            _say("The number was not on the list.")


def _say(text: str) -> None:
    print(text)  # noqa: T201 - the command's output


def _complain(problem: str) -> int:
    print(f"error: {problem}", file=sys.stderr)  # noqa: T201
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
