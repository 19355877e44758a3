"""`make bench greeting`: from the press of Call in a browser to the first sound of the greeting."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.bench.figures import report
from tests.bench.turns.line import bench_line
from tests.stack.desk import DeskOf
from tests.support.browser import Browser

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Sequence

    from playwright.sync_api import Page

    from tests.stack.line import Line

CALLS = 12
MARKS = Path(__file__).parent / "marks.js"
HEARD_WITHIN = 30.0  # seconds, after which a greeting has not come
BETWEEN = 3_000  # milliseconds, in which the agent starts the process of the next call


@dataclass(frozen=True)
class Wait:
    """Seconds until the first sound of one greeting."""

    after_call: float  # was pressed
    after_permission: float  # to use the microphone was given; less than 0 if it came later than the greeting


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    greeting = commands.add_parser("greeting", help="how soon a browser hears the greeting after Call was pressed")
    greeting.add_argument("--calls", type=int, default=CALLS, help="(default %(default)s)")
    greeting.set_defaults(main=main)


def main(given: argparse.Namespace) -> int:
    with bench_line(()) as line, line.running():
        waits = measure(line, given.calls)
    report(figures(waits))
    print(row(waits))  # noqa: T201
    return 0


def measure(line: Line, calls: int) -> list[Wait]:
    """Call the line from a browser, whose microphone is allowed without a question, one call after the other."""
    desk = DeskOf(line)
    with Browser.started() as browser:
        return [_call(desk, browser) for _ in range(calls)]


def _call(desk: DeskOf, browser: Browser) -> Wait:
    page = browser.page()
    page.add_init_script(path=MARKS)
    desk.sign_in(page)
    page.goto(f"{desk.url}/talk")
    call = page.get_by_role("button", name="Call", exact=True)
    expect(call).to_be_visible()
    call.click()
    browser.until(page, "marks.heard > 0 && marks.allowed > 0", HEARD_WITHIN)
    wait = _wait(page)
    page.get_by_role("button", name="Hang up").click()
    page.wait_for_timeout(BETWEEN)
    page.context.close()
    return wait


def _wait(page: Page) -> Wait:
    marks: dict[str, float] = page.evaluate("marks")
    since = {name: (marks["heard"] - marks[name]) / 1000 for name in ("pressed", "allowed")}
    return Wait(since["pressed"], since["allowed"])


def figures(waits: Sequence[Wait]) -> dict[str, dict[str, float]]:
    """Return the median and the longest of the waits."""
    over = f"to the greeting's first sound in a browser over {len(waits)} calls, s"
    return {
        f"Call pressed {over}": spread(its.after_call for its in waits),
        f"microphone allowed {over}": spread(its.after_permission for its in waits),
    }


def spread(values: Iterable[float]) -> dict[str, float]:
    those = list(values)
    return {"median": round(statistics.median(those), 2), "max": round(max(those), 2)}


def row(waits: Sequence[Wait]) -> str:
    """Say the same as a row of a table in Markdown."""
    pressed, allowed = figures(waits).values()
    return (
        f"| first sound of the greeting in the browser, {len(waits)} calls (median, longest) "
        f"| {pressed['median']:.2f} s, {pressed['max']:.2f} s after **Call** was pressed; "
        f"{allowed['median']:.2f} s, {allowed['max']:.2f} s after the microphone was allowed |"
    )
