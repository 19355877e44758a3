"""The tools for appointments: whatever changes something asks first, and says what it is about to do."""

from __future__ import annotations

import importlib
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from livekit.agents import ToolError, llm

from agent.admission.caller import Caller
from agent.tools import TOOLS
from tests.unit.agent.appointments import calendars
from tests.unit.agent.conversation.test_callers_appointments import ANNA, Appointments
from tests.unit.agent.fakes import host, in_call

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from agent.conversation.call import Call

pytestmark = pytest.mark.real_time
MAKERS: dict[str, Callable[[Call], Any]] = {make.__name__: make for make in TOOLS}
ACTING = ("book_appointment", "move_appointment", "cancel_appointment")


class Asked:
    """Stands in for `act`: notes what is asked, and does it only if the caller says yes."""

    def __init__(self) -> None:
        self.questions: list[str] = []
        self.whats: list[str] = []
        self.says_yes = True

    async def act(self, _: Call, __: Any, *, question: str, what: str, do: Callable[[], Awaitable[str]]) -> str:
        self.questions.append(question)
        self.whats.append(what)
        return await do() if self.says_yes else "nothing was done"


@asynccontextmanager
async def silently(*_: Any) -> AsyncIterator[None]:
    yield


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    asked = Asked()
    for name in ACTING:
        monkeypatch.setattr(importlib.import_module(f"agent.tools.{name}"), "act", asked.act)
    for name in ("find_free_times", "find_appointments", "book_appointment", "move_appointment"):
        monkeypatch.setattr(importlib.import_module(f"agent.tools.{name}"), "tell_meanwhile", silently)
    return asked


@pytest.fixture
def call(tmp_path: Path) -> Call:
    line = calendars.line()
    its = in_call(line=line)
    its.__dict__["appointments"] = Appointments(line, host(), Caller(ANNA, anonymous=False), tmp_path)
    return its


async def use(call: Call, tool: str, **arguments: Any) -> str:
    return cast("str", await MAKERS[tool](call)(SimpleNamespace(), **arguments))


async def test_a_booking_is_read_back_before_it_is_made(call: Call, asked: Asked) -> None:
    asked.says_yes = False
    wanted = {"kind": "haircut", "when": "Monday at ten", "name": "Anna"}
    assert await use(call, "book_appointment", **wanted) == "nothing was done"
    assert asked.questions == [
        "I will book a haircut for Anna on Monday, the 30th of November, at 10 AM. Is that right?"
    ]
    assert (await use(call, "find_appointments")).startswith("There is no appointment")
    asked.says_yes = True
    assert (await use(call, "book_appointment", **wanted)).startswith("Booked: appointment 1")
    assert asked.whats == ["book haircut at 2026-11-30 10:00"] * 2  # no name in it


async def test_a_move_and_a_cancellation_are_read_back(call: Call, asked: Asked) -> None:
    await use(call, "book_appointment", kind="haircut", when="Monday at ten", name="Anna")
    assert (await use(call, "move_appointment", which="1", when="Tuesday at three")).startswith("Moved:")
    assert (await use(call, "cancel_appointment", which="1")).startswith("Cancelled:")
    assert asked.questions[1:] == [
        "I will move a haircut for Anna, now on Monday, the 30th of November, at 10 AM, to a new time: "
        "on Tuesday, the 1st of December, at 3 PM. Is that right?",
        "I will cancel a haircut for Anna on Tuesday, the 1st of December, at 3 PM. Is that right?",
    ]


async def test_the_model_is_told_the_kinds_and_is_told_free_times_without_a_question(call: Call, asked: Asked) -> None:
    for name in ("find_free_times", "book_appointment"):
        described = MAKERS[name](call).info.description
        assert "haircut (a haircut, 30 minutes), colour (colour, 90 minutes), table (table, 120 minutes)" in described
    assert "9 AM" in await use(call, "find_free_times", kind="haircut", when="Monday")
    assert asked.questions == []


async def test_a_kind_is_one_of_the_lines(call: Call) -> None:
    for name in ("find_free_times", "book_appointment"):
        [sent] = llm.ToolContext([MAKERS[name](call)]).parse_function_tools("openai", strict=True)
        assert sent["function"]["parameters"]["properties"]["kind"]["enum"] == ["haircut", "colour", "table"]


async def test_without_a_number_the_callers_only_appointment_is_meant(call: Call, asked: Asked, tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="There is no appointment to come"):
        await use(call, "cancel_appointment")
    earlier = Appointments(call.line, host(), Caller(ANNA, anonymous=False), tmp_path)
    await earlier.book(await earlier.wanted("haircut", "Monday at ten", "Anna", "", ""))
    assert (await use(call, "move_appointment", when="Tuesday at three", which="my haircut")).startswith("Moved:")
    await use(call, "book_appointment", kind="haircut", when="Friday at ten", name="Anna")
    with pytest.raises(ToolError, match=r"Ask the caller which they mean: appointment 1: .* appointment 2: "):
        await use(call, "cancel_appointment")
    assert (await use(call, "cancel_appointment", which="2")).startswith("Cancelled:")
    assert (await use(call, "cancel_appointment")).startswith("Cancelled:")
    assert len(asked.whats) == 4


async def test_opening_hours_are_told_for_now_and_for_a_day() -> None:
    hours = {**dict(calendars.WEEK), **{day: ["09:00-12:00"] for day in ("saturday", "sunday")}}
    call = in_call(line=calendars.line(hours=hours | {"holidays": "DE", "days_off": ["12-24"]}))
    tell = MAKERS["tell_opening_hours"](call)
    christmas = await tell(when="the 25th of December")
    assert "the 25th of December: closed (Christmas Day)." in christmas
    assert "the business is open until" in christmas or "the business is closed; it opens on" in christmas
    assert "the 24th of December: closed (day off)." in await tell(when="the 24th of December")
    assert (await tell()).count(": ") == 7
