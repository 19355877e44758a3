"""POST /calls places a call, and GET /calls/{id} tells what has become of it. Answers are JSON.

With API_TOKEN, every request has to have it: `Authorization: Bearer …`. Without it, only this container itself is
answered, which is how `make dial` asks. The desk is answered in any case, by a token of its own.
"""

import asyncio
import hmac
import ipaddress
import json
import logging
import sqlite3
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.lines.folder import LinesFolder
from agent.lines.line import Line
from agent.outbound.orders import Order, Orders, RefusedError
from agent.records.transcript import iso
from agent.settings import Settings
from agent.worker.desk_right import check_desk
from agent.worker.place_calls import Placer, Wanted
from agent.worker.request_body import BodyError, read_body

logger = logging.getLogger(__name__)

KEY = "Idempotency-Key"
LONGEST_KEY = 200  # characters
LARGEST = 65_536  # bytes of a request
STATUS = {  # of a refusal, by its reason
    "number": 400,
    "key": 422,
    "calls_a_day": 429,
    "calls_per_number": 429,
    "store": 503,
    "server": 503,
}
REFUSED = 403  # for any other reason


class _Asked(BaseModel):
    """The body of POST /calls."""

    model_config = ConfigDict(extra="forbid", strict=True, str_strip_whitespace=True)

    to: str
    purpose: str = Field(min_length=1, max_length=2000)
    name: str = Field("", max_length=80)
    line: str = ""


class _ProblemError(Exception):
    def __init__(self, status: int, sentence: str, reason: str = "request") -> None:
        super().__init__(sentence)
        self.status, self.reason = status, reason


def calls_endpoint(settings: Settings, lines: LinesFolder) -> list[web.RouteDef]:
    """Make the two routes."""
    endpoint = _Endpoint(settings, lines)
    return [web.post("/calls", endpoint.post), web.get("/calls/{id}", endpoint.get)]


class _Endpoint:
    def __init__(self, settings: Settings, lines: LinesFolder) -> None:
        self._settings, self._lines, self._placer = settings, lines, Placer(settings)
        self._token = settings.api_token.get_secret_value() if settings.api_token else ""

    async def post(self, request: web.Request) -> web.Response:
        try:
            self._check_right(request)
            asked, key = await _read(request), _key(request)
            line = await asyncio.to_thread(self._line, asked.line)
            order = await self._placer.place(Wanted(asked.to, asked.purpose, asked.name, key), line)
        except RefusedError as error:
            return _problem(STATUS.get(error.refusal.reason, REFUSED), str(error), error.refusal.reason)
        except _ProblemError as error:
            return _problem(error.status, str(error), error.reason)
        return web.json_response(_told(order), status=201, headers={"Location": f"/calls/{order.id}"})

    async def get(self, request: web.Request) -> web.Response:
        try:
            self._check_right(request)
            order = await asyncio.to_thread(self._find, request.match_info["id"])
        except _ProblemError as error:
            return _problem(error.status, str(error), error.reason)
        except (sqlite3.Error, OSError) as error:
            logger.error("Could not read an order for a call: %s", error)
            return _problem(503, "The orders for calls cannot be read: is the volume at /data damaged?", "store")
        return web.json_response(_told(order))

    def _check_right(self, request: web.Request) -> None:
        if self._is_the_desk(request):
            return
        if self._token:
            given = request.headers.get("Authorization", "").removeprefix("Bearer ")
            # Whatever bytes a header has, aiohttp's text can be made into them again.
            if not hmac.compare_digest(given.encode(errors="surrogateescape"), self._token.encode()):
                raise _ProblemError(401, "The request needs the header Authorization: Bearer with API_TOKEN.", "token")
        elif not _is_loopback(request.remote):
            raise _ProblemError(401, "Without API_TOKEN in .env, only make dial places calls.", "token")

    def _is_the_desk(self, request: web.Request) -> bool:
        try:
            check_desk(request, self._settings)
        except web.HTTPUnauthorized:
            return False
        return True

    def _line(self, name: str) -> Line:
        names = self._lines.names()
        if not name and len(names) == 1:
            name = names[0]
        if name not in names:
            found = f"the line {name!r} does not exist" if name else "the request names no line"
            raise _ProblemError(400, f"line: {found}; this host's lines are: {', '.join(names)}.", "line")
        try:
            return self._lines.read(name)
        except ValueError as error:
            logger.error("%s", error)
            problem = f"The settings of the line {name} cannot be used. make check says why."
            raise _ProblemError(503, problem, "line") from None

    def _find(self, order: str) -> Order:
        found = (Orders(name).read(order) for name in self._lines.names())
        if not (known := next(filter(None, found), None)):
            raise _ProblemError(404, "There is no order for a call with this id; orders are kept for 14 days.", "id")
        return known


async def _read(request: web.Request) -> _Asked:
    try:
        body = await read_body(request, LARGEST)
    except BodyError as error:
        raise _ProblemError(error.status, str(error)) from None
    try:
        return _Asked.model_validate(json.loads(body))
    except ValidationError as error:
        first: Any = error.errors(include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the body"
        expected = "to, purpose, and if needed name and line"
        raise _ProblemError(400, f"{where}: {first['msg']}. The body has {expected}.") from None
    except (ValueError, RecursionError):
        raise _ProblemError(400, 'The body is not JSON: write {"to": "+12025550123", "purpose": "…"}.') from None


def _key(request: web.Request) -> str:
    key = request.headers.get(KEY, "").strip()
    if not key.isprintable():
        raise _ProblemError(400, f"{KEY} is no text in UTF-8.")
    if len(key) > LONGEST_KEY:
        raise _ProblemError(400, f"{KEY} has {len(key)} characters, but at most {LONGEST_KEY} are expected.")
    return key


def _told(order: Order) -> dict[str, Any]:
    """Return what an answer says about an order, without the number, the name and the purpose."""
    return {
        "id": order.id,
        "line": order.line,
        "state": order.state,
        "result": order.result or None,
        "reason": order.reason or None,
        "placed": iso(order.placed),
        "ended": iso(order.ended) if order.ended else None,
    }


def _problem(status: int, sentence: str, reason: str) -> web.Response:
    return web.json_response({"error": sentence, "reason": reason}, status=status)


def _is_loopback(address: str | None) -> bool:
    try:
        return ipaddress.ip_address(address or "").is_loopback
    except ValueError:
        return False
