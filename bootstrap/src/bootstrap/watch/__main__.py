"""The watcher's process. `python -m bootstrap watch` becomes it, and has filled in what .env leaves empty."""

import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path

from bootstrap.logs import set_up_logging
from bootstrap.server import RetryPolicy, connect_to
from bootstrap.watch.agent import Agent
from bootstrap.watch.callers import Callers
from bootstrap.watch.drift import TwilioDrift
from bootstrap.watch.findings import Findings, serve
from bootstrap.watch.rounds import Rounds
from bootstrap.watch.routes import Routes

SECRETS = Path("/run/secrets")
ONE_TRY = RetryPolicy(attempts=1)  # the next round is the next try


def main() -> int:
    set_up_logging(os.environ["LOG_LEVEL"], os.environ["LOG_FORMAT"], sys.stdout)
    asyncio.run(watch_until_stopped())
    return 0


async def watch_until_stopped() -> None:
    """Watch until a signal to stop comes, which may come at any moment: nothing has to be finished."""
    watching = asyncio.ensure_future(watch())
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, watching.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await watching


async def watch() -> None:
    """Do everything that the watcher does, until this is cancelled."""
    name, key = os.environ["AGENT_NAME"], secret("livekit_api_key")
    async with (
        connect_to(os.environ["LIVEKIT_URL"], key, secret("livekit_api_secret"), ONE_TRY) as server,
        asyncio.TaskGroup() as tasks,
    ):
        agent = Agent(os.environ["AGENT_URL"])
        callers = Callers(server, agent, name, os.environ["ROOM_PREFIX"])
        routes = Routes(server, name, secret("sip_password"), secret("outbound_password"))
        tasks.create_task(agent.follow())
        tasks.create_task(Rounds(callers, routes, server.url).go())
        findings = Findings()
        tasks.create_task(findings.watch())
        tasks.create_task(serve(findings))
        if os.environ.get("TWILIO_ACCOUNT_SID"):
            tasks.create_task(TwilioDrift().watch())


def secret(name: str) -> str:
    file = SECRETS / name
    return file.read_bytes().decode("utf-8", "surrogateescape").removesuffix("\n") if file.is_file() else ""


if __name__ == "__main__":
    sys.exit(main())
