"""The page from which a browser calls a line, and the request with which it does."""

import anyio.to_thread
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from desk.access import rates
from desk.access.guard import check_token
from desk.desk import desk_of
from desk.pages import render
from desk.problem import Problem
from desk.talk.tokens import check_line, new_ticket

LONGEST = 1000  # bytes of a request


class Wanted(BaseModel):
    """What a browser asks for: a line, or the version of it that an operator is editing."""

    model_config = ConfigDict(strict=True, extra="forbid")

    line: str
    draft: str = ""


def routes() -> list[BaseRoute]:
    return [Route("/talk", show), Route("/talk/call", call, methods=["POST"])]


async def show(request: Request) -> Response:
    places = desk_of(request).places
    line, draft = request.query_params.get("line", ""), request.query_params.get("draft", "")
    if draft:
        _check_may_try(request)
        await anyio.to_thread.run_sync(check_line, places, line, draft)
        names = [line]
    else:
        names = await anyio.to_thread.run_sync(places.line_names)
    lines = [{"name": name, "title": _title(name)} for name in names]
    return render(request, "talk/show.html", lines=lines, draft=draft, line=line if line in names else "")


async def call(request: Request) -> Response:
    """Answer with {url, token, room}: the signalling's address, and what lets the browser into a new call's room."""
    desk = desk_of(request)
    check_token(request)
    if not request.state.session.is_operator:
        desk.rates.count(request, "talk", rates.TALK)
    wanted = await _read(request)
    if wanted.draft:
        _check_may_try(request)
    await anyio.to_thread.run_sync(check_line, desk.places, wanted.line, wanted.draft)
    ticket = new_ticket(
        desk.server,
        agent=desk.settings.agent_name,
        room_prefix=desk.settings.room_prefix,
        line=wanted.line,
        draft=wanted.draft,
    )
    return JSONResponse({"url": _signalling(request), "token": ticket.token, "room": ticket.room})


async def _read(request: Request) -> Wanted:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LONGEST:
            raise Problem(413, f"A request for a call has {LONGEST} bytes at most.")
    try:
        return Wanted.model_validate_json(body)
    except ValidationError:
        raise Problem(400, 'A request for a call is JSON, and names a line: {"line": "coffee"}.') from None


def _check_may_try(request: Request) -> None:
    if not request.state.session.is_operator:
        raise Problem(403, "Only the operator calls a version that has not been saved: sign in first.")


def _signalling(request: Request) -> str:
    """Return the address of the page's own host, where Caddy passes signalling on to the media server."""
    return f"{'wss' if request.url.scheme == 'https' else 'ws'}://{request.url.netloc}"


def _title(name: str) -> str:
    """“ice-cream” is “Ice cream”."""
    return name.replace("-", " ").capitalize()
