"""The feed of appointments: a calendar for whoever knows the address, and nothing for anybody else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from icalendar import Calendar
from pydantic import SecretStr

from agent.appointments.appointment import Appointment
from agent.appointments.embedded import Embedded, store_of
from agent.lines.folder import LinesFolder
from agent.storage import private_files
from agent.worker import calendar_feed, http
from tests.support.lines import make_folder, write_settings
from tests.unit.agent.fakes import host

if TYPE_CHECKING:
    from pathlib import Path

FEED = "a-secret-of-thirty-two-characters"
HAIRCUT = {"called": "a haircut", "length": 30}


@pytest.fixture
def lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LinesFolder:
    monkeypatch.setattr(private_files, "DATA", tmp_path / "data")
    week = {"monday": ["09:00-18:00"]}
    write_settings(
        make_folder(tmp_path / "lines/coffee"), appointments={"haircut": HAIRCUT}, hours=week, calendar={"feed": "FEED"}
    )
    write_settings(make_folder(tmp_path / "lines/dentist"), numbers=["+12025550101"])
    return LinesFolder(tmp_path / "lines", {"FEED": SecretStr(FEED)}, tmp_path / "kept")


async def get(lines: LinesFolder, path: str) -> tuple[int, str, str]:
    app = aiohttp.web.Application()
    app.add_routes(calendar_feed.routes(host(), lines))
    async with TestServer(app) as server, aiohttp.ClientSession() as client, client.get(server.make_url(path)) as got:
        return got.status, got.headers.get("Content-Type", ""), await got.text()


async def test_whoever_knows_the_address_reads_the_appointments(lines: LinesFolder) -> None:
    begins = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    its = Appointment(
        "haircut", begins, begins + timedelta(minutes=30), "Anna Meier", "+493012345", "short; please, soon"
    )
    await Embedded(store_of("coffee", private_files.DATA), "UTC").add(its)
    status, kind, text = await get(lines, f"/calendars/{FEED}.ics")
    assert (status, kind) == (200, "text/calendar; charset=utf-8")
    event: Any
    [event] = Calendar.from_ical(text).walk("VEVENT")
    assert str(event["SUMMARY"]) == "a haircut: Anna Meier"
    assert event["DTSTART"].dt == begins
    assert str(event["UID"]) == its.uid
    assert "short; please, soon" in str(event["DESCRIPTION"])


async def test_an_empty_feed_is_a_calendar_too(lines: LinesFolder) -> None:
    status, _, text = await get(lines, f"/calendars/{FEED}.ics")
    assert (status, Calendar.from_ical(text).walk("VEVENT")) == (200, [])


@pytest.mark.parametrize(
    "path", ["/calendars/coffee.ics", f"/calendars/{FEED}x.ics", "/calendars/.ics", "/calendars/é.ics"]
)
async def test_another_address_has_nothing(lines: LinesFolder, path: str) -> None:
    assert (await get(lines, path))[0] == 404


async def test_a_secret_that_two_lines_share_opens_neither(
    lines: LinesFolder, caplog: pytest.LogCaptureFixture
) -> None:
    write_settings(lines.path / "dentist", numbers=["+12025550101"], calendar={"feed": "FEED"})
    assert (await get(lines, f"/calendars/{FEED}.ics"))[0] == 404
    assert "The lines coffee and dentist have the same feed" in caplog.text
    assert FEED not in caplog.text


def test_without_a_feed_there_is_no_route_and_the_worker_has_this_one(lines: LinesFolder) -> None:
    write_settings(lines.path / "coffee", calendar={"feed": None})
    assert calendar_feed.routes(host(), lines) == []
    assert calendar_feed.routes in http.ROUTES
