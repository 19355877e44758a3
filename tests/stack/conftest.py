"""The whole bundle under a compose project of its own: its own ports, network, volumes and settings.

The tests are skipped, with the reason, where no Docker Engine answers or LiveKit's images are not there and cannot be
fetched; STACK=require makes that a failure.
"""

from __future__ import annotations

import functools
import os
import random
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.stack.calls import FLAVORS
from tests.stack.desk import DeskOf
from tests.stack.line import Line
from tests.support.browser import Browser
from tests.support.house import ROOT, compose_file

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    reason = why_not()
    if not reason:
        return
    for item in items:
        if item.path.is_relative_to(ROOT / "tests/stack"):
            item.add_marker(pytest.mark.skip(reason=reason))


def pytest_configure() -> None:
    reason = why_not()
    if reason and os.environ.get("STACK") == "require":
        pytest.exit(f"STACK=require, but {reason}", returncode=1)


@functools.cache
def why_not() -> str:
    """Why the stack cannot run here; empty when it can."""
    if not shutil.which("docker") or not succeeds("docker", "info"):
        return "no Docker Engine answers"
    for service in ("livekit", "sip"):
        image = compose_file()["services"][service]["image"]
        if not succeeds("docker", "image", "inspect", image) and not succeeds("docker", "pull", "--quiet", image):
            return f"the image {image} is not here and cannot be fetched"
    return ""


def succeeds(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, timeout=600).returncode == 0
    except subprocess.TimeoutExpired:
        return False


@pytest.fixture(scope="session")
def flavor() -> str:
    """A fact made up for this run, which no model can know but from the persona."""
    return random.choice(FLAVORS)  # noqa: S311 - an ice cream is no secret


@pytest.fixture(scope="session")
def line(tmp_path_factory: pytest.TempPathFactory, flavor: str) -> Iterator[Line]:
    """A line that is up, with the ice cream of the week among the persona's facts."""
    line = Line("landline-test", tmp_path_factory.mktemp("line"), subnet="172.29.54", first_port=15060)
    persona = line.words / "persona.md"
    persona.write_text(persona.read_text() + f"\n- The ice cream of the week is {flavor}.\n")
    # The embedded models share two cores with the phone here: what they answer late is still to be heard.
    line.change(filler_after=30, apology_after=60)
    with line.running():
        line.compose("build", "phone")  # no part of what `make up` builds
        yield line


@pytest.fixture(scope="module")
def desk(line: Line) -> DeskOf:
    return DeskOf(line)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser whose microphone works, and whose person says nothing."""
    with Browser.started() as browser:
        yield browser


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failed stack test shows what the services said, before anything is torn down."""
    report = yield
    line = getattr(item, "funcargs", {}).get("line")
    if report.failed and isinstance(line, Line):
        report.sections.append(("compose ps and logs", line.state()))
    return report
