"""The rules of appointments, on both backends: CalDAV's is a real Radicale server."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pytest

from agent.appointments.appointment import (
    Appointment,
    AppointmentError,
    ChangedError,
    UnknownError,
    UnreachableError,
)
from agent.appointments.desk import TakenError, new_desk
from agent.appointments.free import later
from agent.appointments.wish import WHOLE_DAY, Wish, wish_of
from agent.calendar.expressions import understand
from tests.support.radicale import put_event, request
from tests.unit.agent.appointments import calendars
from tests.unit.agent.appointments.conftest import at, wanted

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from agent.appointments.desk import Desk

pytestmark = pytest.mark.real_time
NOW = at("2026-11-27 10:00")  # a Friday
MONDAY = date(2026, 11, 30)
ANNA, BERT, CARLA = "+493012345", "+493067890", "+493011111"


async def free(desk: Desk, kind: str, day: date = MONDAY, window: tuple[int, int] = WHOLE_DAY) -> list[str]:
    return [f"{it:%H:%M}" for it in await desk.free_times(kind, Wish(day, day, window), NOW)]


async def test_an_empty_calendar_is_free_within_the_opening_hours(desk: Desk) -> None:
    morning = ["09:00", "09:30", "10:00", "10:30", "11:00", "11:30"]
    assert await free(desk, "haircut") == [*morning, *(f"{h}:{m}" for h in range(14, 18) for m in ("00", "30"))]
    assert await free(desk, "haircut", window=(10 * 60, 11 * 60)) == ["10:00", "10:30"]
    assert await free(desk, "haircut", date(2026, 11, 29)) == []


async def test_a_kind_with_hours_of_its_own_can_be_had_past_midnight(desk: Desk) -> None:
    friday = date(2026, 12, 4)
    assert await free(desk, "table", friday) == ["18:00", "19:00", "20:00", "21:00", "22:00", "23:00", "00:00"]
    assert await free(desk, "table") == []
    booked = await desk.book(wanted(desk, "table", "2026-12-05 00:00"), NOW)
    [found] = await desk.find(NOW, ANNA)
    assert (found.uid, found.begins, found.ends) == (booked.uid, booked.begins, booked.ends)
    assert await free(desk, "table", friday) == ["18:00", "19:00", "20:00", "21:00", "22:00"]


async def test_a_time_is_free_until_its_last_place_is_taken(desk: Desk) -> None:
    await desk.book(wanted(desk, "haircut", "2026-11-30 09:30"), NOW)
    assert "09:30" in await free(desk, "haircut")
    await desk.book(wanted(desk, "haircut", "2026-11-30 09:30", "Bert", BERT), NOW)
    assert (await free(desk, "haircut"))[:2] == ["09:00", "10:00"]
    with pytest.raises(TakenError):
        await desk.book(wanted(desk, "haircut", "2026-11-30 09:30", "Carla", CARLA), NOW)
    assert await desk.find(NOW, CARLA) == []


async def test_kinds_that_share_places_take_them_from_each_other_with_their_buffer(desk: Desk) -> None:
    await desk.book(wanted(desk, "colour", "2026-11-30 09:30"), NOW)  # until 11:00, and cleaned until 11:30
    await desk.book(wanted(desk, "haircut", "2026-11-30 10:00", "Bert", BERT), NOW)
    assert (await free(desk, "haircut"))[:5] == ["09:00", "09:30", "10:30", "11:00", "11:30"]
    assert not await desk.is_free("haircut", at("2026-11-30 10:00"), NOW)
    assert (await free(desk, "colour"))[:2] == ["10:30", "14:00"]  # at 09:00 it would last until after 10:00


async def test_somebody_who_asks_twice_for_the_same_gets_it_once(desk: Desk) -> None:
    first = await desk.book(wanted(desk, "haircut", "2026-11-30 09:30"), NOW)
    second = await desk.book(wanted(desk, "haircut", "2026-11-30 09:30"), NOW)
    assert second.uid == first.uid
    assert len(await desk.find(NOW, ANNA)) == 1


async def test_one_caller_cannot_take_everything(desk: Desk) -> None:
    for hour in (9, 10, 11, 14, 15):
        await desk.book(wanted(desk, "haircut", f"2026-11-30 {hour:02}:00"), NOW)
    with pytest.raises(AppointmentError, match="5 are the most"):
        await desk.book(wanted(desk, "haircut", "2026-12-01 09:00"), NOW)


@pytest.mark.parametrize(
    ("kind", "begins", "about"),
    [
        ("haircut", "2026-11-26 09:00", "over already"),
        ("haircut", "2026-11-30 12:00", "hours of that day are 09:00-12:00, 14:00-18:00"),
        ("haircut", "2026-11-30 17:45", "hours of that day"),  # it would not be over at six
        ("haircut", "2026-11-29 10:00", "closed on that day"),
        ("haircut", "2026-11-30 09:10", "every 30 minutes"),
        ("haircut", "2027-03-01 09:00", "up to 60 days"),
        ("table", "2026-12-18 18:00", "up to 14 days"),
    ],
)
async def test_what_cannot_be_had_is_refused_with_the_reason(desk: Desk, kind: str, begins: str, about: str) -> None:
    with pytest.raises(AppointmentError, match=about):
        await desk.book(wanted(desk, kind, begins), NOW)
    assert await desk.find(NOW, ANNA) == []


async def test_a_kind_that_needs_notice_cannot_be_had_at_once(desk: Desk) -> None:
    table = wanted(desk, "table", "2026-12-04 18:00")
    with pytest.raises(AppointmentError, match="120 minutes from now"):
        await desk.book(table, at("2026-12-04 16:30"))
    booked = await desk.book(table, at("2026-12-04 16:00"))
    with pytest.raises(AppointmentError, match="too late"):
        await desk.cancel(booked, at("2026-12-04 16:30"))


async def test_only_those_under_the_number_are_found(desk: Desk) -> None:
    await desk.book(wanted(desk, "haircut", "2026-11-30 09:30"), NOW)
    await desk.book(wanted(desk, "haircut", "2026-11-30 10:00", "Ändre Müller"), NOW)
    await desk.book(wanted(desk, "haircut", "2026-11-30 10:30", "Bert", BERT), NOW)
    assert [one.name for one in await desk.find(NOW, ANNA)] == ["Anna Meier", "Ändre Müller"]
    assert [one.name for one in await desk.find(NOW, ANNA, "maier")] == ["Anna Meier"]
    assert [one.name for one in await desk.find(NOW, ANNA, "Andre Muller")] == ["Ändre Müller"]
    assert await desk.find(NOW, BERT, "Anna Meier") == []
    assert await desk.find(NOW, "", "Anna Meier") == []


async def test_an_appointment_is_moved_if_there_is_a_place(desk: Desk) -> None:
    booked = await desk.book(wanted(desk, "table", "2026-12-04 18:00"), NOW)
    await desk.book(wanted(desk, "table", "2026-12-04 21:00", "Bert", BERT), NOW)
    with pytest.raises(TakenError):
        await desk.move(booked, at("2026-12-04 20:00"), NOW)
    assert [one.begins for one in await desk.find(NOW, ANNA)] == [at("2026-12-04 18:00")]
    moved = await desk.move(booked, at("2026-12-04 19:00"), NOW)  # its own place is no obstacle
    assert [(one.uid, one.begins) for one in await desk.find(NOW, ANNA)] == [(booked.uid, at("2026-12-04 19:00"))]
    assert (moved.begins, moved.ends) == (at("2026-12-04 19:00"), at("2026-12-04 21:00"))


async def test_it_is_kept_when_the_caller_has_agreed_to_the_time(desk: Desk) -> None:
    booked = await desk.book(wanted(desk, "table", "2026-12-04 18:00"), NOW)
    assert [one.agreed for one in await desk.find(NOW, ANNA)] == [NOW]
    tomorrow = at("2026-11-28 09:30")
    await desk.move(booked, at("2026-12-04 19:00"), tomorrow)
    assert [one.agreed for one in await desk.find(NOW, ANNA)] == [tomorrow]


async def test_a_cancelled_appointment_is_free_again(desk: Desk) -> None:
    booked = await desk.book(wanted(desk, "table", "2026-12-04 18:00"), NOW)
    assert not await desk.is_free("table", at("2026-12-04 18:00"), NOW)
    await desk.cancel(booked, NOW)
    assert await desk.is_free("table", at("2026-12-04 18:00"), NOW)
    assert await desk.find(NOW, ANNA) == []


async def test_what_has_been_changed_meanwhile_is_left_as_it_is(desk: Desk) -> None:
    booked = await desk.book(wanted(desk, "table", "2026-12-04 18:00"), NOW)
    await desk.move(booked, at("2026-12-04 20:00"), NOW)
    for change in (desk.cancel(booked, NOW), desk.move(booked, at("2026-12-04 22:00"), NOW)):
        with pytest.raises(ChangedError):
            await change
    assert [one.begins for one in await desk.find(NOW, ANNA)] == [at("2026-12-04 20:00")]


@pytest.mark.parametrize(
    ("timezone", "day", "clock"),
    [
        ("Europe/Berlin", "2027-03-28", ["00:00", "01:00", "03:00", "04:00"]),  # there is no two o'clock
        ("Europe/Berlin", "2026-10-25", ["00:00", "01:00", "02:00", "02:00", "03:00", "04:00"]),
        ("America/New_York", "2026-11-01", ["00:00", "01:00", "01:00", "02:00", "03:00", "04:00"]),
    ],
)
async def test_on_the_day_on_which_the_clocks_change_every_hour_is_an_hour(
    new: Callable[..., Desk], timezone: str, day: str, clock: list[str]
) -> None:
    kinds = {"watch": {"length": 60, "every": 60, "sunday": ["00:00-05:00"], "ahead": 400, "notice": 0}}
    desk = new(timezone=timezone, appointments=kinds)
    now = at("2026-10-01 10:00", timezone)
    there = await desk.free_times("watch", Wish(date.fromisoformat(day), date.fromisoformat(day)), now)
    assert [f"{it:%H:%M}" for it in there] == clock
    appointments = [await desk.book(_watch(it, number), now) for number, it in enumerate(there)]
    assert {one.ends.timestamp() - one.begins.timestamp() for one in appointments} == {3600.0}
    assert await desk.free_times("watch", Wish(date.fromisoformat(day), date.fromisoformat(day)), now) == []


def _watch(begins: datetime, number: int) -> Appointment:
    return Appointment("watch", begins, later(begins, 60), f"Guard {number}", f"+49301234{number}")


async def test_an_appointment_after_a_change_of_the_clocks_has_the_time_that_was_said(new: Callable[..., Desk]) -> None:
    desk = new(appointments={"haircut": {"length": 30, "ahead": 400}})
    await desk.book(wanted(desk, "haircut", "2027-03-29 09:00"), NOW)  # in summer time, booked in winter
    [found] = await desk.find(NOW, ANNA)
    assert f"{found.begins:%Y-%m-%d %H:%M %z}" == "2027-03-29 09:00 +0200"


# What the owner has written into a calendar of their own.


async def test_an_entry_of_the_owners_takes_a_place_and_is_nobodys_appointment(calendar: str, tmp_path: Path) -> None:
    desk = new_desk(calendars.line(calendar), tmp_path)
    rows = ["DTSTART;TZID=Europe/Berlin:20261204T180000", "DTEND;TZID=Europe/Berlin:20261204T190000", "SUMMARY:Plumber"]
    put_event(calendar, "plumber", *rows)
    assert (await free(desk, "table", date(2026, 12, 4)))[0] == "19:00"
    assert await desk.find(NOW, ANNA) == []
    put_event(calendar, "plumber", *rows, "TRANSP:TRANSPARENT")
    assert (await free(desk, "table", date(2026, 12, 4)))[0] == "18:00"


async def test_a_whole_day_of_the_owners_is_closed_and_a_repeated_entry_counts_each_time(
    calendar: str, tmp_path: Path
) -> None:
    desk = new_desk(calendars.line(calendar), tmp_path)
    put_event(calendar, "away", "DTSTART;VALUE=DATE:20261201", "DTEND;VALUE=DATE:20261202")
    put_event(
        calendar,
        "lunch",
        "DTSTART;TZID=Europe/Berlin:20261102T100000",
        "DTEND;TZID=Europe/Berlin:20261102T110000",
        "RRULE:FREQ=WEEKLY;BYDAY=MO,WE",
        "EXDATE;TZID=Europe/Berlin:20261209T100000",
    )
    put_event(calendar, "more", "DTSTART:20261130T090000Z", "DTEND:20261130T100000Z")
    assert await free(desk, "haircut", date(2026, 12, 1)) == []
    assert "10:00" not in await free(desk, "haircut")  # both places: 09:00 in UTC is 10:00 here
    assert not await desk.is_free("haircut", at("2026-11-30 10:30"), NOW)
    assert "10:00" in await free(desk, "haircut", date(2026, 12, 2))  # one place of two


async def test_whoever_writes_from_outside_in_the_same_moment_keeps_the_place(calendar: str, tmp_path: Path) -> None:
    """The owner's program does not know the line's lock: it writes between the line's look and its write."""
    desk = new_desk(calendars.line(calendar), tmp_path)
    backend = desk._backend
    add, move = backend.add, backend.move
    rows = ["DTSTART:20261204T170000Z", "DTEND:20261204T190000Z"]

    async def add_after_the_owner(appointment: Appointment) -> None:
        await asyncio.to_thread(put_event, calendar, "owner", *rows)
        await add(appointment)

    async def move_after_the_owner(appointment: Appointment, moved: Appointment) -> None:
        if moved.begins == at("2026-12-04 18:00"):
            await asyncio.to_thread(put_event, calendar, "owner", *rows)
        await move(appointment, moved)

    backend.add = add_after_the_owner  # type: ignore[method-assign]
    with pytest.raises(TakenError):
        await desk.book(wanted(desk, "table", "2026-12-04 18:00"), NOW)
    assert await desk.find(NOW, ANNA) == []
    request(f"{calendar}owner.ics", "DELETE")
    backend.add = add  # type: ignore[method-assign]

    booked = await desk.book(wanted(desk, "table", "2026-12-04 21:00"), NOW)
    backend.move = move_after_the_owner  # type: ignore[method-assign]
    with pytest.raises(TakenError):
        await desk.move(booked, at("2026-12-04 18:00"), NOW)
    assert [one.begins for one in await desk.find(NOW, ANNA)] == [at("2026-12-04 21:00")]


async def test_the_owners_additions_to_an_appointment_stay_when_it_is_moved(calendar: str, tmp_path: Path) -> None:
    desk = new_desk(calendars.line(calendar), tmp_path)
    booked = await desk.book(wanted(desk, "table", "2026-12-04 18:00"), NOW)
    address = f"{calendar}{booked.uid}.ics"
    added = request(address, "GET").replace("END:VEVENT", "LOCATION:By the window\r\nEND:VEVENT")
    request(address, "PUT", added, **{"Content-Type": "text/calendar"})
    await desk.move(booked, at("2026-12-04 19:00"), NOW)
    kept = request(address, "GET")
    assert "By the window" in kept
    assert "DTSTART:20261204T180000Z" in kept
    assert "SUMMARY:table: Anna Meier" in kept


async def test_a_calendar_that_cannot_be_reached_is_said_to_be_so(tmp_path: Path) -> None:
    desk = new_desk(calendars.line("http://127.0.0.1:9/none/"), tmp_path)
    with pytest.raises(UnreachableError, match="cannot be reached"):
        await desk.book(wanted(desk, "table", "2026-12-04 18:00"), NOW)


async def test_after_a_calendar_broke_off_nobody_claims_that_nothing_was_done(desk: Desk) -> None:
    """The calendar keeps the appointment, and fails when the desk reads it again."""
    backend = desk._backend
    add, between = backend.add, backend.between

    async def unreachable(*_: object) -> list[Appointment]:
        raise UnreachableError("cannot be reached")

    async def add_and_break(appointment: Appointment) -> None:
        await add(appointment)
        backend.between = unreachable  # type: ignore[method-assign, assignment]

    backend.add = add_and_break  # type: ignore[method-assign]
    table = wanted(desk, "table", "2026-12-04 18:00")
    with pytest.raises(UnknownError, match="not known whether it was done"):
        await desk.book(table, NOW)
    backend.add, backend.between = add, between  # type: ignore[method-assign]
    again = await desk.book(wanted(desk, "table", "2026-12-04 18:00"), NOW)
    assert [one.uid for one in await desk.find(NOW, ANNA)] == [again.uid] == [table.uid]  # it is there once


async def test_a_calendar_that_may_not_be_written_to_says_that_nothing_was_done(calendar: str, tmp_path: Path) -> None:
    desk = new_desk(calendars.line(calendar), tmp_path)
    table = wanted(desk, "table", "2026-12-04 18:00")
    with pytest.raises(AppointmentError, match=r"refused it with status 4\d\d, so nothing was done"):
        await desk.book(replace(table, uid="no/such/folder"), NOW)


async def test_a_wrong_password_is_no_free_calendar(calendar: str, tmp_path: Path) -> None:
    line = calendars.line(calendar)
    line = line.model_copy(update={"calendar": line.calendar.model_copy(update={"username": "nobody"})})
    with pytest.raises(UnreachableError, match="answered 401"):
        await free(new_desk(line, tmp_path), "haircut")


@pytest.mark.parametrize(
    ("said", "means"),
    [
        ("next Friday at seven", ["2026-12-04 19:00"]),  # the hours are from six in the evening
        ("Friday at one", ["2026-12-04 01:00", "2026-12-04 13:00"]),  # it can be had at neither
        ("Friday at 9 pm", ["2026-12-04 21:00"]),
    ],
)
def test_of_two_times_the_one_is_meant_at_which_it_can_be_had(tmp_path: Path, said: str, means: list[str]) -> None:
    desk = new_desk(calendars.line(), tmp_path)
    wish = wish_of(understand(said, "en", NOW), desk.kind("table"), desk.opening("table"), NOW)
    assert [f"{it:%Y-%m-%d %H:%M}" for it in wish.moments] == means
