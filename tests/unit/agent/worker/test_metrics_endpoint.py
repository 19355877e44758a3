"""GET /metrics: the worker's figures, for whoever is in the private network."""

from __future__ import annotations

import asyncio
import re
import shutil
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import aiohttp

from agent.lines.folder import LinesFolder
from agent.worker.http import answer_requests_while
from agent.worker.metrics import Metrics
from agent.worker.metrics_endpoint import metrics_endpoint
from tests.support.house import ROOT
from tests.unit.agent.fakes import host
from tests.unit.agent.lines.test_folder import make
from tests.unit.agent.worker.test_jobs_endpoint import free_port

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from livekit.agents import AgentServer


async def test_the_figures_are_told_without_a_password_and_the_answer_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path / "lines", "coffee")
    settings, port = host(lines_folder=tmp_path / "lines"), free_port()
    lines = LinesFolder(tmp_path / "lines", {}, tmp_path / "kept")
    server, metrics = cast("AgentServer", SimpleNamespace(active_jobs=[])), Metrics()
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    metrics.calls.start()

    async def ask() -> tuple[int, str, str]:
        async with aiohttp.ClientSession() as client, client.get(f"http://127.0.0.1:{port}/metrics") as answer:
            return answer.status, answer.headers.get("Content-Type", ""), await answer.text()

    def fail(_: object) -> None:
        raise OSError("no disk")

    async def work() -> list[tuple[int, str, str]]:
        first = await ask()
        monkeypatch.setattr(shutil, "disk_usage", fail)
        return [first, await ask()]

    routes = metrics_endpoint(server, settings, lines, metrics)
    told, broken = await asyncio.wait_for(
        answer_requests_while(work(), settings, lines, "127.0.0.1", port, of_worker=routes), 30
    )
    assert told[:2] == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert "landline_calls_started_total 1.0" in told[2].splitlines()
    assert 'landline_calls_in_progress{line="coffee"} 0.0' in told[2].splitlines()
    assert broken[0] == 503


def test_caddy_passes_it_on_to_nobody() -> None:
    """What reaches the agent through Caddy is named there, path by path."""
    caddyfile = (ROOT / "caddy/Caddyfile").read_text()
    to_agent = re.findall(r"handle @(\w+) \{\s*reverse_proxy agent:8082", caddyfile)
    assert to_agent
    for matcher in to_agent:
        [block] = re.findall(rf"^\t@{matcher} \{{\n(.*?)^\t\}}", caddyfile, re.MULTILINE | re.DOTALL)
        assert "/metrics" not in block
        assert re.search(r"path /\w", block)
