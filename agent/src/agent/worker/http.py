"""The worker's HTTP server on the private network: each endpoint is a module in this package and a row in `ROUTES`.

Caddy passes on what the operator has switched on, and nothing else reaches this server from outside. livekit-agents has
an HTTP server of its own on port 8081, for its health, which takes no further routes.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from aiohttp import web

from agent.lines.folder import LinesFolder
from agent.settings import Settings
from agent.worker import calendar_feed, desk_appointments, desk_check
from agent.worker.calls_endpoint import calls_endpoint

logger = logging.getLogger(__name__)

T = TypeVar("T")

HOST = "0.0.0.0"  # noqa: S104 - of a container, which publishes no port
PORT = 8082
CLOSES_WITHIN = 2.0  # seconds that requests in progress have when the worker stops
STOPPING = web.AppKey("stopping", asyncio.Event)  # set when it stops, for answers that would go on for ever

Routes = Callable[[Settings, LinesFolder], list[web.RouteDef]]
"""Makes the routes of one endpoint when the worker starts; none if the settings do not switch it on."""

ROUTES: list[Routes] = [
    calls_endpoint,
    calendar_feed.routes,
    desk_appointments.routes,
    desk_check.routes,
]


async def answer_requests_while(
    work: Awaitable[T],
    settings: Settings,
    lines: LinesFolder,
    host: str = HOST,
    port: int = PORT,
    *,
    of_worker: Sequence[web.RouteDef] = (),
) -> T:
    """Answer HTTP requests until `work` is done, and return its result.

    `of_worker` are routes that tell of the worker itself. Nothing listens if there are none, and no endpoint is
    switched on. A port that cannot be used is logged and does not end `work`.
    """
    runner = _runner([*of_worker, *(route for of_endpoint in ROUTES for route in of_endpoint(settings, lines))])
    try:
        if runner:
            await _listen(runner, host, port)
        return await work
    finally:
        if runner:
            with contextlib.suppress(asyncio.TimeoutError):
                await runner.cleanup()


def _runner(routes: list[web.RouteDef]) -> web.AppRunner | None:
    if not routes:
        return None
    app = web.Application()
    app[STOPPING] = asyncio.Event()
    app.on_shutdown.append(_stop)
    app.add_routes(routes)
    # Its log of requests would contain addresses that are secret.
    return web.AppRunner(app, access_log=None, shutdown_timeout=CLOSES_WITHIN)


async def _stop(app: web.Application) -> None:
    app[STOPPING].set()


async def _listen(runner: web.AppRunner, host: str, port: int) -> None:
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        logger.error("Cannot listen on port %d, so HTTP requests are not answered: %s", port, error.strerror)
