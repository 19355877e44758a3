"""The agent's own endpoints for the desk, over HTTP, so that the two rooms are tried against each other."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from aiohttp import web
from pydantic import SecretStr

from agent.lines.folder import LinesFolder
from agent.worker import calls_endpoint, desk_appointments
from desk.settings import Settings
from tests.unit.agent.fakes import host
from tests.unit.desk.conftest import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRET = "a secret that is long enough to sign with"


@contextmanager
def agent_of(lines: Path, kept: Path) -> Iterator[str]:
    """Serve the endpoints of an agent with these lines, and yield its address."""
    settings, folder = (
        host(livekit_api_key="key", livekit_api_secret=SECRET, lines_folder=lines),
        LinesFolder(lines, {}, kept),
    )
    loop, is_up, is_over = asyncio.new_event_loop(), threading.Event(), asyncio.Event()
    addresses: list[str] = []

    async def serve() -> None:
        app = web.Application()
        app.add_routes([*desk_appointments.routes(settings, folder), *calls_endpoint.calls_endpoint(settings, folder)])
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        addresses.append(f"http://127.0.0.1:{runner.addresses[0][1]}")
        is_up.set()
        await is_over.wait()
        await runner.cleanup()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    try:
        assert is_up.wait(20)
        yield addresses[0]
    finally:
        loop.call_soon_threadsafe(is_over.set)
        thread.join(20)
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


def settings_with(url: str, lines: Path) -> Settings:
    """The settings of a desk that asks this agent."""
    return Settings(
        desk_password=SecretStr(PASSWORD),
        livekit_api_key=SecretStr("key"),
        livekit_api_secret=SecretStr(SECRET),
        lines_folder=lines,
        agent_url=url,
        livekit_url="ws://127.0.0.1:9",
    )
