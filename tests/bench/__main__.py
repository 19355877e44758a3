"""`make bench`: the figures the README reports, taken on a running line by real calls. It judges nothing."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from tests.bench import bringup, calls, footprint
from tests.stack.conftest import why_not
from tests.stack.line import Line

RESULTS = Path(__file__).parent / "results"


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--calls", type=int, default=20, help="calls to take the answer times over (default 20)")
    parser.add_argument(
        "--clone", action="store_true", help="also time make up from a clean clone, without any built image"
    )
    arguments = parser.parse_args()
    if reason := why_not():
        sys.exit(f"the bench needs the stack, and {reason}")
    with tempfile.TemporaryDirectory() as folder:
        line = Line("landline-bench", Path(folder), subnet="172.29.57", first_port=21060)
        try:
            figures = {
                **bringup.measure(line, from_clone=arguments.clone),
                **footprint.idle(line),
                **calls.measure(line, arguments.calls),
                **footprint.of_one_call(line),
            }
        finally:
            line.clean()
    print(json.dumps(figures, indent=2))  # noqa: T201 - the figures are what this program is for
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "figures.json").write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
