"""GET /metrics tells the worker's figures in Prometheus' form. It asks for no password: Caddy does not pass it on."""

import asyncio
import logging

from aiohttp import web
from livekit.agents import AgentServer

from agent.lines.folder import LinesFolder
from agent.settings import Settings
from agent.worker.metrics import METRICS, Metrics

logger = logging.getLogger(__name__)

PATH = "/metrics"
FORM = {"Content-Type": "text/plain; version=0.0.4; charset=utf-8", "Cache-Control": "no-store"}


def metrics_endpoint(
    server: AgentServer, settings: Settings, lines: LinesFolder, metrics: Metrics = METRICS
) -> list[web.RouteDef]:
    """Make the route. It needs the worker's server, so it is no row of `http.ROUTES`."""
    metrics.tell_of(server, settings, lines)

    async def answer(_: web.Request) -> web.Response:
        try:
            return web.Response(body=await asyncio.to_thread(metrics.text), headers=FORM)
        except OSError as error:  # the disk, or the folder of the lines
            logger.error("Could not tell the worker's figures: %s", error)
            return web.Response(status=503)

    return [web.get(PATH, answer)]
