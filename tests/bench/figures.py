"""The figures the README reports, taken on a running line by real calls. It judges nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.bench import bringup, calls, footprint
from tests.bench.turns.line import bench_line
from tests.bench.turns.results import FOLDER

if TYPE_CHECKING:
    import argparse

RESULTS = FOLDER / "figures.json"


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    figures = commands.add_parser("figures", help="what the README reports (the default)")
    figures.add_argument("--calls", type=int, default=20, help="calls to take the answer times over (default 20)")
    deletes = "deletes every image of ours and the builder's whole cache"
    figures.add_argument("--clone", action="store_true", help=f"first time make up from a clean clone; {deletes}")
    figures.set_defaults(main=main)


def main(given: argparse.Namespace) -> int:
    with bench_line(()) as line:
        try:
            report(bringup.measure(line, from_clone=given.clone))
            report(footprint.idle(line))
            report(footprint.of_one_call(line))
            report(calls.measure(line, given.calls))
        finally:
            line.clean()
    return 0


def report(figures: dict[str, Any]) -> None:
    """Print what was measured, and keep it beside what other parts and earlier runs have measured."""
    print(json.dumps(figures, indent=2), flush=True)  # noqa: T201 - the figures are what this program is for
    FOLDER.mkdir(exist_ok=True)
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    RESULTS.write_text(json.dumps(kept | figures, indent=2) + "\n")
