"""The desk's view of appointments: shown, moved and cancelled by the same rules as on the phone, on both backends."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import aiohttp
import pytest
from aiohttp import web
from livekit import api
from pydantic import SecretStr

from agent.appointments.appointment import Appointment, UnknownError
from agent.appointments.desk import Desk, new_desk
from agent.lines.folder import LinesFolder
from agent.storage import private_files
from agent.worker import desk_appointments, http
from tests.support.lines import make_folder, write_settings
from tests.support.radicale import PASSWORD, USER, put_event, radicale
from tests.support.radicale import make_calendar as made_calendar
from tests.unit.agent.appointments import calendars
from tests.unit.agent.fakes import host
from tests.unit.agent.worker.test_calls_endpoint import in_pieces

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

pytestmark = pytest.mark.real_time
BERLIN = ZoneInfo("Europe/Berlin")
SECRET = "a-secret-of-thirty-two-characters"
SETTINGS = host(livekit_api_key="key", livekit_api_secret=SECRET)
MONDAY = datetime.now(BERLIN).date() + timedelta(days=14 - datetime.now(BERLIN).weekday())


def token(identity: str = "desk", secret: str = SECRET) -> str:
    return api.AccessToken("key", secret).with_identity(identity).to_jwt()


def at(clock: str, day: date = MONDAY) -> datetime:
    return datetime.fromisoformat(f"{day.isoformat()}T{clock}").replace(tzinfo=BERLIN)


@dataclass
class Salon:
    lines: LinesFolder
    url: str  # of the endpoints
    calendar: str  # "" if the appointments are kept on this host

    async def ask(self, method: str, path: str, *, right: str = "", **more: Any) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {right or token()}"}
        address = f"{self.url}/desk/appointments{path}"
        async with aiohttp.ClientSession() as client, client.request(method, address, headers=headers, **more) as got:
            return got.status, await got.json()

    async def book(self, clock: str, name: str = "Anna", kind: str = "haircut", number: str = "+493012345") -> None:
        desk = new_desk(self.lines.read("coffee"), private_files.DATA)
        length = timedelta(minutes=desk.kind(kind).length)
        await desk.book(Appointment(kind, at(clock), at(clock) + length, name, number, "<b>"), datetime.now(BERLIN))

    async def week(self) -> list[dict[str, Any]]:
        status, got = await self.ask(
            "GET", "/coffee", params={"from": MONDAY.isoformat(), "to": (MONDAY + timedelta(days=7)).isoformat()}
        )
        assert status == 200, got
        return list(got["appointments"])

    async def change(self, verb: str, its: dict[str, Any], **more: str) -> tuple[int, Any]:
        body = {name: its[name] for name in ("uid", "begins", "version")} | more
        return await self.ask("POST", f"/coffee/{verb}", json=body)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with radicale(tmp_path_factory.mktemp("radicale")) as address:
        yield address


@asynccontextmanager
async def serving(lines: LinesFolder, calendar: str = "") -> AsyncIterator[Salon]:
    app = web.Application()
    app.add_routes(desk_appointments.routes(SETTINGS, lines))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield Salon(lines, f"http://127.0.0.1:{runner.addresses[0][1]}", calendar)
    finally:
        await runner.cleanup()


@pytest.fixture(params=["embedded", "caldav"])
async def salon(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Salon]:
    monkeypatch.setattr(private_files, "DATA", tmp_path / "data")
    calendar, more, secrets = "", {}, {}
    if request.param == "caldav":
        calendar = made_calendar(request.getfixturevalue("root"), f"salon-{tmp_path.name}")
        more = {"calendar": {"url": "URL", "username": USER, "password": "PASSWORD"}}
        secrets = {"URL": SecretStr(calendar), "PASSWORD": SecretStr(PASSWORD)}
    settings = {"timezone": "Europe/Berlin", "hours": calendars.WEEK, "appointments": calendars.KINDS}
    write_settings(make_folder(tmp_path / "lines/coffee"), **settings, **more)
    write_settings(make_folder(tmp_path / "lines/dentist"), numbers=["+12025550101"])
    async with serving(LinesFolder(tmp_path / "lines", secrets, tmp_path / "kept"), calendar) as one:
        yield one


async def test_a_week_is_shown_in_the_lines_time_zone(salon: Salon) -> None:
    await salon.book("10:00")
    await salon.book("09:30", "Bert")
    first, second = await salon.week()
    assert (first["name"], first["begins"], first["called"]) == ("Bert", at("09:30").isoformat(), "a haircut")
    assert (second["name"], second["number"], second["note"], second["ours"]) == ("Anna", "+493012345", "<b>", True)


@pytest.mark.parametrize("salon", ["caldav"], indirect=True)
async def test_the_owners_own_entries_are_shown_and_left_alone(salon: Salon) -> None:
    begins = at("11:00").astimezone(ZoneInfo("UTC"))
    put_event(salon.calendar, "own", f"DTSTART:{begins:%Y%m%dT%H%M%SZ}", "DURATION:PT1H", "SUMMARY:My dentist")
    [its] = await salon.week()
    assert (its["ours"], its["kind"], its["number"]) == (False, "", "")
    status, answer = await salon.change("cancel", its)
    assert (status, answer["reason"]) == (422, "refused")
    assert len(await salon.week()) == 1


async def test_the_lines_are_named_with_their_kinds(salon: Salon) -> None:
    status, got = await salon.ask("GET", "")
    assert status == 200
    coffee, dentist = got["lines"]
    assert [kind["name"] for kind in coffee["kinds"]] == ["haircut", "colour", "table"]
    assert coffee["elsewhere"] is bool(salon.calendar)
    assert (dentist["line"], dentist["kinds"]) == ("dentist", [])


async def test_a_line_without_appointments_says_so(salon: Salon) -> None:
    params = {"from": MONDAY.isoformat(), "to": (MONDAY + timedelta(days=1)).isoformat()}
    status, got = await salon.ask("GET", "/dentist", params=params)
    assert (status, got["reason"]) == (404, "none")
    assert got["error"] == "The line dentist has no appointments: its line.toml names no kind of them."
    status, got = await salon.ask("GET", "/tea", params=params)
    assert (status, got["reason"]) == (404, "line")


async def test_free_times_leave_out_what_is_taken_but_not_the_place_of_the_one_that_is_moved(salon: Salon) -> None:
    await salon.book("14:30", kind="colour")  # until 16:00, and the place until 16:30
    await salon.book("14:30", "Bert", kind="colour", number="+493067890")
    _, got = await salon.ask("GET", "/coffee/free", params={"kind": "haircut", "day": MONDAY.isoformat()})
    assert [it[11:16] for it in got["free"][-4:]] == ["14:00", "16:30", "17:00", "17:30"]
    its = next(one for one in await salon.week() if one["name"] == "Anna")
    asked = {name: its[name] for name in ("uid", "begins", "version")} | {"day": MONDAY.isoformat()}
    _, got = await salon.ask("GET", "/coffee/free", params=asked)
    afternoon = ["14:00", "15:00", "15:30", "16:00", "16:30"]
    assert [it[11:16] for it in got["free"]] == ["09:00", "09:30", "10:00", "10:30", *afternoon]
    assert (got["kind"], got["called"]) == ("colour", "colour")


async def test_one_is_moved_to_a_time_that_was_typed(salon: Salon) -> None:
    await salon.book("10:00")
    [its] = await salon.week()
    status, got = await salon.change("move", its, to=f"{MONDAY.isoformat()}T14:30")
    assert (status, got["appointment"]["begins"]) == (200, at("14:30").isoformat())
    [moved] = await salon.week()
    assert (moved["begins"], moved["ends"]) == (at("14:30").isoformat(), at("15:00").isoformat())


@pytest.mark.parametrize(
    ("clock", "days", "status", "said"),
    [
        ("12:30", 0, 422, "the hours of that day are 09:00-12:00, 14:00-18:00"),
        ("10:10", 0, 422, "every 30 minutes"),
        ("10:00", 6, 422, "closed on that day"),
        ("10:00", 200, 422, "up to 60 days"),
        ("10:00", -30, 422, "over already"),
        ("11:00", 0, 409, "Somebody else has taken this time"),
    ],
)
async def test_what_a_caller_could_not_have_is_refused_with_the_reason(
    salon: Salon, clock: str, days: int, status: int, said: str
) -> None:
    await salon.book("10:00")
    for name in ("Bert", "Carla"):
        await salon.book("11:00", name, number="+493067890")
    its = next(one for one in await salon.week() if one["name"] == "Anna")
    found, answer = await salon.change("move", its, to=at(clock, MONDAY + timedelta(days=days)).isoformat())
    assert found == status, answer
    assert said in answer["error"]
    assert its in await salon.week()


async def test_one_is_cancelled(salon: Salon) -> None:
    await salon.book("10:00")
    [its] = await salon.week()
    status, got = await salon.change("cancel", its)
    assert (status, got["cancelled"]["name"]) == (200, "Anna")
    assert await salon.week() == []


async def test_of_two_people_the_second_is_told(salon: Salon) -> None:
    await salon.book("10:00")
    [its] = await salon.week()
    moves = [salon.change("move", its, to=at(clock).isoformat()) for clock in ("14:00", "15:00")]
    answers = await asyncio.gather(*moves)
    assert sorted(status for status, _ in answers) == [200, 409]
    assert next(got["reason"] for status, got in answers if status == 409) == "changed"
    status, got = await salon.change("cancel", its)
    assert (status, got["reason"]) == (409, "changed")
    assert len(await salon.week()) == 1


async def test_what_begins_soon_is_left_as_it_is(salon: Salon) -> None:
    await salon.book("10:00")
    write_settings(salon.lines.path / "coffee", appointments={"haircut": {"length": 30, "notice": 30_000}})
    [its] = await salon.week()
    for verb, more in (("cancel", {}), ("move", {"to": at("14:00").isoformat()})):
        status, answer = await salon.change(verb, its, **more)
        assert status == 422
        assert answer["error"].startswith("It is too late to change this appointment: that is possible up to 30000")


async def test_a_calendar_that_cannot_be_used_is_said(salon: Salon, monkeypatch: pytest.MonkeyPatch) -> None:
    if salon.calendar:
        broken = {"URL": SecretStr("http://127.0.0.1:9/"), "PASSWORD": SecretStr(PASSWORD)}
        monkeypatch.setattr(salon.lines, "_secrets", broken)
    else:
        private_files.DATA.mkdir(exist_ok=True)
        (private_files.DATA / "appointments").write_text("this is no folder")
    params = {"from": MONDAY.isoformat(), "to": (MONDAY + timedelta(days=1)).isoformat()}
    status, answer = await salon.ask("GET", "/coffee", params=params)
    assert (status, answer["reason"]) == (503, "unreachable")
    assert answer["error"].startswith("The calendar cannot be ")


async def test_a_change_of_which_nobody_knows_whether_it_was_done_is_said_to_be_that(
    salon: Salon, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stop(*_: object) -> None:
        raise UnknownError("For the model: tell the caller so.")

    await salon.book("10:00")
    [its] = await salon.week()
    monkeypatch.setattr(Desk, "cancel", stop)
    status, answer = await salon.change("cancel", its)
    assert (status, answer["reason"]) == (503, "unknown")
    assert answer["error"].endswith("it is not known whether it was done. Look again.")


@pytest.mark.parametrize(
    ("verb", "body", "status", "said"),
    [
        ("move", b"{", 400, "The body is not JSON."),
        ("move", b"[" * 5000, 400, "The body is not JSON."),
        ("move", b" " * 20_000, 413, "The body has more than 16384 bytes."),
        ("move", b"{}", 400, "uid: Field required."),
        ("cancel", b'{"uid": 3, "begins": "x"}', 400, "uid: Input should be a valid string."),
        ("cancel", b'{"uid": "3", "begins": "x"}', 400, "A time should be like 2026-11-30T09:30."),
        ("cancel", b'{"uid": "3", "begins": "9999-12-31T23:59-12:00"}', 400, "The year should be from 2000 to 2199."),
        ("cancel", b'{"uid": "3", "begins": "2026-11-30T09:30"}', 409, "This appointment has been changed"),
    ],
)
async def test_what_is_not_right_is_refused_in_a_sentence(
    salon: Salon, verb: str, body: bytes, status: int, said: str
) -> None:
    found, answer = await salon.ask("POST", f"/coffee/{verb}", data=body)
    assert found == status
    assert answer["error"].startswith(said)


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("/coffee", {}),
        ("/coffee", {"from": "today", "to": "tomorrow"}),
        ("/coffee", {"from": "2026-11-30", "to": "2026-11-30"}),
        ("/coffee", {"from": "2026-11-30", "to": "2027-11-30"}),
        ("/coffee", {"from": "9999-12-30", "to": "9999-12-31"}),
        ("/coffee/free", {"kind": "haircut", "day": "monday"}),
        ("/coffee/free", {"kind": "haircut", "day": "0001-01-01"}),
        ("/coffee/free", {"kind": "haircut"}),
        ("/coffee/free", {"uid": "x" * 1001, "begins": "2026-11-30T09:30", "day": "2026-11-30"}),
    ],
)
async def test_an_address_that_asks_for_no_time_is_refused(salon: Salon, path: str, params: dict[str, str]) -> None:
    status, answer = await salon.ask("GET", path, params=params)
    assert (status, answer["reason"]) == (400, "request")


async def test_a_kind_that_the_line_does_not_have_has_no_free_times(salon: Salon) -> None:
    status, answer = await salon.ask("GET", "/coffee/free", params={"kind": "shave", "day": MONDAY.isoformat()})
    assert (status, answer["error"]) == (
        422,
        "There is no kind 'shave'. The kinds are: haircut, colour, table.",
    )


async def test_nobody_but_the_desk_is_answered(salon: Salon) -> None:
    await salon.book("10:00")
    [its] = await salon.week()
    body = {name: its[name] for name in ("uid", "begins", "version")}
    for right in ("none", token("browser-0123456789abcdef"), token(secret="another-secret-of-thirty-two-chars")):
        for method, path in (("GET", ""), ("GET", "/coffee"), ("GET", "/coffee/free"), ("POST", "/coffee/cancel")):
            status, answer = await salon.ask(method, path, right=right, json=body)
            assert (status, list(answer)) == (401, ["error"])
    assert len(await salon.week()) == 1


def test_the_worker_has_these_endpoints() -> None:
    assert desk_appointments.routes in http.ROUTES


@pytest.mark.parametrize("salon", ["embedded"], indirect=True)
async def test_a_body_that_comes_in_pieces_is_read_to_its_end(salon: Salon) -> None:
    await salon.book("10:00")
    [its] = await salon.week()
    status, answer = await salon.ask(
        "POST", "/coffee/cancel", data=in_pieces({name: its[name] for name in ("uid", "begins", "version")})
    )
    assert status == 200, answer
