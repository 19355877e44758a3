"""Writes the tables of docs/doctor.md from the checks: `python -m bootstrap.doctor.page`, which `make docs` runs."""

import re
import sys
from pathlib import Path

from bootstrap.doctor.checks import CHECKS, HEADINGS

PAGE = Path("docs/doctor.md")
BEGIN, END = "<!-- checks: written by make docs -->", "<!-- end of the checks -->"
HEAD = "| check | looks whether | if not | needs |\n|---|---|---|---|"


def tables() -> str:
    """Write a table for each station, in the order of a call's way."""
    parts = []
    for station, heading in HEADINGS.items():
        rows = [
            f"| `{check.id}` | {check.title} | {check.cure} | {', '.join(f'`{id_}`' for id_ in check.needs)} |"
            for check in CHECKS
            if check.id.partition(".")[0] == station
        ]
        parts.append("\n".join([f"### {heading}", "", HEAD, *rows]))
    return "\n\n".join(parts)


def page(text: str) -> str:
    """Put the tables into the page."""
    between = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    return between.sub(lambda _: f"{BEGIN}\n\n{tables()}\n\n{END}", text)


def main() -> int:
    if not PAGE.is_file():
        sys.stderr.write(f"{PAGE} is not here: run this from a clone, as `make docs` does\n")
        return 2
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
