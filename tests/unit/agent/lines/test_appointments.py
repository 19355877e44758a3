"""Hours, appointments and the calendar in line.toml: what is wrong is said with what was found and expected."""

from __future__ import annotations

import re

import pytest
from pydantic import SecretStr

from agent.lines.line import Objection, parse
from agent.providers.check import check_line
from agent.storage.live_file import FileError
from tests.support.house import ROOT
from tests.unit.agent.appointments import calendars
from tests.unit.agent.fakes import host

SECRETS = {"FEED": SecretStr("short"), "URL": SecretStr("https://cloud.example/dav/")}
KIND = '[hours]\nmonday = ["09:00-17:00"]\n[appointments.haircut]\nlength = 30\n'


@pytest.mark.parametrize(
    ("text", "about"),
    [
        ('[hours]\nmonday = ["9-17"]', "row 2 has hours.monday = '9-17', which should be a time of day"),
        ('[hours]\nmonday = ["25:00-26:00"]', "which should be a time of day, -, and a later one"),
        (
            '[hours]\nfriday = ["09:00-12:00", "11:00-14:00"]',
            "should not have 09:00-12:00 and 11:00-14:00, which overlap",
        ),
        ('[hours]\ndays_off = ["24.12."]', "has hours.days_off = '24.12.', which should be a day such as"),
        ('[hours]\ndays_off = ["2026-02-30"]', "which should be a day such as"),
        ('[hours]\ndays_off = ["2026-12-31..2026-12-01"]', "which should be a day such as"),
        ('[hours]\nholidays = "Bavaria"', "which should be a country such as DE, or a country and its region"),
        ('[hours]\nholidays = "DE-XX"', "which is no region of DE, whose regions are BB, BE, BW, BY"),
        ('[hours]\nspecial = { "2026-12-24..2026-12-25" = [] }', "which should be one day"),
        ("[appointments.haircut]\nplaces = 2", "has no appointments.haircut.length, which appointments.haircut needs"),
        ("[appointments.haircut]\nlength = 0", "has appointments.haircut.length = 0, which"),
        ("[appointments.Hair]\nlength = 30", "has appointments.'Hair', which is not a name for a kind of appointment"),
        ('[calendar]\nurl = "URL"', "username and password should be set, too"),
        ('[calendar]\nfeed = "FEED"', "names a secret that should have at least 32 letters, digits, - or _"),
    ],
)
def test_a_wrong_setting_is_refused(text: str, about: str) -> None:
    with pytest.raises(FileError) as refused:
        parse(text, "coffee", SECRETS)
    assert about in "; ".join(refused.value.problems)
    assert "short" not in "; ".join(refused.value.problems)


def test_right_settings_are_taken() -> None:
    text = f'{KIND}[hours.special]\n"12-24" = ["09:00-12:00"]\n'
    line = parse(text.replace("[hours]\n", '[hours]\nholidays = "US-CA"\ndays_off = ["12-27..01-02"]\n'), "coffee", {})
    assert line.appointments["haircut"].places == 1
    assert line.hours.special == {"12-24": ["09:00-12:00"]}


def test_kinds_that_cannot_be_had_and_tools_that_have_nothing_to_do_are_objected_to() -> None:
    assert check_line(calendars.line(), host()) == []
    kinds = {
        "haircut": {"length": 30},
        "colour": {"length": 30, "shares": "haircut"},
        "perm": {"length": 30, "shares": "colour"},
        "shave": {"length": 30, "shares": "beard"},
    }
    found = check_line(calendars.line(hours={}, appointments=kinds), host())
    assert [one.key for one in found if one.about.startswith("without hours")] == [f"appointments.{it}" for it in kinds]
    assert [one.key for one in found if one.about.startswith("= ")] == [
        "appointments.perm.shares",
        "appointments.shave.shares",
    ]
    tools = ["book_appointment", "tell_opening_hours"]
    assert check_line(calendars.line(hours={}, appointments={}, tools=tools), host()) == [
        Objection("tools", "with book_appointment, which need a kind of appointment: add [appointments.<name>]"),
        Objection("tools", "with tell_opening_hours, which needs the opening hours: add [hours]"),
    ]


@pytest.mark.parametrize(
    ("hours", "own", "too_long"),
    [
        ({"saturday": ["10:00-14:00"]}, {}, True),
        ({"saturday": ["10:00-15:00"]}, {}, False),
        ({"saturday": ["20:00-01:00"]}, {}, False),
        ({"saturday": ["10:00-14:00"], "special": {"12-24": ["09:00-14:00"]}}, {}, False),
        ({"saturday": ["22:00-24:00"], "sunday": ["00:00-04:00"]}, {}, False),
        ({"saturday": ["10:00-15:00"]}, {"friday": ["10:00-14:59"]}, True),
    ],
)
def test_a_kind_that_is_longer_than_its_hours_is_objected_to(
    hours: dict[str, object], own: dict[str, object], too_long: bool
) -> None:
    line = calendars.line(hours=hours, appointments={"tasting": {"length": 300, **own}})
    found = [one.about for one in check_line(line, host()) if one.key == "appointments.tasting.length"]
    assert [about[:38] for about in found] == ["= 300, but the longest of its hours has"[:38]] * too_long


def test_the_example_of_the_page_is_right_as_it_is_printed() -> None:
    page = (ROOT / "docs/abilities/appointments.md").read_text(encoding="utf-8")
    example, *_ = re.findall(r"```toml\n(# lines/coffee/line.toml\n.*?)```", page, re.DOTALL)
    line = parse(example, "coffee", {}, lambda it: check_line(it, host()))
    assert set(line.appointments) == {"haircut", "colour"}
