"""Appointments on real calls: each change is read back and waits for a yes, and nobody gets a place that is taken."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from agent.calendar.spoken import say_date, say_moment
from tests.stack.extension import Extension, an_extension
from tests.support.radicale import PASSWORD, USER, make_calendar, put_event, radicale, request

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.stack.line import Line
    from tests.stack.outcome import Outcome

pytestmark = pytest.mark.slow

BERLIN = ZoneInfo("Europe/Berlin")
TODAY = datetime.now(BERLIN).date()
DAY, CLOSED = TODAY + timedelta(days=5), TODAY + timedelta(days=6)
CHANGE = next(  # the next day on which the clocks change
    day
    for day in (TODAY + timedelta(days=it) for it in range(2, 370))
    if datetime.combine(day, time(), BERLIN).utcoffset() != datetime.combine(day, time(12), BERLIN).utcoffset()
)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
TOOLS = [
    "end_call",
    "tell_opening_hours",
    "find_free_times",
    "book_appointment",
    "find_appointments",
    "move_appointment",
    "cancel_appointment",
]
VISIT = {"called": "a visit", "length": 60, "every": 60, "ahead": 400, "notice": 0}
SALON: dict[str, Any] = {
    "timezone": "Europe/Berlin",
    "tools": TOOLS,
    "hours": {**{day: ["09:00-18:00"] for day in WEEKDAYS}, "days_off": [CLOSED.isoformat()]},
    "appointments": {"visit": VISIT},
}


def at(hour: int, day: date = DAY) -> datetime:
    return datetime.combine(day, time(hour), BERLIN)


def when(hour: str, day: date = DAY) -> str:
    """A caller's words for a day and a time, of which nobody says whether it is morning or evening."""
    return f"{say_date(day, 'en')}, at {hour}"


def books(name: str, hour: str, day: date = DAY) -> dict[str, Any]:
    return {"tool": "book_appointment", "arguments": {"kind": "visit", "when": when(hour, day), "name": name}}


RULES: list[dict[str, Any]] = [
    # What the model makes of a tool's result.
    {"match": "Booked:", "answer": "Your visit is booked."},
    {"match": "Moved:", "answer": "Your visit is moved."},
    {"match": "Cancelled:", "answer": "Your visit is cancelled."},
    {"match": "nothing was done\\. Their words", "answer": "All right, I will leave it."},
    {"match": "nearest first|somebody else has taken", "answer": "That time is taken. I can offer another one."},
    {"match": "business is (open|closed)", "answer": "I have looked at the hours."},
    {"match": "day off", "answer": "We are closed on that day."},
    {"match": "there is no appointment", "answer": "I cannot find an appointment."},
    {"match": "visit for Frank", "tool": "move_appointment", "arguments": {"which": "1", "when": when("five")}},
    {"match": "visit for Grace", "tool": "cancel_appointment", "arguments": {"which": "1"}},
    {"match": "visit for Emma", "answer": "Yes, I have found your visit."},
    # What it makes of the caller's words.
    {"match": "Anna", **books("Anna", "ten")},
    {"match": "Clara", **books("Clara", "eleven")},
    {"match": "Boris", **books("Boris", "twelve")},
    {"match": "David", **books("David", "two")},
    {"match": "Thomas", **books("Thomas", "four")},
    {"match": "Susan", **books("Susan", "four")},
    {"match": "Henry", **books("Henry", "ten", CLOSED)},
    {"match": "Irene", **books("Irene", "ten", CHANGE)},
    {"match": "Jack", **books("Jack", "ten")},
    {"match": "Kate", **books("Kate", "two")},
    {"match": "my own", "tool": "find_appointments", "arguments": {}},
    {"match": "my friend", "tool": "find_appointments", "arguments": {"name": "Emma"}},
    {"match": "when are you open", "tool": "tell_opening_hours", "arguments": {"when": when("ten", CLOSED)}},
]
YES = "Yes, please."
CALLS: dict[str, tuple[str, ...]] = {
    "books": ("--say", "Please book a visit for Anna.", "--say", YES),
    "says no": ("--say", "Could Clara come by before lunch?", "--say", "No, thank you."),
    "books by key": ("--say", "My brother Boris needs to see you at noon.", "--dtmf", "1"),
    "wants what is taken": ("--say", "Do you have two o'clock for David?"),
    "wants the last place": ("--say", "I am Thomas, and I need to come on that day.", "--say", YES),
    "wants the last place, too": ("--say", "Is there a place left for my daughter Susan?", "--say", YES),
    "finds": ("--say", "Do you have my own visit in the book?"),
    "moves": ("--say", "Please move my own visit.", "--say", YES),
    "cancels": ("--say", "Please cancel my own visit.", "--say", YES),
    "asks for somebody else's": ("--say", "When is the visit of my friend?"),
    "wants a day off": ("--say", "Henry wants to come as early as he can."),
    "wants the day on which the clocks change": (
        "--say",
        "This is Irene speaking, can I come on Sunday?",
        "--say",
        YES,
    ),
    "books by CalDAV": ("--say", "My name is Jack, please put me down.", "--say", YES),
    "wants what the owner has taken": ("--say", "Would two o'clock be all right with Kate?"),
    "asks for the hours": ("--say", "When are you open?"),
}
OF_CALDAV = ("books by CalDAV", "wants what the owner has taken")
THERE = [("David's rival", "", 14), ("Emma", "finds", 15), ("Frank", "moves", 9), ("Grace", "cancels", 13)]
STORE = """
import asyncio
from datetime import datetime, UTC
from pathlib import Path
from agent.appointments.appointment import Appointment
from agent.appointments.embedded import Embedded, store_of
store = Embedded(store_of("salon"), "UTC")
"""
READ = f"""{STORE}
import json
rows = asyncio.run(store.between(datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)))
print(json.dumps({{one.name: [one.begins.timestamp(), one.ends.timestamp()] for one in rows}}))
"""


def caller(name: str) -> str:
    """The number that calls."""
    return f"+120255502{list(CALLS).index(name):02}"


@dataclass(frozen=True)
class Salon:
    extension: Extension
    calendar: str  # the address of the one on the CalDAV server
    outcomes: Mapping[str, Outcome]

    def kept(self) -> dict[str, list[float]]:
        """The beginning and the end of each appointment by the name, as seconds of the epoch."""
        kept: dict[str, list[float]] = json.loads(self.extension.run(READ))
        return kept

    def told(self, words: str) -> list[str]:
        """What tools told the model with these words in it."""
        messages = [message for asked in self.extension.provider.asked("llm") for message in asked["body"]["messages"]]
        contents = [str(message.get("content")) for message in messages]
        return [content for content in contents if words in content]


@pytest.fixture(scope="module")
def salon(line: Line, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Salon]:
    with radicale(tmp_path_factory.mktemp("radicale"), "0.0.0.0") as root:
        calendar = make_calendar(root, "salon")
        begins = at(14).astimezone(UTC)
        put_event(calendar, "own", f"DTSTART:{begins:%Y%m%dT%H%M%SZ}", "DURATION:PT1H", "SUMMARY:My dentist")
        with _extension(line, tmp_path_factory.mktemp("salon"), calendar) as extension:
            extension.provider.script(rules=[{"kind": "llm", **rule} for rule in RULES])
            for name, call, hour in THERE:
                extension.run(_keep(name, caller(call) if call else "+12025550299", at(hour)))
            to = {name: ("--to", extension.numbers["dav"]) if name in OF_CALDAV else () for name in CALLS}
            placed = {name: ("--from", caller(name), *to[name], *said) for name, said in CALLS.items()}
            yield Salon(extension, calendar, extension.calls_by_name(placed))


def _extension(line: Line, home: Path, calendar: str) -> Any:
    url = calendar.replace("127.0.0.1", "host.docker.internal")
    lines = {"salon": {}, "dav": {"calendar": {"url": "CALENDAR", "username": USER, "password": "CALENDAR_PASSWORD"}}}
    secrets = {"CALENDAR": url, "CALENDAR_PASSWORD": PASSWORD}
    return an_extension(line, home, lines=lines, secrets=secrets, filler_after=6, IDLE_PROCESSES="3", **SALON)


def _keep(name: str, number: str, begins: datetime) -> str:
    first = begins.timestamp()
    times = ", ".join(f"datetime.fromtimestamp({moment}, UTC)" for moment in (first, first + 3600))
    return f'{STORE}asyncio.run(store.add(Appointment("visit", {times}, {name!r}, {number!r})))'


def test_what_is_read_back_and_said_yes_to_is_booked(salon: Salon) -> None:
    call = salon.outcomes["books"]
    assert call.says("is that right") < call.says("visit is booked"), call.printed
    assert f"{DAY:%A}".lower() in call.heard, call.printed
    assert salon.kept()["Anna"] == [at(10).timestamp(), at(11).timestamp()]


def test_after_a_no_nothing_is_booked(salon: Salon) -> None:
    call = salon.outcomes["says no"]
    assert call.hears("leave it"), call.printed
    assert "Clara" not in salon.kept()


def test_the_key_one_is_a_yes_as_well(salon: Salon) -> None:
    assert salon.outcomes["books by key"].hears("visit is booked"), salon.outcomes["books by key"].printed
    assert salon.kept()["Boris"][0] == at(12).timestamp()


def test_for_a_time_that_is_taken_another_one_is_offered(salon: Salon) -> None:
    call = salon.outcomes["wants what is taken"]
    assert call.hears("time is taken"), call.printed
    assert "is that right" not in call.heard, call.printed
    assert "David" not in salon.kept()
    [told, *_] = salon.told(f"Not free {say_moment(at(14), 'en')}.")
    assert "nearest first: " in told


def test_of_two_callers_at_once_one_gets_the_last_place_and_the_other_is_offered_another(salon: Salon) -> None:
    calls = [salon.outcomes[name] for name in ("wants the last place", "wants the last place, too")]
    printed = "\n".join(call.printed for call in calls)
    booked = [call.hears("visit is booked") for call in calls]
    taken = [call.hears("time is taken") for call in calls]
    assert sorted(booked) == [False, True], printed
    assert taken == [not it for it in booked], printed
    assert [name for name, (begins, _) in salon.kept().items() if begins == at(16).timestamp()] == [
        "Thomas" if booked[0] else "Susan"
    ]


def test_a_callers_appointment_is_found_by_their_number(salon: Salon) -> None:
    assert salon.outcomes["finds"].hears("found your visit"), salon.outcomes["finds"].printed
    assert salon.told(f"a visit for Emma {say_moment(at(15), 'en')}")


def test_an_appointment_is_moved_after_a_yes(salon: Salon) -> None:
    call = salon.outcomes["moves"]
    assert call.says("is that right") < call.says("visit is moved"), call.printed
    assert salon.kept()["Frank"] == [at(17).timestamp(), at(18).timestamp()]


def test_an_appointment_is_cancelled_after_a_yes(salon: Salon) -> None:
    call = salon.outcomes["cancels"]
    assert call.says("is that right") < call.says("visit is cancelled"), call.printed
    assert "Grace" not in salon.kept()


def test_nobody_finds_the_appointment_of_somebody_else(salon: Salon) -> None:
    call = salon.outcomes["asks for somebody else's"]
    assert call.hears("cannot find"), call.printed


def test_on_a_day_off_nothing_can_be_had(salon: Salon) -> None:
    call = salon.outcomes["wants a day off"]
    assert call.hears("closed on that day"), call.printed
    assert "Henry" not in salon.kept()


def test_on_the_day_on_which_the_clocks_change_it_is_at_the_time_that_was_said(salon: Salon) -> None:
    call = salon.outcomes["wants the day on which the clocks change"]
    assert call.hears("visit is booked"), call.printed
    begins, ends = salon.kept()["Irene"]
    assert (begins, ends - begins) == (at(10, CHANGE).timestamp(), 3600)


def test_an_appointment_is_in_the_owners_calendar(salon: Salon) -> None:
    call = salon.outcomes["books by CalDAV"]
    assert call.says("is that right") < call.says("visit is booked"), call.printed
    [there] = [text for text in request(salon.calendar, "GET").split("BEGIN:VEVENT") if "Jack" in text]
    assert "SUMMARY:a visit: Jack" in there
    assert f"DTSTART:{at(10).astimezone(UTC):%Y%m%dT%H%M%SZ}" in there


def test_what_the_owner_has_written_into_the_calendar_is_taken(salon: Salon) -> None:
    call = salon.outcomes["wants what the owner has taken"]
    assert call.hears("time is taken"), call.printed
    assert "Kate" not in request(salon.calendar, "GET")


def test_the_hours_of_a_day_are_told_with_the_reason_for_which_it_is_closed(salon: Salon) -> None:
    assert salon.outcomes["asks for the hours"].hears("looked at the hours")
    assert salon.told(f"{say_date(CLOSED, 'en')}: closed (day off).")


def test_nobodys_name_or_number_is_in_the_log(salon: Salon) -> None:
    for secret in ("Anna", "Frank", caller("books"), caller("moves")):
        assert secret not in salon.extension.logs
