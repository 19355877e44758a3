"""Appointments in a calendar on a CalDAV server (RFC 4791), such as Nextcloud, Radicale or iCloud.

Of what is in the calendar only the appointments that this line has made are ever changed or deleted. Each change names
the version that it is a change of, so that the server refuses it if somebody else was faster.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin
from xml.etree import ElementTree
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

import httpx2

from agent.appointments import ics
from agent.appointments.appointment import Appointment, AppointmentError, ChangedError, UnreachableError
from agent.authorities import authorities
from agent.calendar.hours import Interval
from agent.lines.line import Line

LARGEST = 4_000_000  # bytes of an answer
CREATED, PRECONDITION_FAILED, NOT_FOUND, MULTI_STATUS = 201, 412, 404, 207
REPORT = "REPORT"
READING = {REPORT, "GET"}
DAV, CALDAV = "{DAV:}", "{urn:ietf:params:xml:ns:caldav}"
QUERY = """<?xml version="1.0" encoding="utf-8"?>
<C:calendar-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">
<D:prop><D:getetag/><C:calendar-data><C:expand start="{begins}" end="{ends}"/></C:calendar-data></D:prop>
<C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">
<C:time-range start="{begins}" end="{ends}"/>{more}
</C:comp-filter></C:comp-filter></C:filter>
</C:calendar-query>"""
OF_NUMBER = (
    f'<C:prop-filter name="{ics.NUMBER}"><C:text-match match-type="equals">{{number}}</C:text-match></C:prop-filter>'
)
MARKUP = {"Content-Type": "application/xml; charset=utf-8", "Depth": "1"}
TEXT = {"Content-Type": "text/calendar; charset=utf-8"}


class CalDAV:
    """The backend of one line, see `Backend`."""

    def __init__(self, url: str, username: str, password: str, line: Line) -> None:
        """`url` is the calendar's own address, as its server shows it."""
        self._url = url if url.endswith("/") else f"{url}/"
        self._login = (username, password)
        self._line, self._zone, self._timeout = line.name, ZoneInfo(line.timezone), line.calendar.timeout
        self._called = {name: kind.called for name, kind in line.appointments.items()}

    async def between(self, begins: datetime, ends: datetime) -> list[Appointment]:
        return await self._report(begins, ends)

    async def under(self, number: str, begins: datetime, ends: datetime) -> list[Appointment]:
        found = await self._report(begins, ends, OF_NUMBER.format(number=escape(number)))
        return [one for one in found if one.number == number]

    async def add(self, appointment: Appointment) -> None:
        content = ics.written([appointment], self._line, self._called)
        address = urljoin(self._url, f"{appointment.uid}.ics")
        async with self._client() as client:
            try:
                answer = await self._ask(
                    client, "PUT", address, content=content, headers={**TEXT, "If-None-Match": "*"}
                )
            except UnreachableError:
                if not await self._is_there(client, address):  # it may have been kept, and the answer lost
                    raise
                return
        self._expect(answer, 200, CREATED, 204)

    async def move(self, appointment: Appointment, moved: Appointment) -> None:
        async with self._client() as client:
            there = await self._ask(client, "GET", appointment.address)
            self._expect(there, 200)
            version = there.headers.get("ETag", "")
            if version != appointment.version:
                raise ChangedError("This appointment has been changed meanwhile, so nothing was done.")
            content = ics.with_times_of(moved, there.text)
            answer = await self._ask(
                client, "PUT", appointment.address, content=content, headers={**TEXT, "If-Match": version}
            )
        self._expect(answer, 200, CREATED, 204)

    async def remove(self, appointment: Appointment) -> None:
        async with self._client() as client:
            answer = await self._ask(client, "DELETE", appointment.address, headers={"If-Match": appointment.version})
        self._expect(answer, 200, 204)

    async def _report(self, begins: datetime, ends: datetime, more: str = "") -> list[Appointment]:
        query = QUERY.format(begins=_utc(begins), ends=_utc(ends), more=more)
        async with self._client() as client:
            answer = await self._ask(client, REPORT, self._url, content=query, headers=MARKUP)
        self._expect(answer, MULTI_STATUS)
        found = await asyncio.to_thread(self._read, answer.content, Interval(begins, ends))
        return sorted(found, key=lambda one: (one.begins.timestamp(), one.uid))

    def _read(self, content: bytes, within: Interval) -> list[Appointment]:
        try:
            parsed = ElementTree.fromstring(content)  # noqa: S314 - of the owner's server; expat expands no entities
            return [one for response in parsed.iter(f"{DAV}response") for one in self._of(response, within)]
        except (ElementTree.ParseError, ValueError, KeyError) as error:
            raise UnreachableError(f"The calendar sent something else: {type(error).__name__}") from error

    def _of(self, response: ElementTree.Element, within: Interval) -> list[Appointment]:
        address, data = response.findtext(f"{DAV}href", ""), response.find(f".//{CALDAV}calendar-data")
        if data is None or not data.text:
            return []
        version = response.findtext(f".//{DAV}getetag", "")
        return list(ics.read(data.text, self._line, self._zone, within, urljoin(self._url, address), version))

    async def _is_there(self, client: httpx2.AsyncClient, address: str) -> bool:
        return (await self._ask(client, "GET", address)).status_code == 200

    async def _ask(self, client: httpx2.AsyncClient, method: str, address: str, **what: Any) -> httpx2.Response:
        try:
            async with asyncio.timeout(self._timeout):
                answer = await client.request(method, address, **what)
        except (TimeoutError, httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise UnreachableError(f"The calendar cannot be reached: {type(error).__name__}") from error
        if len(answer.content) > LARGEST:
            raise UnreachableError("The calendar sent too much")
        return answer

    def _expect(self, answer: httpx2.Response, *expected: int) -> None:
        if answer.status_code in (PRECONDITION_FAILED, NOT_FOUND) and answer.request.method != REPORT:
            raise ChangedError("This appointment has been changed or cancelled meanwhile, so nothing was done.")
        if answer.is_client_error and answer.request.method not in READING:
            raise AppointmentError(f"The calendar refused it with status {answer.status_code}, so nothing was done.")
        if answer.status_code not in expected:
            raise UnreachableError(f"The calendar answered {answer.status_code}")

    @asynccontextmanager
    async def _client(self) -> AsyncIterator[httpx2.AsyncClient]:
        async with httpx2.AsyncClient(auth=self._login, timeout=self._timeout, verify=await authorities()) as client:
            yield client


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"
