"""Signing in with the password that `make up` has generated, and signing out."""

import hmac
import logging

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from desk.access import rates
from desk.access.guard import checked_form, cookie_of
from desk.desk import desk_of
from desk.pages import render
from desk.problem import Problem

logger = logging.getLogger(__name__)


def routes() -> list[BaseRoute]:
    return [
        Route("/sign-in", show, name="sign_in"),
        Route("/sign-in", sign_in, methods=["POST"]),
        Route("/sign-out", sign_out, methods=["POST"], name="sign_out"),
    ]


async def show(request: Request) -> Response:
    if request.state.session.is_operator:
        return RedirectResponse(_after(request.query_params.get("after", "")), 303)
    return render(request, "sign_in/show.html", after=request.query_params.get("after", ""))


async def sign_in(request: Request) -> Response:
    desk = desk_of(request)
    form = await checked_form(request)
    after, given = str(form.get("after", "")), str(form.get("password", ""))
    try:
        desk.rates.count(request, "sign-in", rates.SIGN_IN)
    except Problem as refused:
        return render(request, "sign_in/show.html", refused.status, after=after, problem=refused.sentence)
    if not hmac.compare_digest(given.encode(), desk.settings.desk_password.get_secret_value().encode()):
        logger.warning("Somebody tried to sign in to the desk with a wrong password")
        problem = "This is not the password. It is DESK_PASSWORD in .env on the host."
        return render(request, "sign_in/show.html", 401, after=after, problem=problem)
    answer = RedirectResponse(_after(after), 303)
    answer.headers.append("Set-Cookie", cookie_of(desk.sessions, desk.sessions.signed_in()))
    return answer


async def sign_out(request: Request) -> Response:
    await checked_form(request)
    desk_of(request).sessions.sign_everybody_out()
    return RedirectResponse("/sign-in", 303)


def _after(path: str) -> str:
    """Return where to go after signing in: a path of this site, and no other site's address."""
    inside = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if inside else "/now"
