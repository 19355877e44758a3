"""The desk's messages and appointments in a real browser: what a caller has left, and what they have booked."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from tests.stack.desk import DeskOf
from tests.support.browser import Browser, axe
from tests.unit.desk.payloads import PAYLOADS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.stack.line import Line

BERLIN = ZoneInfo("Europe/Berlin")
TODAY = datetime.now(BERLIN).date()
MONDAY = TODAY + timedelta(days=7 - TODAY.weekday())  # of the next week
NUMBER, BLOCKED = "+12025550177", "+12025550178"
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")
ALWAYS = {"quiet_from": "00:00", "quiet_until": "00:00", "quiet_days": [], "calls_per_number": 10}
SALON: dict[str, Any] = {
    "timezone": "Europe/Berlin",
    "hours": {day: ["09:00-12:00", "14:00-18:00"] for day in WEEKDAYS},
    "appointments": {"visit": {"called": "a visit", "length": 30, "notice": 0}},
    "outbound": {**ALWAYS, "enabled": True},
}
STORE = """
import asyncio
from datetime import datetime, UTC
from agent.appointments.appointment import Appointment
from agent.appointments.embedded import Embedded, store_of
store = Embedded(store_of("coffee"), "Europe/Berlin")
"""
ALL = f"{STORE}there = asyncio.run(store.between(datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)))\n"
READ = f"{ALL}import json\nprint(json.dumps([[one.name, one.begins.isoformat()[:16]] for one in there]))"
EMPTY = f"{ALL}for one in there:\n    asyncio.run(store.remove(one))\n"


@dataclass
class Office:
    """The line with its desk, and what the tests have put there."""

    line: Line
    desk: DeskOf
    browser: Browser

    def run(self, code: str, *arguments: str) -> str:
        """What this Python prints in the agent's container."""
        return self.line.compose("exec", "-T", "agent", "python", "-c", code, *arguments)

    def do_not_call(self, verb: str, number: str) -> None:
        """Change the line's do-not-call list, as the owner does."""
        command = ["python", "-m", "agent.outbound.do_not_call", "coffee", verb, number]
        self.line.compose("exec", "-T", "agent", *command)

    @contextmanager
    def messages(self, *messages: dict[str, Any]) -> Iterator[list[str]]:
        """Leave messages as the agent does, the first one last; yields their folders below /data."""
        left: dict[str, bytes] = {}
        for which, message in enumerate(messages):
            at = datetime.now(UTC) - timedelta(minutes=which + 1)
            folder = f"calls/coffee/{at:%Y-%m-%d}/{at:%H%M%S}-{which:06x}-message-1"
            usual = {"who": "Anna", "number": NUMBER, "about": "The oven is broken.", "urgent": False}
            left[f"{folder}/message.json"] = json.dumps({**usual, "at": at.isoformat(), **message}).encode()
        self.desk.put(left)
        folders = [name.removesuffix("/message.json") for name in left]
        try:
            yield folders
        finally:
            self.desk.remove(*folders)

    def files(self, folder: str) -> list[str]:
        """What is in a folder below /data; nothing if it is not there."""
        code = (
            "import os, sys\nit = '/data/' + sys.argv[1]\nprint(*(sorted(os.listdir(it)) if os.path.isdir(it) else []))"
        )
        return self.run(code, folder).split()

    def book(self, name: str, clock: str, day: date = MONDAY) -> None:
        begins = datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=BERLIN).timestamp()
        times = ", ".join(f"datetime.fromtimestamp({moment}, UTC)" for moment in (begins, begins + 1800))
        self.run(f"{STORE}asyncio.run(store.add(Appointment('visit', {times}, {name!r}, '{NUMBER}', 'a <b>note</b>')))")

    def booked(self) -> list[list[str]]:
        """The name and the time of each appointment."""
        booked: list[list[str]] = json.loads(self.run(READ))
        return booked

    def operator(self, *, color: Any = "light", width: int = 1280) -> Page:
        """The page of somebody who has signed in; a script that runs in it fails the test."""
        page = self.browser.page(color=color, width=width)
        page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
        self.desk.sign_in(page)
        return page

    def week(self, page: Page, day: date = MONDAY) -> None:
        page.goto(f"{self.desk.url}/appointments?line=coffee&week={day}")


@pytest.fixture(scope="module")
def office(line: Line) -> Iterator[Office]:
    settings = line.words / "line.toml"
    before = settings.read_text()
    line.change(**SALON)
    try:
        with Browser.started() as browser:
            office = Office(line, DeskOf(line), browser)
            yield office
            office.run(EMPTY)
            office.do_not_call("remove", BLOCKED)
    finally:
        settings.write_text(before)


@pytest.fixture
def calendar(office: Office) -> Iterator[Office]:
    """An empty one."""
    office.run(EMPTY)
    yield office
    office.run(EMPTY)


def fits(page: Page) -> bool:
    """Whether nothing has to be scrolled sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


def test_messages_are_read_marked_done_and_undone_by_keyboard(office: Office) -> None:
    with office.messages({"urgent": True}, {"who": "Bert", "number": "", "about": "It is about the invoice."}) as left:
        page = office.operator()
        page.goto(f"{office.desk.url}/messages")
        first = page.get_by_role("listitem").filter(has=page.get_by_role("heading", name="Anna"))
        expect(first).to_contain_text("The oven is broken.")
        expect(first).to_contain_text("urgent")
        expect(first).to_contain_text(NUMBER)
        expect(first).to_contain_text(f"{datetime.now(BERLIN) - timedelta(minutes=1):%Y, %H:}")
        expect(page.get_by_role("link", name="Call back Bert")).to_have_count(0)
        assert axe(page) == []
        first.get_by_role("button", name="Mark done").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("status")).to_contain_text("marked done")
        expect(page.get_by_role("heading", name="Anna")).to_have_count(0)
        assert office.files(left[0]) == ["done", "message.json"]
        page.get_by_role("button", name="Undo").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Anna")).to_be_visible()
        assert office.files(left[0]) == ["message.json"]


@pytest.mark.slow
@pytest.mark.parametrize("color", ["light", "dark"])
def test_pages_are_right_for_a_phone_in_light_and_dark(calendar: Office, color: str) -> None:
    calendar.book("Anna", "09:30")
    with calendar.messages({"about": "A long word: " + "x" * 200}):
        page = calendar.operator(color=color, width=390)
        page.goto(f"{calendar.desk.url}/messages")
        assert (axe(page), fits(page)) == ([], True)
        page.get_by_role("link", name="Call back").click()
        expect(page.get_by_label("Ask for")).to_be_visible()
        assert (axe(page), fits(page)) == ([], True)
        calendar.week(page)
        expect(page.get_by_role("table")).to_have_count(0)
        expect(page.get_by_role("listitem").filter(has_text=f"{MONDAY:%a} {MONDAY.day}")).to_contain_text("Anna")
        assert (axe(page), fits(page)) == ([], True)
        page.get_by_role("link", name="Anna").click()
        assert (axe(page), fits(page)) == ([], True)
        page.get_by_role("link", name="Cancel it").click()
        assert (axe(page), fits(page)) == ([], True)


@pytest.mark.slow
def test_a_message_that_is_deleted_while_it_is_looked_at_is_said_and_stays_deleted(office: Office) -> None:
    with office.messages({}) as left:
        page = office.operator()
        page.goto(f"{office.desk.url}/messages")
        office.desk.remove(*left)
        page.get_by_role("button", name="Mark done").click()
        expect(page.get_by_role("alert")).to_contain_text("This message is gone")
        assert office.files(left[0]) == []
        assert left[0].rpartition("/")[2] not in office.files(left[0].rpartition("/")[0])


@pytest.mark.slow
def test_what_a_caller_has_said_or_is_called_is_shown_as_text(calendar: Office) -> None:
    said = [{"who": payload, "about": payload, "number": payload} for payload in PAYLOADS]
    for hour, payload in enumerate(PAYLOADS[:8]):
        calendar.book(payload, f"{hour + 9:02}:00")
    with calendar.messages(*said):
        page = calendar.operator()
        page.goto(f"{calendar.desk.url}/messages")
        for payload in PAYLOADS:
            shown = re.sub(r"\s", " ", payload)
            expect(page.get_by_role("heading", name=shown, exact=True)).to_be_visible()
        calendar.week(page)
        for payload in PAYLOADS[:8]:
            expect(page.get_by_role("table")).to_contain_text(payload)
        page.get_by_role("table").get_by_role("link", name=re.compile("^09:00")).click()
        expect(page.get_by_role("heading", name=PAYLOADS[0], exact=True)).to_be_visible()
        expect(page.get_by_text("a <b>note</b>")).to_be_visible()
    assert not [row for row in calendar.browser.logs if "Content Security Policy" in row]


@pytest.mark.slow
def test_somebody_is_called_back_and_what_the_agent_refuses_is_said(office: Office) -> None:
    office.do_not_call("add", BLOCKED)
    with office.messages({}, {"who": "Carla", "number": BLOCKED}):
        page = office.operator()

        def call(name: str) -> None:
            page.goto(f"{office.desk.url}/messages")
            page.get_by_role("link", name=f"Call back {name}").click()
            expect(page.get_by_label("Ask for")).to_have_value(name)
            expect(page.get_by_label("Why the agent calls")).to_have_value(re.compile("The oven is broken"))
            page.get_by_label("Why the agent calls").fill("The oven is repaired.")
            page.get_by_role("button", name="Call now").click()

        call("Carla")
        expect(page.get_by_role("alert")).to_contain_text("on the line's do-not-call list")
        expect(page.get_by_label("Why the agent calls")).to_have_value("The oven is repaired.")
        office.line.change(outbound={"quiet_until": "23:59", "quiet_days": [*WEEKDAYS, "saturday"]})
        call("Anna")
        expect(page.get_by_role("alert")).to_contain_text("nobody is called")
        office.line.change(outbound={"enabled": False})
        page.get_by_role("button", name="Call now").click()
        expect(page.get_by_role("alert")).to_contain_text("The line makes no calls")
        office.line.change(outbound={**ALWAYS, "enabled": True})
        page.get_by_role("button", name="Call now").click()
        # There is no trunk to call over, and the page says by itself how it ends.
        expect(page.get_by_role("heading", name="Calling back Anna")).to_be_visible()
        expect(page.get_by_role("status")).to_contain_text("The call has ended", timeout=60_000)
        assert axe(page) == []
        page.get_by_role("button", name="Mark the message done").click()
        expect(page.get_by_role("status")).to_contain_text("marked done")
    assert NUMBER not in office.line.logs("desk", "agent")


@pytest.mark.slow
def test_a_week_is_a_table_in_which_today_is_marked(calendar: Office) -> None:
    calendar.book("Anna", "09:30")
    page = calendar.operator()
    page.goto(f"{calendar.desk.url}/appointments")
    today = page.get_by_role("columnheader", name=f"{TODAY:%a} {TODAY.day} {TODAY:%b}")
    expect(today).to_have_attribute("aria-current", "date")
    page.get_by_role("link", name="Next week").click()
    expect(page.get_by_role("row", name=re.compile("^09:00"))).to_contain_text("Anna")
    assert axe(page) == []
    page.get_by_role("link", name="Previous week").click()
    expect(today).to_be_visible()


def test_an_appointment_is_moved_to_a_free_time_and_cancelled_after_a_question(calendar: Office) -> None:
    calendar.book("Anna", "09:30")
    calendar.book("Bert", "10:00")
    page = calendar.operator()
    calendar.week(page)
    page.get_by_role("table").get_by_role("link", name="Anna").click()
    expect(page.get_by_role("radio", name="10:00")).to_have_count(0)
    assert axe(page) == []
    for typed, said in (
        ("10:00", "Somebody else has taken this time"),
        ("13:00", "the hours of that day are 09:00-12:00"),
    ):
        page.get_by_label("Or another time").fill(f"{MONDAY}T{typed}")
        page.get_by_role("button", name="Move to this time").click()
        expect(page.get_by_role("alert")).to_contain_text(said)
    page.get_by_label("Day").fill(str(MONDAY + timedelta(days=1)))
    page.get_by_role("button", name="Show its free times").click()
    page.get_by_role("radio", name="14:30").check()
    page.get_by_role("button", name="Move to the chosen time").click()
    expect(page.get_by_role("status")).to_contain_text("The appointment is moved.")
    assert ["Anna", f"{MONDAY + timedelta(days=1)}T14:30"] in calendar.booked()
    page.get_by_role("link", name="Cancel it").click()
    page.get_by_role("link", name="No, keep it").click()
    page.get_by_role("link", name="Cancel it").click()
    page.get_by_role("button", name="Yes, cancel it").click()
    expect(page.get_by_role("status")).to_contain_text("The appointment is cancelled.")
    assert calendar.booked() == [["Bert", f"{MONDAY}T10:00"]]


@pytest.mark.slow
def test_of_two_operators_the_second_is_told(calendar: Office) -> None:
    calendar.book("Anna", "09:30")
    first, second = calendar.operator(), calendar.operator()
    for page in (first, second):
        calendar.week(page)
        page.get_by_role("table").get_by_role("link", name="Anna").click()
    for page, time in ((first, "14:00"), (second, "15:00")):
        page.get_by_role("radio", name=time).check()
        page.get_by_role("button", name="Move to the chosen time").click()
    expect(first.get_by_role("status")).to_contain_text("The appointment is moved.")
    expect(second.get_by_role("alert")).to_contain_text("somebody has moved or cancelled it meanwhile")
    assert calendar.booked() == [["Anna", f"{MONDAY}T14:00"]]
