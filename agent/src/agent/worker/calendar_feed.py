"""A line's appointments as a calendar to subscribe to, at an address that nobody can guess: /calendars/<secret>.ics."""

import hmac
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from aiohttp import web

from agent.appointments import ics
from agent.appointments.appointment import UnreachableError
from agent.appointments.embedded import Embedded, store_of
from agent.lines.folder import LinesFolder
from agent.lines.line import Line
from agent.settings import Settings
from agent.storage import private_files

logger = logging.getLogger(__name__)

PATH = "/calendars/{secret}.ics"
BEFORE, AFTER = timedelta(days=60), timedelta(days=800)
PRIVATE = {"Cache-Control": "private, no-store", "X-Robots-Tag": "noindex"}


def routes(_: Settings, lines: LinesFolder) -> list[web.RouteDef]:
    """Make the route, if any line has a feed."""

    async def answer(request: web.Request) -> web.Response:
        given = request.match_info["secret"]
        found = [line for line, secret in _feeds(lines) if hmac.compare_digest(secret.encode(), given.encode())]
        if len(found) > 1:  # whoever knows the secret of one line may not read the other's appointments
            logger.error("The lines %s have the same feed, so it is closed", " and ".join(line.name for line in found))
        if len(found) != 1:
            raise web.HTTPNotFound(headers=PRIVATE)
        return web.Response(
            body=await _calendar(found[0]), content_type="text/calendar", charset="utf-8", headers=PRIVATE
        )

    return [web.get(PATH, answer)] if any(_feeds(lines)) else []


def _feeds(lines: LinesFolder) -> Iterator[tuple[Line, str]]:
    for line in lines.all():
        if line.calendar.feed:
            yield line, line.calendar.feed.get_secret_value()


async def _calendar(line: Line) -> bytes:
    now = datetime.now(UTC)
    store = Embedded(store_of(line.name, private_files.DATA), line.timezone)
    try:
        appointments = await store.between(now - BEFORE, now + AFTER)
    except UnreachableError:
        raise web.HTTPServiceUnavailable(headers=PRIVATE) from None
    return ics.written(appointments, line.name, {name: kind.called for name, kind in line.appointments.items()})
