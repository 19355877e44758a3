"""How long it takes from nothing to an answered call."""

from __future__ import annotations

import subprocess
import tempfile
import time
from typing import TYPE_CHECKING, Any

from tests.support.house import ROOT

if TYPE_CHECKING:
    from tests.stack.line import Line


def measure(line: Line, *, from_clone: bool) -> dict[str, Any]:
    """Seconds of `make up` until it returns, and until a call made then was answered (200 OK)."""
    figures: dict[str, Any] = {}
    if from_clone:
        figures["clean clone: make up to answered call, s"] = from_a_clean_clone(line)
    line.compose("--profile", "*", "build")
    start = time.monotonic()
    line.up()
    returned = time.monotonic()
    outcome = line.phone("--silent", "--stay", "1")
    answered = returned + outcome.report["answered_after"]
    figures["images built: make up, s"] = round(returned - start, 1)
    figures["images built: make up to answered call, s"] = round(answered - start, 1)
    return figures


def from_a_clean_clone(line: Line) -> float:
    """Seconds from `git clone` to an answered call, with no image of ours and no build cache."""
    images = line.run("docker", "image", "ls", "--quiet", "landline/*").stdout.split()
    if images:
        line.run("docker", "image", "rm", "--force", *images)
    line.run("docker", "builder", "prune", "--all", "--force")
    with tempfile.TemporaryDirectory() as folder:
        start = time.monotonic()
        subprocess.run(["git", "clone", "--quiet", str(ROOT), folder], check=True)
        line.run("make", "--directory", folder, "up", timeout=3600)
        returned = time.monotonic() - start
        line.compose("--profile", "phone", "build", "phone")
        answered: float = line.phone("--silent", "--stay", "1").report["answered_after"]
        line.run("make", "--directory", folder, "down")
    return round(returned + answered, 1)
