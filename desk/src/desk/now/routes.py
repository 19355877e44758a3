"""The page Now: the calls in progress, and what an operator can do with one: listen, take over, hang up."""

import json
import logging
import secrets
from collections.abc import AsyncIterator
from datetime import timedelta

from livekit import api
from sse_starlette import EventSourceResponse
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from desk.access.guard import check_token
from desk.access.sessions import COOKIE
from desk.desk import desk_of
from desk.now.calls import LISTENS, OPERATOR, TAKEN_OVER
from desk.now.watching import Watching
from desk.pages import render
from desk.problem import Problem

logger = logging.getLogger(__name__)

LASTS = timedelta(minutes=2)  # of a token, which a browser uses at once; the server renews it for one who is there


def routes() -> list[BaseRoute]:
    return [
        Route("/now", show),
        Route("/now/events", events),
        Route("/now/{id}/listen", listen, methods=["POST"]),
        Route("/now/{id}/take-over", take_over, methods=["POST"]),
        Route("/now/{id}/hang-up", hang_up, methods=["POST"]),
    ]


def watching_of(request: Request) -> Watching:
    """Return what all viewers share; the first of them makes it."""
    state = request.app.state
    if not hasattr(state, "watching"):
        its = desk_of(request)
        state.watching = Watching(its.server, its.settings.agent_name, its.settings.room_prefix)
    watching: Watching = state.watching
    return watching


async def show(request: Request) -> Response:
    return render(request, "now/now.html")


async def events(request: Request) -> Response:
    """Push the calls in progress, as JSON, when they change."""

    async def told() -> AsyncIterator[dict[str, str]]:
        async for seen in watching_of(request).follow():
            if not desk_of(request).sessions.read(request.cookies.get(COOKIE)).is_operator:
                return  # somebody has signed everybody out
            if seen:
                yield {"data": json.dumps(seen.told())}

    return EventSourceResponse(told(), ping=15)


async def listen(request: Request) -> Response:
    """Let a browser read the captions of a call, and hear it; nobody in the call sees it."""
    check_token(request)
    call = await watching_of(request).find(request.path_params["id"])
    grants = api.VideoGrants(
        room_join=True, room=call.room, can_publish=False, can_publish_data=False, can_subscribe=True, hidden=True
    )
    return _token(request, "listener", LISTENS, grants)


async def take_over(request: Request) -> Response:
    """Let the operator talk to the caller; the agent falls silent when it sees them in the room."""
    check_token(request)
    call = await watching_of(request).find(request.path_params["id"])
    if not call.agent:
        raise Problem(409, "The agent has not come to this call yet, so there is nothing to take over. Try again.")
    if call.taken_over:
        raise Problem(409, "Another operator has taken this call over.")
    watching_of(request).give(call, request.state.session.id)
    logger.info("An operator takes a call over", extra={"room_id": call.id})
    grants = api.VideoGrants(
        room_join=True,
        room=call.room,
        can_publish=True,
        can_publish_sources=["microphone"],
        can_publish_data=False,
        can_subscribe=True,
    )
    return _token(request, "operator", TAKEN_OVER, grants)


async def hang_up(request: Request) -> Response:
    """End a call for everybody in it."""
    check_token(request)
    call = await watching_of(request).find(request.path_params["id"])
    async with desk_of(request).server.asked() as livekit:
        try:
            await livekit.room.delete_room(api.DeleteRoomRequest(room=call.room))
        except api.TwirpError as error:
            if error.code != "not_found":  # else it has just ended
                raise
    logger.info("An operator has hung up", extra={"room_id": call.id})
    return JSONResponse({})


def _token(request: Request, who: str, attribute: str, grants: api.VideoGrants) -> Response:
    identity = f"{who}-{secrets.token_hex(8)}"
    token = desk_of(request).server.token(identity, LASTS).with_grants(grants).with_attributes({OPERATOR: attribute})
    return JSONResponse({"identity": identity, "token": token.to_jwt()})
