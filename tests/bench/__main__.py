"""`make bench`, and `make bench` with one word more: hearing, knowledge, tools, turns, capacity, greeting or pictures.

`python -m tests.bench outcome` needs the file of a model, and `python -m tests.bench desk` needs nothing.
"""

from __future__ import annotations

import argparse
import signal
import sys

from tests.bench import desk, figures
from tests.bench.capacity import command as capacity
from tests.bench.greeting import command as greeting
from tests.bench.hearing import command as hearing
from tests.bench.knowledge import command as knowledge
from tests.bench.outcome import command as outcome
from tests.bench.pictures import command as pictures
from tests.bench.tools import command as tools
from tests.bench.turns import command as turns

PARTS = (figures, hearing, knowledge, outcome, tools, turns, capacity, desk, greeting, pictures)


def main(given: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make bench")
    commands = parser.add_subparsers(required=True)
    for part in PARTS:
        part.add_to(commands)
    # Without a word: the figures, with the options they have always had.
    if not given or (given[0].startswith("-") and given[0] not in ("-h", "--help")):
        given = ["figures", *given]
    arguments = parser.parse_args(given)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was brought up is taken down
    code: int = arguments.main(arguments)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
