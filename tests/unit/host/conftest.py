"""A copy of what the host's scripts read, in a folder of its own: they write `.env` and `lines/` beside themselves."""

from __future__ import annotations

import os
import shutil
import subprocess
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.house import ROOT
from tests.support.lines import ABILITIES

if TYPE_CHECKING:
    from pathlib import Path

READ = ("agent/example", "bootstrap/host", "bootstrap/trunks", "caddy", "livekit", "metrics")
READ_FILES = (".env.example", ".gitignore", "Makefile", "compose.yaml")


@dataclass(frozen=True)
class Clone:
    root: Path

    @property
    def env_file(self) -> Path:
        return self.root / ".env"

    @property
    def line(self) -> Path:
        return self.root / "lines/coffee"

    def sh(self, *command: str, **shell: str) -> subprocess.CompletedProcess[str]:
        """Run `sh` there, with `docker` of `self.docker` before any other on the path."""
        env = {"PATH": f"{self.root}/bin:{os.environ['PATH']}", **shell}
        return subprocess.run(["sh", *command], cwd=self.root, env=env, capture_output=True, text=True)

    def script(self, name: str, **shell: str) -> subprocess.CompletedProcess[str]:
        return self.sh(f"bootstrap/host/{name}.sh", **shell)

    def make_env(self, **shell: str) -> subprocess.CompletedProcess[str]:
        return self.script("make_env", **shell)

    def set(self, **settings: str) -> None:
        """`.env` with these lines, and no others."""
        self.env_file.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))

    def env(self) -> dict[str, str]:
        lines = self.env_file.read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))

    def line_settings(self) -> dict[str, Any]:
        """What line.toml says, besides what the example's business can do."""
        settings = tomllib.loads((self.line / "line.toml").read_text())
        return {name: value for name, value in settings.items() if name not in ABILITIES}

    def docker(self, body: str) -> None:
        """A script in Docker's place, on a machine on which nobody listens at a port."""
        self.command("docker", body)
        self.command("ss", "")

    def command(self, name: str, body: str) -> None:
        script = self.root / "bin" / name
        script.parent.mkdir(exist_ok=True)
        script.write_text(f"#!/bin/sh\n{body}\n")
        script.chmod(0o755)


def copy_house(to: Path) -> None:
    for name in READ:
        shutil.copytree(ROOT / name, to / name)
    for name in READ_FILES:
        shutil.copy(ROOT / name, to / name)


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    root = tmp_path / "landline"
    root.mkdir()
    copy_house(root)
    return Clone(root)
