"""The page Health: the doctor's findings, and figures of the calls of the last days."""

import asyncio
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from desk.access.guard import checked_form
from desk.desk import desk_of
from desk.health import findings
from desk.health.charts import charts_of
from desk.health.disk import Measured, written
from desk.health.reading import Notes
from desk.health.versions import images
from desk.pages import add_filter, render
from desk.places import LINE
from desk.problem import Problem

DAYS = (1, 7, 14, 30, 90)
USUALLY = 14  # days


@dataclass(frozen=True)
class Sources:
    """What is read again and again, with what is remembered of it."""

    notes: Notes
    measured: Measured


def routes() -> list[BaseRoute]:
    add_filter("bytes", written)
    return [
        Route("/health", show),
        Route("/health/figures.json", figures),
        Route("/health/look-again", look_again, methods=["POST"]),
    ]


def sources_of(request: Request) -> Sources:
    state = request.app.state
    if not hasattr(state, "health"):
        places = desk_of(request).places
        state.health = Sources(Notes(places), Measured(places))
    sources: Sources = state.health
    return sources


async def show(request: Request) -> Response:
    desk, sources = desk_of(request), sources_of(request)
    days, line = _chosen(request)
    found, charts, disk, lines = await asyncio.gather(
        findings.look(desk, desk.settings.watch_url),
        run_in_threadpool(_charts, sources, days, line),
        run_in_threadpool(sources.measured.disk),
        run_in_threadpool(sources.notes.lines),
    )
    return render(
        request,
        "health/health.html",
        found=found,
        charts=charts,
        disk=disk,
        images=images(desk.settings),
        lines=lines,
        days=days,
        line=line,
        choices=DAYS,
    )


async def figures(request: Request) -> Response:
    """Return the figures as JSON, for the charts."""
    days, line = _chosen(request)
    return JSONResponse(await run_in_threadpool(_charts, sources_of(request), days, line))


async def look_again(request: Request) -> Response:
    await checked_form(request)
    await findings.look_again(desk_of(request).settings.watch_url)
    return RedirectResponse("/health", 303)


def _charts(sources: Sources, days: int, line: str) -> dict[str, Any]:
    return charts_of(sources.notes.read(days, line))


def _chosen(request: Request) -> tuple[int, str]:
    days, line = request.query_params.get("days", str(USUALLY)), request.query_params.get("line", "")
    if days not in map(str, DAYS):
        raise Problem(400, f"The days to look back on are one of {', '.join(map(str, DAYS))}.")
    if line and not LINE.fullmatch(line):
        raise Problem(400, "A line's name has small letters, digits and hyphens only.")
    return int(days), line
