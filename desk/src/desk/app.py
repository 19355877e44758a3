"""The application: every page, and what stands in front of all of them. A new page is a row in `PAGES`."""

import logging
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from desk.access.guard import HEADERS, Guard
from desk.access.sessions import Sessions
from desk.agent_api import AgentApi
from desk.appointments import routes as appointments
from desk.calls import routes as calls
from desk.desk import Desk
from desk.health import routes as health
from desk.lines import routes as lines
from desk.messages import routes as messages
from desk.metrics import Measured, Metrics, first_parts
from desk.now import routes as now
from desk.pages import STATIC, Page, render
from desk.places import Places
from desk.problem import Problem
from desk.server import MediaServer
from desk.settings import Settings
from desk.sign_in import routes as sign_in
from desk.talk import routes as talk

logger = logging.getLogger(__name__)

PAGES: list[Page] = [
    Page("Talk", "/talk", talk.routes),
    Page("Now", "/now", now.routes),
    Page("Calls", "/calls", calls.routes),
    Page("Messages", "/messages", messages.routes),
    Page("Appointments", "/appointments", appointments.routes),
    Page("Lines", "/lines", lines.routes),
    Page("Health", "/health", health.routes),
]
"""In the order of the menu."""

DATA = Path("/data")


def new_app(settings: Settings, data: Path = DATA) -> Starlette:
    """Make the application; `data` is the folder that the agent keeps its records in."""
    places = Places(data, settings.lines_folder)
    sessions = Sessions(places.desk, settings.desk_password.get_secret_value())
    metrics = Metrics()
    routes: list[BaseRoute] = [
        Route("/", _first_page),
        Route("/health-of-desk", _is_up),
        *metrics.routes(),
        *sign_in.routes(),
        *(route for page in PAGES for route in page.routes()),
        Mount("/static", StaticFiles(directory=STATIC), name="static"),
    ]
    app = Starlette(
        routes=routes,
        middleware=[
            Middleware(Measured, metrics=metrics, pages=first_parts(routes)),
            Middleware(Guard, sessions=sessions, anybody_talks=settings.lets_anybody_talk),
        ],
        exception_handlers={Problem: _tell_problem, HTTPException: _tell_http_error, Exception: _tell_failure},
    )
    app.state.desk = Desk(settings, places, sessions, AgentApi(settings), MediaServer(settings))
    app.state.menu = PAGES
    metrics.watch_index(lambda: calls.age_of_index(app))
    return app


async def _first_page(request: Request) -> Response:
    return RedirectResponse("/now" if request.state.session.is_operator else "/talk")  # which may ask to sign in


async def _is_up(_: Request) -> Response:
    return PlainTextResponse("ok")


async def _tell_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)  # noqa: S101 - for the type checker
    return _told(request, error.status, error.sentence)


async def _tell_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - for the type checker
    sentences = {404: "There is no such page.", 405: "This page does not take such a request."}
    return _told(request, error.status_code, sentences.get(error.status_code, str(error.detail)))


async def _tell_failure(request: Request, error: Exception) -> Response:
    logger.error("A page failed: %s", type(error).__name__)
    answer = _told(request, 500, "This page failed. docker compose logs desk on the host says in what way.")
    answer.headers.update({**HEADERS, "Cache-Control": "no-store"})  # Starlette sends it past the Guard
    return answer


def _told(request: Request, status: int, sentence: str) -> Response:
    if "application/json" in request.headers.get("accept", ""):
        return JSONResponse({"error": sentence}, status)
    if "hx-request" in request.headers:
        return render(request, "problem_fragment.html", status, problem=sentence)
    return render(request, "problem.html", status, problem=sentence)
