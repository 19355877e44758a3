"""What a caller can do with appointments: their words are understood, and only their own appointments are theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from livekit.agents import ToolError

from agent.admission.caller import Caller
from agent.conversation.callers_appointments import CallersAppointments
from tests.unit.agent.appointments import calendars
from tests.unit.agent.appointments.conftest import at
from tests.unit.agent.fakes import host

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

pytestmark = pytest.mark.real_time
ANNA, BERT = "+493012345", "+493067890"
NOW = "2026-11-27 10:00"  # a Friday


class Appointments(CallersAppointments):
    """The clock stands still."""

    clock = at(NOW)

    def now(self) -> datetime:
        return self.clock


def of(data: Path, number: str = ANNA, **settings: Any) -> Appointments:
    line = calendars.line(numbers=["+493099999"], **settings)
    return Appointments(line, host(), Caller(number, anonymous=not number), data)


async def booked(appointments: Appointments, when: str, name: str = "Anna Meier", number: str = "") -> str:
    return await appointments.book(await appointments.wanted("haircut", when, name, number, ""))


async def test_free_times_are_told_with_the_days_name(tmp_path: Path) -> None:
    told = await of(tmp_path).free_times("haircut", "on Monday")
    assert told == (
        "Free on Monday, the 30th of November: 9 AM, 9:30 AM, 10 AM, 10:30 AM, 11 AM and 9 later ones until 5:30 PM."
    )
    assert await of(tmp_path).free_times("haircut", "Monday at half past nine") == (
        "Free: on Monday, the 30th of November, at 9:30 AM."
    )


async def test_free_times_are_told_in_the_lines_language(tmp_path: Path) -> None:
    told = await of(tmp_path, language="de").free_times("haircut", "am Montag um halb zehn")
    assert told == "Free: am Montag, dem 30. November, um 9:30 Uhr."


async def test_a_long_wish_is_answered_with_a_few_days(tmp_path: Path) -> None:
    told = await of(tmp_path).free_times("haircut", "")
    assert told.count("Free on ") == 4
    assert told.startswith("Free on Friday, the 27th of November: 10 AM")
    assert told.endswith("Other days are free, too.")


@pytest.mark.parametrize(
    ("when", "told"),
    [
        ("Sunday at ten", "closed on that day. Free on Monday, the 30th of November: 9 AM"),
        ("Monday at one in the afternoon", "the hours of that day are 09:00-12:00, 14:00-18:00. Free on Monday"),
        ("Monday at ten past nine", "every 30 minutes from the opening on, and not in between. Free on Monday"),
        ("yesterday", "No day and no time could be understood"),
        ("the fifth of March at ten", "up to 60 days from today"),
    ],
)
async def test_what_cannot_be_had_is_told_with_what_can(tmp_path: Path, when: str, told: str) -> None:
    with pytest.raises(ToolError) as refused:
        await booked(of(tmp_path), when)
    assert told in refused.value.message


async def test_a_day_without_a_time_is_asked_about(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match=r"has to choose a time. Free on Monday"):
        await booked(of(tmp_path), "on Monday")


async def test_a_time_that_may_be_morning_or_evening_is_asked_about_if_both_can_be_had(tmp_path: Path) -> None:
    whole_day = {"visit": {"length": 30, "monday": ["06:00-22:00"]}}
    appointments = of(tmp_path, appointments=whole_day)
    with pytest.raises(ToolError, match=r"which they mean: .* 7 AM or .* 7 PM"):
        await appointments.wanted("visit", "Monday at seven", "Anna", "", "")
    assert (await appointments.wanted("visit", "Monday at five", "Anna", "", "")).begins == at("2026-11-30 17:00")


async def test_a_taken_time_is_refused_with_the_nearest_that_are_free(tmp_path: Path) -> None:
    for name, number in (("Bert", BERT), ("Carla", "+493011111")):
        await booked(of(tmp_path, number), "Monday at ten", name)
    with pytest.raises(ToolError) as refused:
        await booked(of(tmp_path), "Monday at ten")
    assert refused.value.message == (
        "Not free on Monday, the 30th of November, at 10 AM. Free on that day, nearest first: 9:30 AM, 10:30 AM, 9 AM."
    )


async def test_a_time_that_is_taken_while_it_is_read_back_is_refused_with_others(tmp_path: Path) -> None:
    appointments = of(tmp_path)
    wanted = await appointments.wanted("haircut", "Monday at ten", "Anna", "", "")
    for name, number in (("Bert", BERT), ("Carla", "+493011111")):
        await booked(of(tmp_path, number), "Monday at ten", name)
    with pytest.raises(ToolError, match=r"Somebody else has taken this time.* nearest first: 9:30 AM, 10:30 AM"):
        await appointments.book(wanted)


async def test_an_appointment_is_found_moved_and_cancelled_under_the_callers_number(tmp_path: Path) -> None:
    assert await booked(of(tmp_path), "Monday at ten") == (
        "Booked: appointment 1: a haircut for Anna Meier on Monday, the 30th of November, at 10 AM."
    )
    again = of(tmp_path)
    assert await again.find("", "") == (
        "appointment 1: a haircut for Anna Meier on Monday, the 30th of November, at 10 AM."
    )
    begins = await again.new_time(again.known("1"), "Tuesday at three")
    assert await again.move("1", begins) == (
        "Moved: appointment 1: a haircut for Anna Meier on Tuesday, the 1st of December, at 3 PM."
    )
    assert await again.cancel("1") == "Cancelled: a haircut on Tuesday, the 1st of December, at 3 PM."
    assert (await again.find("", "")).startswith("There is no appointment")
    with pytest.raises(ToolError, match="find_appointments first"):
        again.known("1")


async def test_nobody_reaches_the_appointment_of_somebody_else(tmp_path: Path) -> None:
    await booked(of(tmp_path), "Monday at ten")
    other = of(tmp_path, BERT)
    assert (await other.find("Anna Meier", "")).startswith("There is no appointment")
    with pytest.raises(ToolError, match="Ask the caller for the name as well"):
        await other.find("", ANNA)
    assert (await other.find("Bert", ANNA)).startswith("There is no appointment")
    with pytest.raises(ToolError, match="No appointment '1' has been found"):
        other.known("1")
    # Somebody who calls from another phone says the name and the number.
    assert "for Anna Meier" in await other.find("anna meyer", "030 12345")
    assert other.known("1").number == ANNA


async def test_a_caller_without_a_number_is_asked_for_one(tmp_path: Path) -> None:
    hidden = of(tmp_path, "")
    with pytest.raises(ToolError, match="Ask for a name and a phone number"):
        await hidden.find("Anna", "")
    with pytest.raises(ToolError, match="Ask for a name and a phone number"):
        await booked(hidden, "Monday at ten")
    with pytest.raises(ToolError, match="no complete phone number"):
        await booked(hidden, "Monday at ten", number="12")
    await booked(hidden, "Monday at ten", number="030 12345")
    assert "for Anna Meier" in await of(tmp_path).find("", "")


async def test_what_is_missing_or_unknown_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="Ask the caller for the name"):
        await booked(of(tmp_path), "Monday at ten", "")
    with pytest.raises(ToolError, match="The kinds are: haircut, colour, table"):
        await of(tmp_path).free_times("massage", "Monday")


async def test_a_calendar_that_cannot_be_used_is_told_to_the_model(tmp_path: Path) -> None:
    line = calendars.line("http://127.0.0.1:9/none/")
    with pytest.raises(ToolError, match="cannot be reached"):
        await Appointments(line, host(), Caller(ANNA, anonymous=False), tmp_path).free_times("haircut", "Monday")
