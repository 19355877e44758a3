"""Which measurements an expression of Prometheus' language asks for, and promtool, which knows the whole language."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.support.house import ROOT, compose_file

if TYPE_CHECKING:
    from pathlib import Path

METRICS = ROOT / "metrics"
NO_MEASUREMENT = re.compile(
    r"""
    "[^"]*"                                     # a string
    | \{[^}]*\}                                 # labels
    | \[[^\]]*\]                                # how far back
    | \b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)
    | \b(and|or|unless|offset|bool)\b
    | \b\d[\w.]*                                # a number, or a time such as 15m
    """,
    re.VERBOSE,
)


def measurements(expression: str) -> set[str]:
    """The names in an expression that are neither functions nor labels."""
    rest = NO_MEASUREMENT.sub(" ", expression)
    return {name for name, bracket in re.findall(r"([A-Za-z_:][\w:]*)\s*(\(?)", rest) if not bracket}


def promtool(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run promtool in a folder: the one on the path, or that of Prometheus' image; skip the test if there is none."""
    image = compose_file()["services"]["prometheus"]["image"]
    if shutil.which("promtool"):
        command = ["promtool"]
    elif (
        shutil.which("docker")
        and not subprocess.run(["docker", "image", "inspect", image], capture_output=True).returncode
    ):
        command = ["docker", "run", "--rm", "--network", "none", "--volume", f"{folder}:/metrics:ro"]
        command += ["--workdir", "/metrics", "--entrypoint", "promtool", image]
    else:
        pytest.skip(f"promtool is not on the path, and the image {image} is not here")
    return subprocess.run([*command, *arguments], cwd=folder, capture_output=True, text=True, check=False)


def _succeeds(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
