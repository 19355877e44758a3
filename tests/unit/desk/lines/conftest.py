"""Two lines as the first make up makes them, and an agent that checks them as the real one does."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from agent.admission.owner_files import owner_files
from agent.lines.folder import LinesFolder
from agent.providers.check import lines_of
from agent.worker import desk_check
from desk.agent_api import AgentApi
from desk.problem import Problem
from tests.support.lines import EXAMPLE
from tests.unit.agent.fakes import host

if TYPE_CHECKING:
    from pathlib import Path

LINES = ("coffee", "dentist")


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    folder = tmp_path / "lines"
    for name in LINES:
        shutil.copytree(EXAMPLE / "coffee", folder / name)
    (folder / "dentist/line.toml").write_text('numbers = ["+12025550101"]\n')
    (folder / "secrets.env").write_text("COFFEE_KEY=canary-of-a-secret\n")
    return folder


@dataclass
class Agent:
    """The agent's endpoint, without HTTP. `down` makes it unreachable."""

    folder: Path
    asked: list[Any] = field(default_factory=list)
    down: bool = False

    async def post(self, path: str, body: Any, headers: object = None) -> Any:
        self.asked.append(body)
        if self.down:
            raise Problem(503, "The agent does not answer.")
        assert path == desk_check.PATH
        settings = host(lines_folder=self.folder)
        return desk_check.judge(settings, lines_of(settings), body["line"], body["files"])


@pytest.fixture(autouse=True)
def agent(lines: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Agent:
    agent, kept = Agent(lines), tmp_path / "kept"
    init = LinesFolder.__init__
    monkeypatch.setattr(
        LinesFolder,
        "__init__",
        lambda lines, folder, secrets, kept=kept, check=lambda _: (): init(lines, folder, secrets, kept, check),
    )
    monkeypatch.setattr(owner_files, "__defaults__", (kept,))
    monkeypatch.setattr(AgentApi, "post", lambda _, *given, **named: agent.post(*given, **named))
    return agent
