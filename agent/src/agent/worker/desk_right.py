"""Whether a request comes from the desk: it is signed with LiveKit's API secret, which both have.

The secret itself is never sent. A browser that talks with a line has a token signed with the same secret, but the
identity in it is another one.
"""

import json

import jwt
from aiohttp import web
from livekit import api

from agent.settings import Settings

IDENTITY = "desk"


def check_desk(request: web.Request, settings: Settings) -> None:
    """Check that the request has the header `Authorization: Bearer <LiveKit access token>` of the desk.

    Raises:
        web.HTTPUnauthorized: it does not; the body is JSON, `{"error": "<sentence>"}`.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme != "Bearer" or not token:
        raise _unauthorized("The request needs the header Authorization: Bearer with the desk's token.")
    verifier = api.TokenVerifier(
        settings.livekit_api_key.get_secret_value(), settings.livekit_api_secret.get_secret_value()
    )
    try:
        identity = verifier.verify(token).identity
    except jwt.ExpiredSignatureError:
        raise _unauthorized("The desk's token has expired: are the clocks of both containers right?") from None
    except (jwt.PyJWTError, UnicodeEncodeError):  # a header may have any bytes
        raise _unauthorized(
            "The desk's token is not signed with this agent's LIVEKIT_API_KEY and LIVEKIT_API_SECRET: run make up, so "
            "that both have the same."
        ) from None
    if identity != IDENTITY:
        raise _unauthorized("This token is not the desk's.")


def _unauthorized(sentence: str) -> web.HTTPUnauthorized:
    return web.HTTPUnauthorized(text=json.dumps({"error": sentence}), content_type="application/json")
