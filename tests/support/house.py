"""Where things are in this repository, read from its own files."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]


def compose_file() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return loaded


def example_variables() -> dict[str, str]:
    lines = (ROOT / ".env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if re.match(r"[A-Z]", line))


def settings_variables(room: str) -> set[str]:
    """The environment variables a room's `Settings` reads, by the names of its fields."""
    settings = importlib.import_module(f"{room}.settings").Settings
    return {name.upper() for name in settings.model_fields}
