"""GET /jobs names the jobs that this agent has: a row each second, for as long as its main process lives.

Bootstrap's watcher follows it. When the connection breaks off, all processes of the container are gone with the main
one, and the watcher hangs up on their callers. A row has the server's ids of the jobs, and an id of the main process,
which is another one after a restart. It also says whether the agent is registered with the server, and under which
name. Caddy does not pass this path on.
"""

import asyncio
import contextlib
import json
import secrets

from aiohttp import web
from livekit.agents import AgentServer

from agent.worker import health
from agent.worker.http import STOPPING

PATH = "/jobs"
EVERY = 1.0  # seconds


def jobs_endpoint(server: AgentServer, name: str) -> list[web.RouteDef]:
    """Make the route; `name` is that under which the agent registers."""
    process = secrets.token_hex(8)

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson", "Cache-Control": "no-store"})
        await response.prepare(request)
        with contextlib.suppress(ConnectionResetError):  # whoever follows may leave at any moment
            await _name_the_jobs(response, request.app[STOPPING])
        return response

    async def _name_the_jobs(response: web.StreamResponse, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            why_not = health.problem()
            row = {
                "process": process,
                "jobs": [job.job.id for job in server.active_jobs],
                "registered": why_not is None,
                "why_not": why_not or "",
                "name": name,
            }
            await response.write(f"{json.dumps(row)}\n".encode())
            with contextlib.suppress(asyncio.TimeoutError):
                async with asyncio.timeout(EVERY):
                    await stopping.wait()

    return [web.get(PATH, answer)]
