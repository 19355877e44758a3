"""The command doctor: it reads the host's facts, runs every check, and prints the report."""

import asyncio
import logging
import sys

from bootstrap.doctor import report
from bootstrap.doctor.checks import CHECKS, HEADINGS
from bootstrap.doctor.facts import Facts
from bootstrap.doctor.run import Result, run
from bootstrap.doctor.world import look_around


def doctor() -> int:
    """Print what would stop a call, and return the exit code by the worst finding.

    Standard input has the host's facts, as _facts.sh prints them, and a row JSON=yes if JSON is wanted.
    """
    facts = Facts(sys.stdin.read())
    logging.disable()  # what goes wrong is in a finding
    try:
        results = asyncio.run(examine(facts))
    finally:
        logging.disable(logging.NOTSET)
    sys.stdout.write(report.as_json(results) if facts.get("JSON") == "yes" else report.as_text(results, HEADINGS))
    return report.EXIT_CODES[report.worst(results)]


async def examine(facts: Facts) -> list[Result]:
    return await run(CHECKS, look_around(facts))
