"""The pages of the appointments, as operators use them, with the agent's own endpoints and a real calendar."""

from __future__ import annotations

import asyncio
import html
import re
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from agent.appointments.appointment import Appointment
from agent.appointments.embedded import Embedded, store_of
from agent.storage import private_files
from tests.support.lines import make_folder, write_settings
from tests.unit.desk.agent import agent_of, settings_with
from tests.unit.desk.conftest import Visitor
from tests.unit.desk.payloads import PAYLOADS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from starlette.applications import Starlette

    from desk.settings import Settings

BERLIN = ZoneInfo("Europe/Berlin")
TODAY = datetime.now(BERLIN).date()
MONDAY = TODAY + timedelta(days=14 - TODAY.weekday())  # of the week after the next one
WEEK = {day: ["09:00-12:00", "14:00-18:00"] for day in ("monday", "tuesday", "wednesday", "thursday", "friday")}
HAIRCUT = {"called": "a haircut", "length": 30, "notice": 0}


@pytest.fixture
def lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(private_files, "DATA", tmp_path / "data")
    settings = {"timezone": "Europe/Berlin", "hours": WEEK, "appointments": {"haircut": HAIRCUT}}
    write_settings(make_folder(tmp_path / "lines/coffee"))
    write_settings(make_folder(tmp_path / "lines/salon"), numbers=["+12025550101"], **settings)
    return tmp_path / "lines"


@pytest.fixture
def settings(lines: Path, tmp_path: Path) -> Iterator[Settings]:
    with agent_of(lines, tmp_path / "kept") as url:
        yield settings_with(url, lines)


def at(clock: str, day: date = MONDAY) -> datetime:
    return datetime.fromisoformat(f"{day.isoformat()}T{clock}").replace(tzinfo=BERLIN)


def store() -> Embedded:
    return Embedded(store_of("salon", private_files.DATA), "Europe/Berlin")


def book(clock: str, name: str = "Anna", note: str = "") -> str:
    """Put an appointment into the calendar, and return the address of its page."""
    begins = at(clock)
    its = Appointment("haircut", begins, begins + timedelta(minutes=30), name, "+493012345", note)
    asyncio.run(store().add(its))
    return address(its.uid, begins)


def address(uid: str, begins: datetime) -> str:
    return f"/appointments/salon/one?uid={uid}&begins={begins.isoformat().replace('+', '%2B').replace(':', '%3A')}"


def kept() -> list[tuple[str, str]]:
    """The name and the time of each appointment."""
    there = asyncio.run(store().between(at("00:00") - timedelta(days=60), at("00:00") + timedelta(days=60)))
    return [(its.name, f"{its.begins:%Y-%m-%d %H:%M}") for its in there]


def form_of(page: str) -> dict[str, str]:
    """The hidden fields of the forms on a page, as a browser sends them."""
    found = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', page)
    return {name: html.unescape(value) for name, value in found}


def alert(page: str) -> str:
    found = re.search(r'role="alert">([^<]*)<', page)
    return html.unescape(found[1]) if found else ""


def week(operator: Visitor, day: date = MONDAY, line: str = "salon") -> str:
    answer = operator.get(f"/appointments?line={line}&week={day.isoformat()}")
    assert answer.status_code == 200, answer.text
    return answer.text


def test_a_week_is_a_table_with_a_list_of_the_same_for_small_screens(operator: Visitor) -> None:
    where = book("09:30")
    page = week(operator, MONDAY + timedelta(days=3))
    table, days = re.search(r"<table.*</table>", page, re.DOTALL), re.search(r"<ol.*</ol>", page, re.DOTALL)
    assert table
    assert days
    for part in (table[0], days[0]):
        assert f'href="{html.escape(where)}"' in part
        assert "<strong>Anna</strong>" in part
        assert "09:30\N{EN DASH}10:00" in part
    assert table[0].count('<th scope="col"') == 8
    assert '<th scope="row" class="number">09:00</th>' in table[0]
    assert "1 appointment. Times are those of Europe/Berlin." in page
    assert 'aria-current="date"' not in page


def test_today_is_marked_in_the_week_that_is_shown_first(operator: Visitor) -> None:
    page = operator.get("/appointments").text  # of the first line that has appointments
    assert page.count('aria-current="date"') == 2
    assert f"{TODAY:%a} {TODAY.day} {TODAY:%b}" in page
    assert "No appointments." in page


def test_weeks_follow_each_other(operator: Visitor) -> None:
    book("09:30")
    before = week(operator, MONDAY - timedelta(days=7))
    assert "<strong>Anna" not in before
    following = re.search(r'href="([^"]*)">Next week', before)
    assert following
    page = operator.get(html.unescape(following[1])).text
    assert "<strong>Anna" in page
    previous = re.search(r'href="([^"]*)">Previous week', page)
    assert previous
    assert operator.get(html.unescape(previous[1])).text == before


def test_a_day_off_says_so(operator: Visitor, lines: Path) -> None:
    write_settings(lines / "salon", hours={"days_off": [MONDAY.isoformat()]})
    assert week(operator).count('<span class="closed">day off</span>') == 2


def test_a_host_without_appointments_says_how_a_line_takes_them(operator: Visitor, lines: Path) -> None:
    write_settings(lines / "salon", appointments=None)
    assert "No line has appointments" in operator.get("/appointments").text


def test_a_line_without_appointments_says_so(operator: Visitor) -> None:
    answer = operator.get("/appointments?line=coffee")
    assert answer.status_code == 404
    assert alert(answer.text) == "The line coffee has no appointments: its line.toml names no kind of them."


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/appointments?line=tea", 404, "There is no line 'tea'; this host's lines are: coffee, salon."),
        ("/appointments?line=../calls", 404, "There is no line '../calls'."),
        ("/appointments?line=..", 404, "There is no line '..'."),
        ("/appointments?line=salon&week=soon", 400, "The address has no date such as 2026-11-30."),
        ("/appointments?line=salon&week=0001-01-01", 400, "There is no calendar for that year."),
        ("/appointments?line=salon&week=9999-12-31", 400, "There is no calendar for that year."),
        ("/appointments/salon/one", 400, "The address names no appointment. Choose one in the calendar."),
        ("/appointments/salon/one?uid=a&begins=soon", 400, "The address names no appointment."),
        ("/appointments/%2e%2e/one?uid=a&begins=2026-11-30", 404, "There is no line '..'."),
        ("/appointments/salon/one?uid=a&begins=0001-01-01", 400, "The address names no appointment."),
        ("/appointments/salon/one?uid=a&begins=9999-12-31T23:59:30", 400, "The address names no appointment."),
        ("/appointments/salon/one?uid=a&begins=2026-11-30T09:30", 409, "This appointment is not there any more"),
    ],
)
def test_an_address_that_leads_nowhere_says_why(operator: Visitor, path: str, status: int, said: str) -> None:
    answer = operator.get(path)
    assert answer.status_code == status
    assert alert(answer.text).startswith(said)


def test_one_appointment_is_shown_with_the_times_to_which_it_can_be_moved(operator: Visitor) -> None:
    where = book("09:30", note="short, please")
    book("10:30", "Bert")
    page = operator.get(where).text
    for said in ("Anna", "a haircut", "+493012345", "short, please", f"{MONDAY:%A} {MONDAY.day}"):
        assert said in page
    free = re.findall(r'name="to" value="[^"]*T(\d\d:\d\d):00', page)
    assert free[:4] == ["09:00", "10:00", "11:00", "11:30"]
    assert operator.get(f"{where}&day={MONDAY + timedelta(days=5)}").text.count("Nothing is free on Saturday") == 1


def test_it_is_moved_to_a_time_that_was_chosen_and_to_one_that_was_typed(operator: Visitor) -> None:
    where = book("09:30")
    form = form_of(operator.get(where).text)
    leads = operator.submit("/appointments/salon/one/move", **form, to=at("14:00").isoformat())
    page = operator.get(leads).text
    assert "The appointment is moved." in page
    assert kept() == [("Anna", f"{MONDAY} 14:00")]
    tuesday = MONDAY + timedelta(days=1)
    operator.submit("/appointments/salon/one/move", **form_of(page), to=f"{tuesday}T16:30")
    assert kept() == [("Anna", f"{tuesday} 16:30")]


@pytest.mark.parametrize(
    ("to", "status", "said"),
    [
        (f"{MONDAY}T10:30", 409, "Somebody else has taken this time, so nothing was done."),
        (f"{MONDAY}T12:30", 422, "It cannot be had at that time: the hours of that day are 09:00-12:00, 14:00-18:00."),
        (f"{MONDAY}T10:10", 422, "It can begin every 30 minutes from the opening on, and not in between."),
        (f"{MONDAY + timedelta(days=5)}T10:00", 422, "It cannot be had at that time: closed on that day."),
        ("2020-01-01T10:00", 422, "That time is over already."),
        ("tomorrow", 400, "A time should be like 2026-11-30T09:30."),
        ("", 400, "Choose a time, or type one."),
    ],
)
def test_what_the_agent_refuses_is_said_above_the_same_form(operator: Visitor, to: str, status: int, said: str) -> None:
    where = book("09:30")
    book("10:30", "Bert")
    page = operator.get(where).text
    answer = operator.post(
        "/appointments/salon/one/move", data={**form_of(page), "to": to, "csrf_token": operator.token}
    )
    assert (answer.status_code, alert(answer.text)) == (status, said)
    assert form_of(answer.text) == form_of(page)
    assert kept() == [("Anna", f"{MONDAY} 09:30"), ("Bert", f"{MONDAY} 10:30")]


def test_it_is_cancelled_after_the_operator_was_asked(operator: Visitor) -> None:
    where = book("09:30")
    question = operator.get(where.replace("/one?", "/one/cancel?")).text
    assert "Cancel this appointment?" in question
    assert len(kept()) == 1
    leads = operator.submit("/appointments/salon/one/cancel", **form_of(question))
    page = operator.get(leads).text
    assert "The appointment is cancelled." in page
    assert f'name="week" value="{MONDAY}"' in page or "No appointments." in page
    assert kept() == []


def test_of_two_operators_the_second_is_told(app: Starlette, operator: Visitor) -> None:
    where = book("09:30")
    with Visitor(app) as other:
        other.sign_in()
        theirs, cancels = (
            form_of(other.get(where).text),
            form_of(other.get(where.replace("/one?", "/one/cancel?")).text),
        )
        operator.submit("/appointments/salon/one/move", **form_of(operator.get(where).text), to=f"{MONDAY}T14:00")
        for verb, form in (("move", {**theirs, "to": f"{MONDAY}T15:00"}), ("cancel", cancels)):
            answer = other.post(f"/appointments/salon/one/{verb}", data={**form, "csrf_token": other.token})
            assert answer.status_code == 409
            assert alert(answer.text).startswith("This appointment is not there any more: somebody has moved or")
    assert kept() == [("Anna", f"{MONDAY} 14:00")]


def test_what_begins_soon_is_left_as_it_is(operator: Visitor, lines: Path) -> None:
    where = book("09:30")
    write_settings(lines / "salon", appointments={"haircut": {**HAIRCUT, "notice": 43_200}})
    answer = operator.post(
        "/appointments/salon/one/cancel", data={**form_of(operator.get(where).text), "csrf_token": operator.token}
    )
    assert answer.status_code == 422
    assert alert(answer.text).startswith("It is too late to change this appointment")
    assert len(kept()) == 1


def test_without_the_token_of_the_page_nothing_is_changed(operator: Visitor) -> None:
    form = form_of(operator.get(book("09:30")).text) | {"csrf_token": "0" * 64, "to": f"{MONDAY}T14:00"}
    for verb in ("move", "cancel"):
        assert operator.post(f"/appointments/salon/one/{verb}", data=form).status_code == 403
    assert kept() == [("Anna", f"{MONDAY} 09:30")]


def test_a_stranger_sees_nothing(visitor: Visitor) -> None:
    where = book("09:30")
    for path in ("/appointments", where, where.replace("/one?", "/one/cancel?")):
        assert visitor.get(path).status_code == 401


def test_a_calendar_that_cannot_be_used_is_said(operator: Visitor) -> None:
    where = book("09:30")
    store_of("salon", private_files.DATA).write_bytes(b"this is no database, whatever its name says")
    for path in (where, "/appointments?line=salon"):
        answer = operator.get(path)
        assert answer.status_code == 503
        assert alert(answer.text).startswith("The calendar cannot be used")


def test_an_agent_that_does_not_answer_is_said(app: Any, operator: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    away = app.state.desk.settings.model_copy(update={"agent_url": "http://127.0.0.1:9"})
    monkeypatch.setattr(app.state.desk.agent, "_settings", away)
    answer = operator.get("/appointments")
    assert answer.status_code == 503
    assert alert(answer.text).startswith("The agent does not answer")


@pytest.mark.parametrize("payload", PAYLOADS)
def test_what_a_caller_has_said_is_text(operator: Visitor, payload: str) -> None:
    where = book("09:30", payload, note=payload)
    for page in (week(operator), operator.get(where).text, operator.get(where.replace("/one?", "/one/cancel?")).text):
        assert html.escape(payload, quote=True).replace("&#x27;", "&#39;").replace("&quot;", "&#34;") in page
        assert re.findall(r"<script[^>]*>", page) == []
